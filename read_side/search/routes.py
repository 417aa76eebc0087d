"""Search over HTTP."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from read_side.answers import respond
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from read_side.search.queries import Search
from shared.http.requests import PREFIXES


@get("/v1/search", tags=["search"], opt={PREFIXES: (FILTER_PREFIX,)})
async def get_search(
    request: Request[Any, Any, Any],
    asked: NamedDependency[SearchRequest],
    search: NamedDependency[Search],
    position: PositionToken = None,
) -> Response[bytes]:
    """Products by words, category, brand, price and any attribute (`filter.<attribute>=value`), with facets.

    Values of one facet widen (OR), facets narrow (AND), and each facet is counted without its own choice. `total` is
    exact up to 10,000. Pages follow by `next_cursor`, which belongs to the same query.
    """
    return respond(request, await search.answer(asked, parse_position(position)))


routes = [get_search]
