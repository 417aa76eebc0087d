"""Shelves over HTTP (scopes stock:read, stock:write)."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from write_side.fulfilment.counting import handlers
from write_side.fulfilment.counting.handlers import Shelf, Shelves
from write_side.http import Answered, IdempotencyKey, Shown, answered, cause, idempotent, requires, shown
from write_side.inventory import BelowReserved, CountOutOfDate, CountShelf, StockTooLarge, UnknownStock
from write_side.resources import Own

Call = Request[Any, Any, Any]


@get("/v1/stock/{sku:str}/shelves", guards=[requires("stock:read")])
@refuses(UnknownStock)
async def get_shelves(sku: FromPath[str], own: Own) -> Shown[Shelves]:
    """What lies on the shelves of a SKU: `on_hand`, and what is paid for and was not picked yet (`to_pick`)."""
    return shown(await handlers.show_shelves(own.pool, sku))


@post("/v1/stock/shelf-counts", status_code=200, guards=[requires("stock:write")])
@refuses(UnknownStock, BelowReserved, StockTooLarge, CountOutOfDate)
async def post_shelf_count(
    request: Call, data: JSONBody[CountShelf], own: Own, key: IdempotencyKey = None
) -> Answered[Shelf]:
    """So many lie on a shelf, those that are paid for among them: sets the count to the others, unless what was
    `expected` there changed meanwhile."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.count_shelf(own.pool, data, cause(request), call))


routes = [get_shelves, post_shelf_count]
