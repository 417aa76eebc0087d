"""Where a search is asked: the address of one. Pure."""

from urllib.parse import quote, urlencode

from read_side.parameters import DEFAULT_CHANNEL
from read_side.search.listings import Listing
from read_side.search.parameters import FILTER_PREFIX, SearchRequest

SEARCH = "/v1/search"
_SHELVES = {"category": "categories", "brand": "brands", "promotion": "promotions", "sale": "sales"}


def link(listing: Listing | None, asked: SearchRequest) -> str:
    """The address of the first page, below the API's own; what is as usual is left out of it."""
    path = f"/v1/{_SHELVES[listing.kind]}/{quote(listing.name, safe='')}/products" if listing else SEARCH
    query = urlencode(_pairs(asked), quote_via=quote, safe="")
    return f"{path}?{query}" if query else path


def _pairs(asked: SearchRequest) -> list[tuple[str, str]]:
    filters = [(FILTER_PREFIX + name, value) for name, values in asked.attributes.items() for value in values]
    several = [("category", slug) for slug in asked.categories] + [("brand", brand) for brand in asked.brands]
    return [*_one("q", asked.text, ""), *several, *filters, *_others(asked)]


def _others(asked: SearchRequest) -> list[tuple[str, str]]:
    return [
        *_one("price_min", asked.price_min, None),
        *_one("price_max", asked.price_max, None),
        *(("price", f"{_end(each.low)}..{_end(each.high)}") for each in asked.price_between),
        *_one("currency", asked.currency, "EUR"),
        *_one("available", "true" if asked.available else "", ""),
        *_one("sort", asked.sort, "relevance"),
        *_one("limit", asked.limit, 20),
        *_facets(asked),
        *_one("locale", asked.locales[0] if asked.locales else None, None),
        *_one("channel", asked.channel, DEFAULT_CHANNEL),
    ]


def _one(name: str, value: object, usual: object) -> list[tuple[str, str]]:
    return [] if value == usual else [(name, str(value))]


def _facets(asked: SearchRequest) -> list[tuple[str, str]]:
    if asked.facets is None or not any("," in name for name in asked.facets):
        return _one("facets", None if asked.facets is None else ",".join(asked.facets), None)
    return [("facets", name) for name in (*asked.facets, "")]  # one alone would be parted at its commas


def _end(bound: int | None) -> str:
    return "" if bound is None else str(bound)
