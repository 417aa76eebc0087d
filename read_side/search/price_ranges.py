"""How many products cost how much, in ranges that `price_min` and `price_max` take. Pure."""

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from read_side.search.elastic import Json
from read_side.search.parameters import SearchRequest
from shared.left_of_price import Left

PRICE = "price"  # the name it is asked for by, beside those of facets
EDGES = (0, *(step * 10**power for power in range(2, 10) for step in (1, 2, 5)))  # minor units


class PriceRange(Struct, frozen=True):
    """So many products cost at least `price_min` and, unless it is the last range, at most `price_max`."""

    price_min: int
    price_max: int | None
    count: int


def is_asked(asked: SearchRequest) -> bool:
    """Whether the client wants them."""
    return asked.facets is not None and PRICE in asked.facets


def question(chosen: Mapping[str, Json], asked: SearchRequest, left: Left) -> Json:
    """The counting, under everything that was chosen."""
    before = left.each_at_least(EDGES)
    ranges: list[Json] = [{"from": low, "to": high} for low, high in pairwise(before)]
    ranges = [{"key": str(place), **range_} for place, range_ in enumerate([*ranges, {"from": before[-1]}])]
    counting = {"range": {"field": asked.price, "keyed": True, "ranges": ranges}}
    return {"filter": {"bool": {"filter": list(chosen.values())}}, "aggs": {"ranges": counting}}


def ranges_of(counted: Json) -> list[PriceRange]:
    """Those that hold any product."""
    counts = [counted["ranges"]["buckets"][str(place)]["doc_count"] for place in range(len(EDGES))]
    highest = [*(edge - 1 for edge in EDGES[1:]), None]
    return [PriceRange(*each) for each in zip(EDGES, highest, counts, strict=True) if each[-1]]
