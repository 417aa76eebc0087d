"""Prices over HTTP (scope catalog:write; every command carries an Idempotency-Key: money moves)."""

from typing import Any

from litestar import Request, Response, delete, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from write_side.database import Pool
from write_side.http import answered, cause, idempotent, requires
from write_side.pricing import handlers
from write_side.pricing.domain import NewPrice

STAFF = [requires("catalog:write")]
Asked = Request[Any, Any, Any]


class Nothing(Struct, frozen=True):
    """The body of a command that has none."""


@put("/v1/prices/{sku:str}/{currency:str}", guards=STAFF)
async def put_price(
    request: Asked, sku: FromPath[str], currency: FromPath[str], data: JSONBody[NewPrice], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """A SKU's price in a currency, minor units, tax excluded. 404 `unknown_sku`; 422 `unknown_currency`."""
    call = idempotent(request, data)
    return answered(request, await handlers.set_price(pool, sku, currency, data, cause(request), call))


@delete("/v1/prices/{sku:str}/{currency:str}", status_code=200, guards=STAFF)
async def delete_price(
    request: Asked, sku: FromPath[str], currency: FromPath[str], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """No longer sold in this currency. 404 `unknown_sku`; 422 `unknown_currency`."""
    call = idempotent(request, Nothing())
    return answered(request, await handlers.remove_price(pool, sku, currency, cause(request), call))


routes = [put_price, delete_price]
