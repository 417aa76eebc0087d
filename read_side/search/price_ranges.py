"""How many products cost how much, in ranges that `price_min` and `price_max` take. Pure."""

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from read_side.search.elastic import PRICE, Json
from read_side.search.parameters import Between, SearchRequest
from read_side.search.translated import before
from read_side.search.variants import together
from shared.left_of_price import Left

EDGES = (0, *(step * 10**power for power in range(2, 10) for step in (1, 2, 5)))  # minor units


class PriceRange(Struct, frozen=True, omit_defaults=True):
    """So many products cost at least `price_min` and, unless it is the last range, at most `price_max`, all other
    choices in force. `selected`: these very ends were chosen."""

    price_min: int
    price_max: int | None
    count: int
    selected: bool = False


def is_asked(asked: SearchRequest) -> bool:
    """Whether the client wants them."""
    return asked.counts(PRICE)


def question(chosen: Mapping[str, Json], asked: SearchRequest, left: Left) -> Json:
    """The counting, under everything else that was chosen."""
    edges = left.each_at_least(EDGES)
    ranges: list[Json] = [{"from": low, "to": high} for low, high in pairwise(edges)]
    ranges = [{"key": str(place), **range_} for place, range_ in enumerate([*ranges, {"from": edges[-1]}])]
    counting = {"range": {"field": asked.price, "keyed": True, "ranges": ranges}}
    others = [selection for name, selection in chosen.items() if name != PRICE]
    return {"filter": {"bool": {"filter": [*others, *together(asked)]}}, "aggs": {"ranges": counting}}


def told(found: Json, asked: SearchRequest, left: Left) -> list[PriceRange] | None:
    """Those that hold any product, or were chosen, if they were asked for. The bounds asked for are those before
    promotions: so are these."""
    if not is_asked(asked):
        return None
    counted = found["aggregations"][PRICE]
    counts = [counted["ranges"]["buckets"][str(place)]["doc_count"] for place in range(len(EDGES))]
    highest = [*(edge - 1 for edge in EDGES[1:]), None]
    chosen = {Between(asked.price_min, asked.price_max), *asked.price_between}
    selected = [before(Between(*ends), left) in chosen for ends in zip(EDGES, highest, strict=True)]
    ranges = zip(EDGES, highest, counts, selected, strict=True)
    return [PriceRange(*each) for each in ranges if each[2] or each[3]]
