"""Transfers that take their time over HTTP (scopes stock:read, stock:write; commands carry an Idempotency-Key)."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import Link, leads_to, refuses
from write_side.errors import Invalid
from write_side.http import (
    After,
    Answered,
    IdempotencyKey,
    Nothing,
    Shown,
    answered,
    cause,
    idempotent,
    requires,
    shown,
)
from write_side.inventory.domain import BelowReserved, StockTooLarge, UnknownStock
from write_side.inventory.transfers import handlers
from write_side.inventory.transfers.domain import (
    CancelTransfer,
    CloseTransfer,
    DifferenceUnexplained,
    MoreThanInTransit,
    PlanTransfer,
    ReceiveTransfer,
    State,
    TransferNotOpen,
    UnknownTransfer,
)
from write_side.inventory.transfers.handlers import RoadTransferState, TransferList
from write_side.inventory.warehouses.domain import UnknownWarehouse
from write_side.resources import Own

READ, WRITE = [requires("stock:read")], [requires("stock:write")]
Call = Request[Any, Any, Any]
InState = Annotated[State | None, QueryParameter(name="state", description="Only those that are so.")]
Ends = Annotated[
    str | None, QueryParameter(name="warehouse", max_length=32, description="Only those that leave it or go there.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Transfers per page.")]


@post("/v1/transfers", guards=WRITE)
@refuses(UnknownWarehouse, UnknownStock, Invalid)
@leads_to(
    Link("post_dispatch", {"transfer_id": "/id"}),
    Link("post_transfer_receipt", {"transfer_id": "/id"}),
    Link("post_transfer_close", {"transfer_id": "/id"}),
    Link("post_transfer_cancel", {"transfer_id": "/id"}),
    Link("get_transfer", {"transfer_id": "/id"}),
)
async def post_planned_transfer(
    request: Call, data: JSONBody[PlanTransfer], own: Own, key: IdempotencyKey = None
) -> Answered[RoadTransferState]:
    """Plan to take goods to another warehouse; nothing moves before it is dispatched."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.plan(own.pool, data, cause(request), call), 201)


@post("/v1/transfers/{transfer_id:uuid}/dispatch", status_code=200, guards=WRITE)
@refuses(UnknownTransfer, TransferNotOpen, UnknownStock, BelowReserved)
async def post_dispatch(
    request: Call, transfer_id: FromPath[UUID], own: Own, key: IdempotencyKey = None
) -> Answered[RoadTransferState]:
    """All of it leaves: it is on the road, and can be sold nowhere. A repeat changes nothing."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.dispatch(own.pool, transfer_id, cause(request), call))


@post("/v1/transfers/{transfer_id:uuid}/receipts", status_code=200, guards=WRITE)
@refuses(UnknownTransfer, TransferNotOpen, MoreThanInTransit, UnknownStock, StockTooLarge, Invalid)
async def post_transfer_receipt(
    request: Call, transfer_id: FromPath[UUID], data: JSONBody[ReceiveTransfer], own: Own, key: IdempotencyKey = None
) -> Answered[RoadTransferState]:
    """Some of it arrived, or the rest; never more than is on the road."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.receive(own.pool, transfer_id, data, cause(request), call))


@post("/v1/transfers/{transfer_id:uuid}/close", status_code=200, guards=WRITE)
@refuses(UnknownTransfer, TransferNotOpen, DifferenceUnexplained, UnknownStock, StockTooLarge)
async def post_transfer_close(
    request: Call, transfer_id: FromPath[UUID], data: JSONBody[CloseTransfer], own: Own, key: IdempotencyKey = None
) -> Answered[RoadTransferState]:
    """Say what became of all that did not arrive, and what arrived beyond it; nothing more is waited for."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.close(own.pool, transfer_id, data, cause(request), call))


@post("/v1/transfers/{transfer_id:uuid}/cancel", status_code=200, guards=WRITE)
@refuses(UnknownTransfer, TransferNotOpen, UnknownStock)
async def post_transfer_cancel(
    request: Call, transfer_id: FromPath[UUID], data: JSONBody[CancelTransfer], own: Own, key: IdempotencyKey = None
) -> Answered[RoadTransferState]:
    """What has not arrived comes back to where it had left. A repeat changes nothing."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.cancel(own.pool, transfer_id, data.reason, cause(request), call))


@get("/v1/transfers", guards=READ)
@leads_to(Link("get_transfer", {"transfer_id": "/transfers/0/id"}))
async def get_transfers(
    own: Own, in_state: InState = None, warehouse: Ends = None, after: After = None, limit: Limit = 20
) -> Shown[TransferList]:
    """Transfers that take their time, the newest first."""
    return shown(await handlers.list_transfers(own.pool, in_state, warehouse, after, limit))


@get("/v1/transfers/{transfer_id:uuid}", guards=READ)
@refuses(UnknownTransfer)
async def get_transfer(transfer_id: FromPath[UUID], own: Own) -> Shown[RoadTransferState]:
    """A transfer, and what is on the road of it."""
    return shown(await handlers.show(own.pool, transfer_id))


routes = [
    post_planned_transfer, post_dispatch, post_transfer_receipt, post_transfer_close, post_transfer_cancel,
    get_transfers, get_transfer,
]  # fmt: skip
