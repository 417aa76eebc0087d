"""Purchase limits over HTTP (scopes stock:read, stock:write)."""

from typing import Any

from litestar import Request, get, put
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from write_side import catalog
from write_side.errors import Invalid
from write_side.http import Answered, answered, cause, requires
from write_side.inventory.limits import handlers
from write_side.inventory.limits.domain import PurchaseLimit, SetPurchaseLimit, UnknownPurchaseLimit
from write_side.resources import Own

Call = Request[Any, Any, Any]


@put("/v1/purchase-limits/{sku:str}", guards=[requires("stock:write")])
@refuses(catalog.UnknownSku, Invalid)
async def put_purchase_limit(
    request: Call, sku: FromPath[str], data: JSONBody[SetPurchaseLimit], own: Own
) -> Answered[PurchaseLimit]:
    """Say how many of a SKU one order and one customer may have. What is null or not named is not limited any more."""
    return answered(request, await handlers.set_limit(own.pool, sku, data, cause(request)))


@get("/v1/purchase-limits/{sku:str}", guards=[requires("stock:write")])
@refuses(UnknownPurchaseLimit)
async def get_purchase_limit(sku: FromPath[str], own: Own) -> PurchaseLimit:
    """How many of a SKU one order and one customer may have."""
    return await handlers.show_limit(own.pool, sku)


routes = [put_purchase_limit, get_purchase_limit]
