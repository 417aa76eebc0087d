"""Shipping zones over HTTP, for staff (scope catalog:write)."""

from typing import Annotated, Any

from litestar import Request, get, put
from litestar.params import JSONBody, PathParameter

from shared.http.described import Link, leads_to, refuses
from write_side.errors import Invalid
from write_side.http import Answered, Shown, answered, cause, requires, shown
from write_side.if_match import OptionalIfMatch, expected_version
from write_side.resources import Own
from write_side.shipping import handlers
from write_side.shipping.domain import CODE, BrokenZone, PlaceTaken, UnknownCurrency, Zone, ZoneInput, is_code
from write_side.shipping.handlers import ZoneList

WRITE = [requires("catalog:write")]
ZoneCode = Annotated[
    str, PathParameter(description="The zone's code", schema_extra={"pattern": CODE, "examples": ["europe"]})
]


class BrokenCode(Invalid):
    """No code of a zone."""

    code = "broken_code"


@put("/v1/shipping-zones/{code:str}", guards=WRITE)
@refuses(BrokenCode, BrokenZone, PlaceTaken, UnknownCurrency)
async def put_zone(
    request: Request[Any, Any, Any], code: ZoneCode, data: JSONBody[ZoneInput], own: Own,
    if_match: OptionalIfMatch = None,
) -> Answered[Zone]:  # fmt: skip
    """Set a zone: its places, and how what goes there is sent, for what. Quotes made before keep what they say."""
    if not is_code(code):
        raise BrokenCode("a code is up to 40 small letters, digits and hyphens, like europe")
    expected = expected_version(if_match, required=False)
    return answered(request, await handlers.set_zone(own.pool, code, data, expected, cause(request)))


@get("/v1/shipping-zones", guards=WRITE)
@leads_to(Link("put_zone", {"code": "/zones/0/code"}))
async def get_zones(own: Own) -> Shown[ZoneList]:
    """All zones, with their places, methods and brackets."""
    return shown(await handlers.list_zones(own.pool))


routes = [put_zone, get_zones]
