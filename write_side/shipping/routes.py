"""Destinations over HTTP (scope catalog:write)."""

from typing import Any

from litestar import Request, Response, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from write_side.database import Pool
from write_side.errors import Invalid
from write_side.http import answered, cause, requires
from write_side.shipping.domain import Terms
from write_side.shipping.handlers import set_destination


class BrokenCountry(Invalid):
    """Not an ISO 3166-1 alpha-2 code."""

    code = "broken_country"


@put("/v1/destinations/{country:str}", guards=[requires("catalog:write")])
async def put_destination(
    request: Request[Any, Any, Any], country: FromPath[str], data: JSONBody[Terms], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Set tax and flat shipping rates of a country (ISO code). 422 `broken_country`, `unknown_currency`."""
    if len(country) != 2 or not country.isascii() or not country.isalpha() or not country.isupper():
        raise BrokenCountry("a country is named by two capital letters, like DE")
    return answered(request, await set_destination(pool, country, data, cause(request)))


routes = [put_destination]
