"""Categories over HTTP: the tree, and the products of one."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from read_side.answers import Shown, respond
from read_side.categories.queries import UNKNOWN_CATEGORY, CategoryShelf, Tree
from read_side.documents import parse_position
from read_side.parameters import Locale, PositionToken, locales_of
from read_side.search.listings import of_category
from read_side.search.parameters import FAMILIES, SearchRequest
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.routes import FROM_PAGE, REFUSALS
from shared.http.described import Link, leads_to, refuses
from shared.http.parameters import PREFIXES


@get("/v1/categories")
@leads_to(Link("get_category_products", {"slug": "/categories/0/slug"}))
async def get_categories(
    request: Request[Any, Any, Any],
    shelf: NamedDependency[CategoryShelf],
    position: PositionToken = None,
    locale: Locale = None,
) -> Shown[Tree]:
    """All categories as a tree, siblings by name."""
    return respond(request, await shelf.nested(parse_position(position), locales_of(request, locale)))


@get("/v1/categories/{slug:str}/products", opt={PREFIXES: FAMILIES})
@refuses(UNKNOWN_CATEGORY, *REFUSALS)
@leads_to(*FROM_PAGE)
async def get_category_products(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    asked: NamedDependency[SearchRequest],
    position: PositionToken = None,
) -> Shown[Page]:
    """The products of a category and of all below it, with everything that /v1/search takes."""
    return respond(request, await search_of(request).answer(asked, parse_position(position), of_category(slug)))


routes = [get_categories, get_category_products]
