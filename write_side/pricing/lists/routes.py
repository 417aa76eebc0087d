"""Price lists over HTTP, for staff (scope catalog:write, like prices)."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from shared.http.described import Link, leads_to, refuses
from write_side.catalog import UnknownSku
from write_side.errors import Invalid
from write_side.http import After, Answered, IdempotencyKey, Shown, answered, cause, idempotent, requires, shown
from write_side.if_match import IfMatch, Tagged, expected_version, tagged
from write_side.moments import TimeOutOfRange
from write_side.pricing.domain import BrokenTiers, UnknownCurrency
from write_side.pricing.lists import handlers
from write_side.pricing.lists.domain import (
    BrokenPriceList,
    CurrencyFixed,
    ListPriceInput,
    PriceList,
    PriceListInput,
    PriceListOver,
    UnknownPriceList,
)
from write_side.pricing.lists.handlers import ListPrices, PriceListPage
from write_side.resources import Own

STAFF = [requires("catalog:write")]
Call = Request[Any, Any, Any]
AfterSku = Annotated[str | None, QueryParameter(description="`next` of the page before.", max_length=100)]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Price lists per page.")]
LimitSkus = Annotated[int, QueryParameter(ge=1, le=500, description="SKUs per page.")]


class PricesOfList(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"prices": [{"sku": "lamp", "tiers": [{"amount_minor": 1899}]}]}`."""

    prices: Annotated[list[ListPriceInput], Meta(min_length=1, max_length=500)]


_TO_ONE = tuple(
    Link(name, {"price_list_id": "/id"})
    for name in ("get_price_list", "put_price_list", "post_end_price_list", "put_list_prices", "get_list_prices")
)


@post("/v1/price-lists", guards=STAFF)
@refuses(BrokenPriceList, TimeOutOfRange, UnknownCurrency)
@leads_to(*_TO_ONE)
async def post_price_list(
    request: Call, data: JSONBody[PriceListInput], own: Own, key: IdempotencyKey = None
) -> Answered[PriceList]:
    """Announce a price list: for some channels, customer groups and a time, or for everybody."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.announce_price_list(own.pool, data, cause(request), call), 201)


@get("/v1/price-lists", guards=STAFF)
async def get_price_lists(own: Own, after: After = None, limit: Limit = 20) -> Shown[PriceListPage]:
    """All price lists, the newest first, ended ones among them."""
    return shown(await handlers.list_price_lists(own.pool, after, limit))


@get("/v1/price-lists/{price_list_id:uuid}", guards=STAFF)
@refuses(UnknownPriceList)
@leads_to(Link("put_price_list", {"price_list_id": "/id", "If-Match": "$response.header.ETag"}))
async def get_price_list(price_list_id: FromPath[UUID], own: Own) -> Tagged[PriceList]:
    """A price list, with the ETag that If-Match asks for."""
    found = await handlers.show_price_list(own.pool, price_list_id)
    return tagged(found, found.version)


@put("/v1/price-lists/{price_list_id:uuid}", guards=STAFF)
@refuses(UnknownPriceList, PriceListOver, CurrencyFixed, BrokenPriceList, TimeOutOfRange, UnknownCurrency)
async def put_price_list(
    request: Call, price_list_id: FromPath[UUID], data: JSONBody[PriceListInput], own: Own, if_match: IfMatch = None
) -> Answered[PriceList]:
    """Replace the terms; quotes that would cost something else now are stale then, orders keep their prices."""
    expected = expected_version(if_match, required=True)
    answer = await handlers.revise_price_list(own.pool, price_list_id, data, expected, cause(request))
    return answered(request, answer)


@post("/v1/price-lists/{price_list_id:uuid}/end", status_code=200, guards=STAFF)
@refuses(UnknownPriceList)
async def post_end_price_list(request: Call, price_list_id: FromPath[UUID], own: Own) -> Answered[PriceList]:
    """End it for good. A repeat changes nothing."""
    return answered(request, await handlers.end_price_list(own.pool, price_list_id, cause(request)))


@put("/v1/price-lists/{price_list_id:uuid}/prices", guards=STAFF)
@refuses(UnknownPriceList, PriceListOver, UnknownSku, BrokenTiers, Invalid)
async def put_list_prices(
    request: Call, price_list_id: FromPath[UUID], data: JSONBody[PricesOfList], own: Own, key: IdempotencyKey = None
) -> Answered[ListPrices]:
    """What these SKUs cost by the list, by quantity, all or none; without tiers it says nothing of a SKU any more."""
    call = idempotent(request, key, data)
    answer = await handlers.set_list_prices(own.pool, price_list_id, data.prices, cause(request), call)
    return answered(request, answer)


@get("/v1/price-lists/{price_list_id:uuid}/prices", guards=STAFF)
@refuses(UnknownPriceList)
async def get_list_prices(
    price_list_id: FromPath[UUID], own: Own, after: AfterSku = None, limit: LimitSkus = 100
) -> Shown[ListPrices]:
    """What it says, by SKU."""
    return shown(await handlers.show_list_prices(own.pool, price_list_id, after, limit))


routes = [
    post_price_list, get_price_lists, get_price_list, put_price_list, post_end_price_list, put_list_prices,
    get_list_prices,
]  # fmt: skip
