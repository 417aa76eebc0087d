"""Types of products over HTTP (scope catalog:write): which attributes such a product has, and of what kind they are."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import Link, leads_to, refuses
from write_side.http import Answered, OptionalKey, Shown, answered, cause, repeatable, requires, shown
from write_side.if_match import IfMatch, Tagged, expected_version, tagged
from write_side.product_types import handlers
from write_side.product_types.domain import (
    AttributeDeclaredOtherwise,
    BrokenProductType,
    ProductType,
    ProductTypeExists,
    ProductTypeInput,
    TooManyProductTypes,
    UnknownProductType,
)
from write_side.product_types.handlers import ProductTypeList
from write_side.resources import Own

STAFF = [requires("catalog:write")]
Call = Request[Any, Any, Any]
After = Annotated[str, QueryParameter(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Types per page.")]

_ONE = ("get_product_type", "put_product_type", "delete_product_type")


@post("/v1/product-types", guards=STAFF)
@refuses(TooManyProductTypes, ProductTypeExists, BrokenProductType, AttributeDeclaredOtherwise)
@leads_to(*(Link(name, {"type_id": "/id"}) for name in _ONE))
async def post_product_type(
    request: Call, data: JSONBody[ProductTypeInput], own: Own, key: OptionalKey = None
) -> Answered[ProductType]:
    """Declare a type: from now on products that name it in `product_type` are held to its attributes when they are
    written, one by one, in bulk or by a file, and facets go by its kinds and units."""
    answer = await handlers.add_type(own.pool, data, cause(request), repeatable(request, key, data))
    return answered(request, answer, 201)


@get("/v1/product-types", guards=STAFF)
@leads_to(Link("get_product_type", {"type_id": "/types/0/id"}))
async def get_product_types(own: Own, after: After = "", limit: Limit = 20) -> Shown[ProductTypeList]:
    """All types in force, by name."""
    return shown(await handlers.list_types(own.pool, after, limit))


@get("/v1/product-types/{type_id:uuid}", guards=STAFF)
@refuses(UnknownProductType)
@leads_to(Link("put_product_type", {"type_id": "/id", "If-Match": "$response.header.ETag"}))
async def get_product_type(type_id: FromPath[UUID], own: Own) -> Tagged[ProductType]:
    """A type, with the ETag that If-Match asks for."""
    found = await handlers.show_type(own.pool, type_id)
    return tagged(found, found.version)


@put("/v1/product-types/{type_id:uuid}", guards=STAFF)
@refuses(UnknownProductType, TooManyProductTypes, ProductTypeExists, BrokenProductType, AttributeDeclaredOtherwise)
async def put_product_type(
    request: Call, type_id: FromPath[UUID], data: JSONBody[ProductTypeInput], own: Own, if_match: IfMatch = None
) -> Answered[ProductType]:
    """All of its attributes anew. Products that are there stay as they are until they are written again."""
    expected = expected_version(if_match, required=True)
    return answered(request, await handlers.replace_type(own.pool, type_id, data, expected, cause(request)))


@delete("/v1/product-types/{type_id:uuid}", status_code=200, guards=STAFF)
@refuses(UnknownProductType)
async def delete_product_type(request: Call, type_id: FromPath[UUID], own: Own) -> Answered[ProductType]:
    """Remove a type: nothing is asked of its products any more, and they keep what they have."""
    return answered(request, await handlers.remove_type(own.pool, type_id, cause(request)))


routes = [post_product_type, get_product_types, get_product_type, put_product_type, delete_product_type]
