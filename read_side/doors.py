"""Who is let into the query API first, and how many at once."""

from shared.http.admission import Way
from shared.http.doors import Rank, Size

# Searches wait for Elasticsearch: through doors of their own, so that a slow one costs no product page its place.
SIZES = {
    "pages": Size(seats=512, looking=448, line=2_000),
    "searches": Size(seats=64, looking=64, line=256, patience=(2.0, 0.5)),
}
_SEARCHES = ("/v1/search", "/v1/suggestions", "/v1/staff/search-preview", "/v1/brands", "/v1/account/")
_SEARCHES_TOO = ("/similar", "/products")  # at the end: what is like a product, what is listed
_SEVERAL = "/v1/products"  # pages, many at once
_NEVER = ("/health/", "/metrics", "/schema")


def way(_method: str, path: str) -> Way:
    """The doors of a request: who looks for an order has bought."""
    if path.startswith(_NEVER):
        return None
    if path.startswith(_SEARCHES) or (path.endswith(_SEARCHES_TOO) and path != _SEVERAL):
        return "searches", Rank.LOOKING
    return "pages", Rank.BUYING if path.startswith("/v1/orders") else Rank.LOOKING
