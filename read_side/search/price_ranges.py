"""How many products cost how much, in ranges that `price_min` and `price_max` take. Pure."""

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from read_side.search.elastic import Json
from read_side.search.parameters import SearchRequest

PRICE = "price"  # the name it is asked for by, beside those of facets
EDGES = [0, *(step * 10**power for power in range(2, 10) for step in (1, 2, 5))]  # minor units


class PriceRange(Struct, frozen=True):
    """So many products cost at least `price_min` and, unless it is the last range, at most `price_max`."""

    price_min: int
    price_max: int | None
    count: int


def is_asked(asked: SearchRequest) -> bool:
    """Whether the client wants them."""
    return asked.facets is not None and PRICE in asked.facets


def question(chosen: Mapping[str, Json], asked: SearchRequest) -> Json:
    """The counting, under everything that was chosen."""
    ranges: list[Json] = [{"from": low, "to": high} for low, high in pairwise(EDGES)]
    counting = {"range": {"field": asked.price, "ranges": [*ranges, {"from": EDGES[-1]}]}}
    return {"filter": {"bool": {"filter": list(chosen.values())}}, "aggs": {"ranges": counting}}


def ranges_of(counted: Json) -> list[PriceRange]:
    """Those that hold any product."""
    return [
        PriceRange(int(bucket["from"]), int(bucket["to"]) - 1 if "to" in bucket else None, bucket["doc_count"])
        for bucket in counted["ranges"]["buckets"]
        if bucket["doc_count"]
    ]
