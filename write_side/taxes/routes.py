"""The taxes of countries over HTTP (scope catalog:write)."""

from typing import Annotated, Any

from litestar import Request, get, put
from litestar.params import JSONBody, PathParameter

from shared.http.described import Link, leads_to, refuses
from write_side.errors import Invalid
from write_side.http import Answered, Shown, answered, cause, requires, shown
from write_side.if_match import OptionalIfMatch, expected_version
from write_side.resources import Own
from write_side.taxes import handlers
from write_side.taxes.domain import BrokenTaxes, Destination, TaxesInput
from write_side.taxes.handlers import DestinationList

WRITE = [requires("catalog:write")]
Country = Annotated[
    str, PathParameter(description="ISO 3166-1 alpha-2", schema_extra={"pattern": "^[A-Z]{2}$", "examples": ["DE"]})
]


class BrokenCountry(Invalid):
    """Not an ISO 3166-1 alpha-2 code."""

    code = "broken_country"


@put("/v1/destinations/{country:str}", guards=WRITE)
@refuses(BrokenCountry, BrokenTaxes)
async def put_destination(
    request: Request[Any, Any, Any], country: Country, data: JSONBody[TaxesInput], own: Own,
    if_match: OptionalIfMatch = None,
) -> Answered[Destination]:  # fmt: skip
    """Set the taxes of a country, and of its areas that have others. Quotes made before keep theirs."""
    if len(country) != 2 or not country.isascii() or not country.isalpha() or not country.isupper():
        raise BrokenCountry("a country is named by two capital letters, like DE")
    expected = expected_version(if_match, required=False)
    return answered(request, await handlers.set_taxes(own.pool, country, data, expected, cause(request)))


@get("/v1/destinations", guards=WRITE)
@leads_to(Link("put_destination", {"country": "/destinations/0/country"}))
async def get_destinations(own: Own) -> Shown[DestinationList]:
    """All countries that orders may go to, with their taxes."""
    return shown(await handlers.list_destinations(own.pool))


routes = [put_destination, get_destinations]
