"""Categories over HTTP: the tree, and the products of one."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from read_side.answers import respond
from read_side.categories.queries import CategoryShelf
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from read_side.search.queries import Search
from shared.http.requests import PREFIXES


@get("/v1/categories", tags=["categories"])
async def get_categories(
    request: Request[Any, Any, Any], shelf: NamedDependency[CategoryShelf], position: PositionToken = None
) -> Response[bytes]:
    """All categories as a tree, siblings by name."""
    return respond(request, await shelf.nested(parse_position(position)))


@get("/v1/categories/{slug:str}/products", tags=["categories"], opt={PREFIXES: (FILTER_PREFIX,)})
async def get_category_products(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    asked: NamedDependency[SearchRequest],
    search: NamedDependency[Search],
    position: PositionToken = None,
) -> Response[bytes]:
    """The products of a category and of all below it, with everything that /v1/search takes. 404 if there is none."""
    return respond(request, await search.answer(asked, parse_position(position), within=slug))


routes = [get_categories, get_category_products]
