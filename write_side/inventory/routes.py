"""Stock over HTTP (scope stock:write; every command carries an Idempotency-Key)."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from shared.http.described import Link, leads_to, refuses
from write_side import catalog
from write_side.errors import Invalid
from write_side.http import Answered, IdempotencyKey, answered, cause, idempotent, requires
from write_side.inventory import handlers
from write_side.inventory.domain import (
    MOST_ON_HAND,
    BelowReserved,
    Code,
    CountOutOfDate,
    CountStock,
    Demand,
    LowAt,
    MoveStock,
    OpenStockItem,
    OutOfStock,
    Quantity,
    Reason,
    SetThreshold,
    Sku,
    StockItemExists,
    StockTooLarge,
    TransferStock,
    UnknownStock,
)
from write_side.inventory.handlers import (
    ReservationMismatch,
    ReservationOfOrder,
    ReservationState,
    StockState,
    TransferState,
)
from write_side.inventory.nearness import LocateWarehouse
from write_side.inventory.warehouses.domain import (
    NameManager,
    OpenWarehouse,
    ReviseWarehouse,
    UnknownWarehouse,
    Warehouse,
    WarehouseExists,
)
from write_side.resources import Own

STAFF = [requires("stock:write")]
Call = Request[Any, Any, Any]


class NewStockItem(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "on_hand": 10}`; at or below `low_at` available, shoppers see "low"."""

    sku: Sku
    warehouse: Code
    on_hand: Annotated[int, Meta(ge=0, le=MOST_ON_HAND)] = 0
    low_at: LowAt = 5


class Receipt(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "quantity": 10, "reason": "delivery 4711"}`."""

    sku: Sku
    warehouse: Code
    quantity: Quantity
    reason: Reason


class NewReservation(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reservation_id": "0198f0c0-0000-7000-8000-000000000001", "lines": [{"sku": "lamp", "quantity": 2}]}`."""

    reservation_id: UUID
    lines: Annotated[list[Demand], Meta(min_length=1, max_length=2000)]


class Release(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reason": "the customer gave up"}`."""

    reason: Reason


@post("/v1/warehouses", guards=STAFF)
@refuses(WarehouseExists)
@leads_to(
    Link("post_stock_item", body={"warehouse": "/code"}),
    Link("put_warehouse", {"code": "/code"}),
    Link("put_manager", {"code": "/code"}),
    Link("put_location", {"code": "/code"}),
)
async def post_warehouse(
    request: Call, data: JSONBody[OpenWarehouse], own: Own, key: IdempotencyKey = None
) -> Answered[Warehouse]:
    """Open a warehouse."""
    answer = await handlers.open_warehouse(own.pool, data, cause(request), idempotent(request, key, data))
    return answered(request, answer, 201)


@put("/v1/warehouses/{code:str}", guards=STAFF)
@refuses(UnknownWarehouse)
async def put_warehouse(
    request: Call, code: FromPath[str], data: JSONBody[ReviseWarehouse], own: Own
) -> Answered[Warehouse]:
    """Give a warehouse another name, or another place in the order in which warehouses ship; orders that were placed
    ship from where they were promised."""
    return answered(request, await handlers.revise_warehouse(own.pool, code, data, cause(request)))


@put("/v1/warehouses/{code:str}/manager", guards=STAFF)
@refuses(UnknownWarehouse)
async def put_manager(
    request: Call, code: FromPath[str], data: JSONBody[NameManager], own: Own
) -> Answered[Warehouse]:
    """Say who is told by mail what runs low in a warehouse: the address of a role, for it is kept in the clear."""
    return answered(request, await handlers.name_manager(own.pool, code, data, cause(request)))


@put("/v1/warehouses/{code:str}/location", guards=STAFF)
@refuses(UnknownWarehouse, Invalid)
async def put_location(
    request: Call, code: FromPath[str], data: JSONBody[LocateWarehouse], own: Own
) -> Answered[Warehouse]:
    """Say where a warehouse is and which places it serves before others, for orders that ship from the nearest."""
    return answered(request, await handlers.locate_warehouse(own.pool, code, data, cause(request)))


