"""Brands over HTTP: all of them, and the products of one."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from read_side.answers import Shown, respond
from read_side.brands.queries import UNKNOWN_BRAND, Brands, BrandShelf
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.search.listings import of_brand
from read_side.search.parameters import FAMILIES, SearchRequest
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.routes import FROM_PAGE, REFUSALS
from shared.http.described import Link, leads_to, refuses
from shared.http.parameters import PREFIXES
from shared.http.problems import unavailability


@get("/v1/brands")
@refuses(unavailability("elasticsearch"))
@leads_to(Link("get_brand_products", {"slug": "/brands/0/slug"}))
async def get_brands(request: Request[Any, Any, Any], brand_shelf: NamedDependency[BrandShelf]) -> Shown[Brands]:
    """All brands by name, with how many products of each are listed. A new one comes within half a minute."""
    return respond(request, (await brand_shelf.read()).answer)


@get("/v1/brands/{slug:str}/products", opt={PREFIXES: FAMILIES})
@refuses(UNKNOWN_BRAND, *REFUSALS)
@leads_to(*FROM_PAGE)
async def get_brand_products(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    asked: NamedDependency[SearchRequest],
    position: PositionToken = None,
) -> Shown[Page]:
    """The products of a brand, however it is spelt, with everything that /v1/search takes."""
    return respond(request, await search_of(request).answer(asked, parse_position(position), of_brand(slug)))


routes = [get_brands, get_brand_products]
