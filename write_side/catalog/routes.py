"""The catalog over HTTP (scope catalog:write). An Idempotency-Key is welcome, not asked for: no money moves."""

from typing import Any
from uuid import UUID

from litestar import Request, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from shared.events.catalog import Status
from shared.http.described import Link, leads_to, refuses
from write_side import product_types
from write_side.catalog import handlers, refusals
from write_side.catalog.domain import CategoryInput, ProductInput
from write_side.catalog.handlers import CategoryState, ProductState
from write_side.http import Answered, OptionalKey, answered, cause, repeatable, requires
from write_side.if_match import IfMatch, OptionalIfMatch, Tagged, expected_version, tagged
from write_side.moments import TimeOutOfRange
from write_side.resources import Own

STAFF = [requires("catalog:write")]
Call = Request[Any, Any, Any]

_TYPE = (
    product_types.AttributeMissing, product_types.AttributeOfAnotherKind, product_types.AttributeNotListed,
)  # fmt: skip
_FACTS = (
    refusals.Blank, refusals.TooLong, refusals.BrokenText, refusals.BrokenSku, refusals.BrokenEan,
    refusals.BrokenImage, refusals.DuplicateSku, refusals.NoVariants, refusals.NumberTooLarge, refusals.NoSuchCategory,
    refusals.TooManyAttributes, refusals.TooManyValues, refusals.TooManyImages, refusals.TooManyVariants,
    refusals.TooManyOptions, refusals.TooManyLocales, refusals.BrokenLocale, refusals.FactsTooLarge,
    refusals.NoWholeMinute, refusals.NeverPublished, refusals.NoSuchImage, refusals.BrokenKind, refusals.TooManyRelated,
    refusals.RelatedTwice, refusals.NoSuchProduct, TimeOutOfRange, *_TYPE,
)  # fmt: skip
_CLAIMS = (refusals.SlugTaken, refusals.SkuTaken, refusals.ExternalRefTaken)
_NODE = (
    refusals.Blank, refusals.TooLong, refusals.BrokenText, refusals.SlugTaken, refusals.NoSuchCategory,
    refusals.CategoryTooDeep, refusals.TooManyLocales, refusals.BrokenLocale,
)  # fmt: skip
_TO_PRODUCT = (
    Link("get_product", {"product_id": "/id"}),
    Link("put_product", {"product_id": "/id"}),
    Link("patch_product", {"product_id": "/id"}),
)
_TO_SKU = (
    Link("put_price", {"sku": "/product/variants/0/sku"}),
    Link("post_stock_item", body={"sku": "/product/variants/0/sku"}),
)
_TO_CATEGORY = (Link("get_category", {"category_id": "/id"}), Link("put_category", {"category_id": "/id"}))


class NewStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"status": "archived"}`."""

    status: Status


@post("/v1/products", guards=STAFF)
@refuses(*_CLAIMS, *_FACTS)
@leads_to(*_TO_PRODUCT, *_TO_SKU)
async def post_product(
    request: Call, data: JSONBody[ProductInput], own: Own, key: OptionalKey = None
) -> Answered[ProductState]:
    """Create a product with its variants."""
    answer = await handlers.create_product(own.pool, data, cause(request), repeatable(request, key, data))
    return answered(request, answer, 201)


@put("/v1/products/{product_id:uuid}", guards=STAFF)
@refuses(refusals.UnknownProduct, *_CLAIMS, *_FACTS)
async def put_product(
    request: Call, product_id: FromPath[UUID], data: JSONBody[ProductInput], own: Own,
    if_match: IfMatch = None, key: OptionalKey = None,
) -> Answered[ProductState]:  # fmt: skip
    """Replace all facts of a product; If-Match names the version that was read."""
    expected = expected_version(if_match, required=True)
    call = repeatable(request, key, data)
    return answered(request, await handlers.replace_product(own.pool, product_id, data, expected, cause(request), call))


@patch("/v1/products/{product_id:uuid}", guards=STAFF)
@refuses(refusals.UnknownProduct, *_TYPE)
async def patch_product(
    request: Call, product_id: FromPath[UUID], data: JSONBody[NewStatus], own: Own,
    if_match: OptionalIfMatch = None, key: OptionalKey = None,
) -> Answered[ProductState]:  # fmt: skip
    """Change a product's status; If-Match is honoured if it is there."""
    expected = expected_version(if_match, required=False)
    call = repeatable(request, key, data)
    answer = await handlers.set_status(own.pool, product_id, data.status, expected, cause(request), call)
    return answered(request, answer)


@get("/v1/products/{product_id:uuid}", guards=STAFF)
@refuses(refusals.UnknownProduct)
@leads_to(
    Link("put_product", {"product_id": "/id", "If-Match": "$response.header.ETag"}),
    Link("patch_product", {"product_id": "/id", "If-Match": "$response.header.ETag"}),
)
async def get_product(product_id: FromPath[UUID], own: Own) -> Tagged[ProductState]:
    """A product as the write side has it, with the ETag that If-Match asks for."""
    state = await handlers.get_product(own.pool, product_id)
    return tagged(state, state.version)


@post("/v1/categories", guards=STAFF)
@refuses(*_NODE)
@leads_to(*_TO_CATEGORY, Link("post_category", body={"parent_id": "/id"}))
async def post_category(
    request: Call, data: JSONBody[CategoryInput], own: Own, key: OptionalKey = None
) -> Answered[CategoryState]:
    """Create a category."""
    answer = await handlers.create_category(own.pool, data, cause(request), repeatable(request, key, data))
    return answered(request, answer, 201)


@put("/v1/categories/{category_id:uuid}", guards=STAFF)
@refuses(refusals.UnknownCategory, refusals.CategoryCycle, *_NODE)
async def put_category(
    request: Call, category_id: FromPath[UUID], data: JSONBody[CategoryInput], own: Own,
    if_match: IfMatch = None, key: OptionalKey = None,
) -> Answered[CategoryState]:  # fmt: skip
    """Rename, translate or move a category, all of its facts anew; If-Match as for products."""
    expected = expected_version(if_match, required=True)
    call = repeatable(request, key, data)
    answer = await handlers.replace_category(own.pool, category_id, data, expected, cause(request), call)
    return answered(request, answer)


@get("/v1/categories/{category_id:uuid}", guards=STAFF)
@refuses(refusals.UnknownCategory)
@leads_to(Link("put_category", {"category_id": "/id", "If-Match": "$response.header.ETag"}))
async def get_category(category_id: FromPath[UUID], own: Own) -> Tagged[CategoryState]:
    """A category as the write side has it, with its ETag."""
    state = await handlers.get_category(own.pool, category_id)
    return tagged(state, state.version)


routes = [post_product, put_product, patch_product, get_product, post_category, put_category, get_category]
