"""Stock over HTTP (scope stock:write; every command carries an Idempotency-Key)."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from write_side import catalog
from write_side.database import Pool
from write_side.http import answered, cause, idempotent, requires
from write_side.inventory import handlers
from write_side.inventory.domain import Code, Demand, MoveStock, OpenStockItem, OpenWarehouse, Quantity, Reason, Sku

STAFF = [requires("stock:write")]
Call = Request[Any, Any, Any]


class NewStockItem(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "on_hand": 10}`; at or below `low_at` available, shoppers see "low"."""

    sku: Sku
    warehouse: Code
    on_hand: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    low_at: Annotated[int, Meta(ge=0, le=1_000_000)] = 5


class Receipt(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "quantity": 10, "reason": "delivery 4711"}`."""

    sku: Sku
    warehouse: Code
    quantity: Quantity
    reason: Reason


class NewReservation(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reservation_id": "<uuid>", "lines": [{"sku": "lamp", "quantity": 2}]}`."""

    reservation_id: UUID
    lines: Annotated[list[Demand], Meta(min_length=1, max_length=2000)]


class Release(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reason": "the customer gave up"}`."""

    reason: Reason


@post("/v1/warehouses", guards=STAFF)
async def post_warehouse(
    request: Call, data: JSONBody[OpenWarehouse], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Open a warehouse. 409 `warehouse_exists`."""
    answer = await handlers.open_warehouse(pool, data, cause(request), idempotent(request, data))
    return answered(request, answer, 201)


@post("/v1/stock-items", guards=STAFF)
async def post_stock_item(
    request: Call, data: JSONBody[NewStockItem], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Keep a SKU of the catalog in a warehouse. 404 `unknown_sku`, `unknown_stock`; 409 `stock_item_exists`."""
    async with pool.acquire() as conn:
        product_id = await catalog.product_of(conn, data.sku)
    command = OpenStockItem(data.sku, data.warehouse, product_id, data.on_hand, data.low_at)
    answer = await handlers.open_stock_item(pool, command, cause(request), idempotent(request, data))
    return answered(request, answer, 201)


@post("/v1/stock/receipts", status_code=200, guards=STAFF)
async def post_receipt(request: Call, data: JSONBody[Receipt], pool: NamedDependency[Pool]) -> Response[bytes]:
    """Goods came in: raises the count. 404 `unknown_stock`."""
    command = MoveStock(data.sku, data.warehouse, data.quantity, data.reason)
    return answered(request, await handlers.receive_stock(pool, command, cause(request), idempotent(request, data)))


@post("/v1/stock/adjustments", status_code=200, guards=STAFF)
async def post_adjustment(request: Call, data: JSONBody[MoveStock], pool: NamedDependency[Pool]) -> Response[bytes]:
    """The count was wrong: moves it by `change`. 404 `unknown_stock`; 409 `below_reserved`; 422 for a change of 0."""
    return answered(request, await handlers.adjust_stock(pool, data, cause(request), idempotent(request, data)))


@post("/v1/reservations", guards=STAFF)
async def post_reservation(
    request: Call, data: JSONBody[NewReservation], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Hold stock, all lines or none. 409 `out_of_stock` tells what is left; 404 `unknown_stock`."""
    answer = await handlers.reserve_stock(
        pool, data.reservation_id, data.lines, cause(request), idempotent(request, data)
    )
    return answered(request, answer, 201)


@post("/v1/reservations/{reservation_id:uuid}/release", status_code=200, guards=STAFF)
async def post_release(
    request: Call, reservation_id: FromPath[UUID], data: JSONBody[Release], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Let go of what a reservation holds; a repeat changes nothing. 409 `reservation_of_order`."""
    answer = await handlers.release_stock(
        pool, reservation_id, data.reason, cause(request), idempotent(request, data)
    )
    return answered(request, answer)


routes = [post_warehouse, post_stock_item, post_receipt, post_adjustment, post_reservation, post_release]
