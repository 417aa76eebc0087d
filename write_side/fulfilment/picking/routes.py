"""Pick lists over HTTP, for staff and warehouse systems."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import refuses
from write_side.errors import Invalid
from write_side.fulfilment.domain import NotShippable
from write_side.fulfilment.dropping.domain import NotPaidBack
from write_side.fulfilment.picking import handlers
from write_side.fulfilment.picking.domain import (
    FinishPick,
    MissesTooMuch,
    NothingToPick,
    Pick,
    PickNotListed,
    PickNotStarted,
    UnknownPick,
)
from write_side.fulfilment.picking.handlers import OpenPicks, Picks
from write_side.http import Answered, IdempotencyKey, Nothing, Shown, answered, cause, idempotent, requires, shown
from write_side.orders import UnknownOrder
from write_side.refunds import RefundExceedsOrder
from write_side.resources import Own

Call = Request[Any, Any, Any]
Code = Annotated[str, QueryParameter(min_length=1, max_length=64, description="The code of a warehouse.")]
After = Annotated[UUID | None, QueryParameter(description="The last list of the page before.")]


@get("/v1/picks", guards=[requires("orders:read")])
async def get_picks(own: Own, warehouse: Code, after: After = None) -> Shown[OpenPicks]:
    """What is to be picked in a warehouse, or is being picked there: a hundred lists, oldest first; `goes_with` says
    which others lie in one parcel with each."""
    return shown(await handlers.open_picks(own.pool, warehouse, after or UUID(int=0)))


@post("/v1/orders/{order_id:uuid}/picks", status_code=201, guards=[requires("orders:write")])
@refuses(UnknownOrder, NotShippable, NothingToPick)
async def post_picks(
    request: Call, order_id: FromPath[UUID], own: Own, key: IdempotencyKey = None,
) -> Answered[Picks]:  # fmt: skip
    """List what of an order is due and stands on no list. Paid orders are listed by themselves."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.list_order(own.pool, order_id, cause(request), call), 201)


@post("/v1/picks/{pick_id:uuid}/start", status_code=200, guards=[requires("orders:write")])
@refuses(UnknownPick, NotShippable, PickNotListed)
async def post_start(
    request: Call, pick_id: FromPath[UUID], own: Own, key: IdempotencyKey = None,
) -> Answered[Pick]:  # fmt: skip
    """Somebody goes to the shelf with what is still due of the list; `cancelled` if nothing is."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.start_pick(own.pool, pick_id, cause(request), call))


@post("/v1/picks/{pick_id:uuid}/finish", status_code=200, guards=[requires("orders:write")])
@refuses(UnknownPick, NotShippable, PickNotStarted, MissesTooMuch, RefundExceedsOrder, NotPaidBack, Invalid)
async def post_finish(
    request: Call, pick_id: FromPath[UUID], data: JSONBody[FinishPick], own: Own, key: IdempotencyKey = None,
) -> Answered[Pick]:  # fmt: skip
    """It is packed. What is missing leaves the books of its shelf, and is taken from others, refunded or dropped."""
    call = idempotent(request, key, data)
    strategy = own.settings.allocation
    answer = await handlers.finish_pick(own.pool, pick_id, data, strategy, cause(request), call)
    return answered(request, answer)


routes = [get_picks, post_picks, post_start, post_finish]
