"""Prices over HTTP (scope catalog:write; every command carries an Idempotency-Key: money moves)."""

from typing import Annotated, Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody, PathParameter

from shared.http.described import Link, leads_to, refuses
from shared.money import EXPONENTS
from write_side.catalog import UnknownSku
from write_side.http import Answered, IdempotencyKey, Nothing, Shown, answered, cause, idempotent, requires, shown
from write_side.moments import TimeOutOfRange
from write_side.pricing import handlers
from write_side.pricing.domain import (
    NewPrice,
    PricedVariant,
    PriceTakenBack,
    StartsInThePast,
    TooManyScheduled,
    UnknownCurrency,
)
from write_side.pricing.handlers import PriceState
from write_side.resources import Own

STAFF = [requires("catalog:write")]
Call = Request[Any, Any, Any]
Currency = Annotated[str, PathParameter(description="ISO 4217 code", schema_extra={"enum": sorted(EXPONENTS)})]


@put("/v1/prices/{sku:str}/{currency:str}", guards=STAFF)
@refuses(UnknownSku, UnknownCurrency, TimeOutOfRange, StartsInThePast, TooManyScheduled)
@leads_to(
    Link("delete_price", {"sku": "/sku", "currency": "/currency"}),
    Link("get_prices", {"sku": "/sku"}),
    Link("post_take_back", {"sku": "/sku", "currency": "/currency"}),
)
async def put_price(
    request: Call, sku: FromPath[str], currency: Currency, data: JSONBody[NewPrice], own: Own,
    key: IdempotencyKey = None,
) -> Answered[PriceState]:  # fmt: skip
    """A SKU's price in a currency, minor units, tax excluded: from now on, or from `starts_at` on, by itself."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.set_price(own.pool, sku, currency, data, cause(request), call))


@delete("/v1/prices/{sku:str}/{currency:str}", status_code=200, guards=STAFF)
@refuses(UnknownSku, UnknownCurrency)
async def delete_price(
    request: Call, sku: FromPath[str], currency: Currency, own: Own, key: IdempotencyKey = None
) -> Answered[PriceState]:
    """No longer sold in this currency, until a scheduled price begins."""
    call = idempotent(request, key, Nothing())
    return answered(request, await handlers.remove_price(own.pool, sku, currency, cause(request), call))


@post("/v1/prices/{sku:str}/{currency:str}/take-back", status_code=200, guards=STAFF)
@refuses(UnknownSku, UnknownCurrency)
async def post_take_back(
    request: Call, sku: FromPath[str], currency: Currency, data: JSONBody[PriceTakenBack], own: Own,
    key: IdempotencyKey = None,
) -> Answered[PriceState]:  # fmt: skip
    """A price that was to come at this time won't. One that has begun stays; a repeat changes nothing."""
    call = idempotent(request, key, data)
    return answered(request, await handlers.take_back_price(own.pool, sku, currency, data, cause(request), call))


@get("/v1/prices/{sku:str}", guards=STAFF)
@refuses(UnknownSku)
async def get_prices(sku: FromPath[str], own: Own) -> Shown[PricedVariant]:
    """All that a SKU costs: its own prices, those that are to come, and by which price lists and quantities."""
    return shown(await handlers.show_prices(own.pool, sku))


routes = [put_price, delete_price, post_take_back, get_prices]