@post("/v1/stock-items", guards=STAFF)
@refuses(catalog.UnknownSku, UnknownWarehouse, StockItemExists)
@leads_to(
    Link("post_receipt", body={"sku": "/sku", "warehouse": "/warehouse"}),
    Link("post_adjustment", body={"sku": "/sku", "warehouse": "/warehouse"}),
)
async def post_stock_item(
    request: Call, data: JSONBody[NewStockItem], own: Own, key: IdempotencyKey = None
) -> Answered[StockState]:
    """Keep a SKU of the catalog in a warehouse."""
    async with own.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, data.sku)
    command = OpenStockItem(data.sku, data.warehouse, product_id, data.on_hand, data.low_at)
    answer = await handlers.open_stock_item(own.pool, command, cause(request), idempotent(request, key, data))
    return answered(request, answer, 201)


@post("/v1/stock/receipts", status_code=200, guards=STAFF)
@refuses(UnknownStock, StockTooLarge)
async def post_receipt(
    request: Call, data: JSONBody[Receipt], own: Own, key: IdempotencyKey = None
) -> Answered[StockState]:
    """Goods came in: raises the count."""
    command = MoveStock(data.sku, data.warehouse, data.quantity, data.reason)
    call = idempotent(request, key, data)
    return answered(request, await handlers.receive_stock(own.pool, command, cause(request), call))


@post("/v1/stock/adjustments", status_code=200, guards=STAFF)
@refuses(UnknownStock, BelowReserved, StockTooLarge, Invalid)
async def post_adjustment(
    request: Call, data: JSONBody[MoveStock], own: Own, key: IdempotencyKey = None
) -> Answered[StockState]:
    """The count was wrong: moves it by `change`, which is not 0."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.adjust_stock(own.pool, data, cause(request), call))


@post("/v1/stock/transfers", guards=STAFF)
@refuses(UnknownStock, BelowReserved, StockTooLarge, Invalid)
async def post_transfer(
    request: Call, data: JSONBody[TransferStock], own: Own, key: IdempotencyKey = None
) -> Answered[TransferState]:
    """Goods go to another warehouse that keeps the SKU: one count falls, the other rises, both or none."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.transfer_stock(own.pool, data, cause(request), call), 201)


@post("/v1/stock/counts", status_code=200, guards=STAFF)
@refuses(UnknownStock, BelowReserved, CountOutOfDate)
async def post_count(
    request: Call, data: JSONBody[CountStock], own: Own, key: IdempotencyKey = None
) -> Answered[StockState]:
    """So many were found, without what is paid for and not picked yet: sets the count, unless what was `expected` to be
    there changed meanwhile. Whoever counts all that lies there sends a shelf count."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.count_stock(own.pool, data, cause(request), call))


@post("/v1/stock/thresholds", status_code=200, guards=STAFF)
@refuses(UnknownStock)
async def post_threshold(
    request: Call, data: JSONBody[SetThreshold], own: Own, key: IdempotencyKey = None
) -> Answered[StockState]:
    """Say from how many on a stock item is low. If it is already, its manager is told."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.set_threshold(own.pool, data, cause(request), call))


@post("/v1/reservations", guards=STAFF)
@refuses(OutOfStock, UnknownStock, ReservationMismatch, ReservationOfOrder)
@leads_to(Link("post_release", {"reservation_id": "/reservation_id"}))
async def post_reservation(
    request: Call, data: JSONBody[NewReservation], own: Own, key: IdempotencyKey = None
) -> Answered[ReservationState]:
    """Hold stock, all lines or none; a refusal for want of it tells what is left."""
    call = idempotent(request, key, data)
    answer = await handlers.reserve_stock(own.pool, data.reservation_id, data.lines, cause(request), call)
    return answered(request, answer, 201)


@post("/v1/reservations/{reservation_id:uuid}/release", status_code=200, guards=STAFF)
@refuses(ReservationOfOrder)
async def post_release(
    request: Call, reservation_id: FromPath[UUID], data: JSONBody[Release], own: Own,
    key: IdempotencyKey = None,
) -> Answered[ReservationState]:  # fmt: skip
    """Let go of what a reservation holds; a repeat changes nothing."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.release_stock(own.pool, reservation_id, data.reason, cause(request), call))


routes = [
    post_warehouse, put_warehouse, put_manager, put_location, post_stock_item, post_receipt, post_adjustment,
    post_transfer, post_count, post_threshold, post_reservation, post_release,
]  # fmt: skip
