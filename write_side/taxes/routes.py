"""Destinations over HTTP (scope catalog:write)."""

from typing import Annotated, Any

from litestar import Request, put
from litestar.params import JSONBody, PathParameter

from shared.http.described import refuses
from write_side.errors import Invalid
from write_side.http import Answered, answered, cause, requires
from write_side.resources import Own
from write_side.taxes.domain import Destination, Terms
from write_side.taxes.handlers import set_destination

Country = Annotated[
    str, PathParameter(description="ISO 3166-1 alpha-2", schema_extra={"pattern": "^[A-Z]{2}$", "examples": ["DE"]})
]


class BrokenCountry(Invalid):
    """Not an ISO 3166-1 alpha-2 code."""

    code = "broken_country"


@put("/v1/destinations/{country:str}", guards=[requires("catalog:write")])
@refuses(BrokenCountry)
async def put_destination(
    request: Request[Any, Any, Any], country: Country, data: JSONBody[Terms], own: Own
) -> Answered[Destination]:
    """Set the tax of a country."""
    if len(country) != 2 or not country.isascii() or not country.isalpha() or not country.isupper():
        raise BrokenCountry("a country is named by two capital letters, like DE")
    return answered(request, await set_destination(own.pool, country, data, cause(request)))


routes = [put_destination]
