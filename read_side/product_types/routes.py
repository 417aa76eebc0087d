"""Product types over HTTP: what a client needs to show attributes, and to ask for them in order."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency

from read_side.answers import Shown, respond
from read_side.documents import parse_position
from read_side.parameters import Locale, PositionToken, locales_of
from read_side.product_types.queries import ShownTypes, Types


@get("/v1/product-types")
async def get_product_types(
    request: Request[Any, Any, Any],
    types: NamedDependency[Types],
    position: PositionToken = None,
    locale: Locale = None,
) -> Shown[ShownTypes]:
    """All product types that are declared, by name: the attributes of each in the merchant's order, their kinds and
    units, the values that there may be, and what all of these are called."""
    return respond(request, await types.all(parse_position(position), locales_of(request, locale)))


routes = [get_product_types]
