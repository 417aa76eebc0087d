"""Bundles over HTTP (scope catalog:write)."""

from typing import Any

from litestar import Request, delete, get, put
from litestar.params import FromPath, JSONBody

from shared.http.described import refuses
from write_side import catalog
from write_side.errors import Invalid
from write_side.http import Answered, answered, cause, requires
from write_side.inventory.bundles import handlers
from write_side.inventory.bundles.domain import Bundle, ComposeBundle, NestedBundle, UnknownBundle
from write_side.resources import Own

Call = Request[Any, Any, Any]


@put("/v1/bundles/{sku:str}", guards=[requires("catalog:write")])
@refuses(catalog.UnknownSku, NestedBundle, Invalid)
async def put_bundle(
    request: Call, sku: FromPath[str], data: JSONBody[ComposeBundle], own: Own
) -> Answered[Bundle]:
    """Say what a SKU is made of: it is sold at its own price, and its components are what is reserved and shipped.

    Quotes and orders that there are stay as they are.
    """
    return answered(request, await handlers.compose_bundle(own.pool, sku, data, cause(request)))


@delete("/v1/bundles/{sku:str}", status_code=200, guards=[requires("catalog:write")])
@refuses(UnknownBundle)
async def delete_bundle(request: Call, sku: FromPath[str], own: Own) -> Answered[Bundle]:
    """Make a bundle a plain SKU again, with stock of its own."""
    return answered(request, await handlers.dissolve_bundle(own.pool, sku, cause(request)))


@get("/v1/bundles/{sku:str}", guards=[requires("catalog:write")])
@refuses(UnknownBundle)
async def get_bundle(sku: FromPath[str], own: Own) -> Bundle:
    """What a SKU is made of, and what shoppers see of it."""
    return await handlers.show_bundle(own.pool, sku)


routes = [put_bundle, delete_bundle, get_bundle]
