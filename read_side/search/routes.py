"""Search over HTTP."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency

from read_side.answers import Shown, respond
from read_side.categories.queries import UNKNOWN_CATEGORY
from read_side.documents import parse_position
from read_side.parameters import Locale, PositionToken, locales_of
from read_side.search.cursors import BROKEN_CURSOR
from read_side.search.parameters import FAMILIES, UNKNOWN_CURRENCY, SearchRequest, Typed
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.suggesting import Suggesting, Suggestions
from shared.http.described import Link, leads_to, refuses
from shared.http.parameters import PREFIXES
from shared.http.problems import unavailability

REFUSALS = (UNKNOWN_CURRENCY, BROKEN_CURSOR, UNKNOWN_CATEGORY, unavailability("elasticsearch"))
FROM_PAGE = (
    Link("get_product", {"product_id": "/items/0/id"}),
    Link("get_product_by_slug", {"slug": "/items/0/slug"}),
    Link("get_product_by_sku", {"sku": "/items/0/sku"}),
    Link("get_stock", {"sku": "/items/0/sku"}),
)


@get("/v1/search", opt={PREFIXES: FAMILIES})
@refuses(*REFUSALS)
@leads_to(*FROM_PAGE)
async def get_search(
    request: Request[Any, Any, Any],
    asked: NamedDependency[SearchRequest],
    position: PositionToken = None,
) -> Shown[Page]:
    """Products by words, category, brand, price and any attribute (`filter.<attribute>=value`), with facets.

    Numbers are also found by ranges: `filter.weight (g)=100..200`, `..0.5 kg`, `100..<200` without its end. Values of
    one facet widen (OR), facets narrow (AND), and each facet is counted without its own choice. `total` is exact up to
    10,000. Pages follow by `next_cursor`, which belongs to the same query.
    """
    return respond(request, await search_of(request).answer(asked, parse_position(position)))


@get("/v1/suggestions")
@leads_to(
    Link("get_product", {"product_id": "/products/0/id"}), Link("get_category_products", {"slug": "/categories/0/slug"})
)
async def get_suggestions(request: Request[Any, Any, Any], q: Typed, locale: Locale = None) -> Shown[Suggestions]:
    """Searches of others, categories, brands and products that begin as typed, for the list under a search box. One
    slip is forgiven from the fourth character on, the first character excepted.

    Products and categories are found by their names in the language asked for and in the shop's own, and shown in the
    former.
    While Elasticsearch is down `products` is empty, and all else as last seen (`Stale: behind`).
    """
    suggesting: Suggesting = request.app.state.suggesting
    return respond(request, await suggesting.answer(q, locales_of(request, locale)))


routes = [get_search, get_suggestions]
