"""Ranges of what products say several numbers of, asked for once more: a product may have numbers in one range. Pure.

A shoe of sizes 36 to 48 is counted with each of them. Their sums would tell of a range how many sizes it has, so it is
asked what each finds. Where no product of the shop says several, as mostly, nothing is asked.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from read_side.search import variants
from read_side.search.elastic import Json
from read_side.search.facets import Facet, Kinds, each, under
from read_side.search.kinds import TEXT
from read_side.search.parameters import FILTER_PREFIX, SearchRequest

_ANY, _SHOWN = "any", "shown"  # beside values, which are named by place


def questions(told: Sequence[Facet], chosen: Mapping[str, Json], asked: SearchRequest, kinds: Kinds) -> Json:
    """What to ask, named by a facet's place. Nothing if all counts are right."""
    doubtful = {str(place): made for place, made in enumerate(told) if _is_doubtful(made, kinds)}
    return {
        place: under(made.parameter, chosen, asked, {"found": {"filters": {"filters": _finding(made, asked)}}})
        for place, made in doubtful.items()
    }


def _is_doubtful(made: Facet, kinds: Kinds) -> bool:
    """Where several numbers are one value, or one product's numbers are partly shown and partly not."""
    several = made.kind == "number" and kinds.get(made.parameter.removeprefix(FILTER_PREFIX), TEXT).several
    return several and bool(made.others or any(".." in value.value for value in made.values))


def _finding(made: Facet, asked: SearchRequest) -> Json:
    attribute, values = made.parameter.removeprefix(FILTER_PREFIX), [value.value for value in made.values]
    shown = {"bool": {"filter": variants.with_value(asked, attribute, *values)}}
    anything = {"bool": {"filter": variants.with_number(asked, attribute)}}
    return {**each(made.parameter, values, asked), _SHOWN: shown, _ANY: anything}


def read(told: Sequence[Facet], counted: Json) -> list[Facet]:
    """The facets with what was found."""
    return [
        _recounted(made, counted[str(place)]["found"]["buckets"]) if str(place) in counted else made
        for place, made in enumerate(told)
    ]


def _recounted(made: Facet, found: Json) -> Facet:
    counts = {place: int(bucket["doc_count"]) for place, bucket in found.items()}
    values = [replace(value, count=counts[str(place)]) for place, value in enumerate(made.values)]
    # What was sold out or taken back in between finds nothing any more.
    shown = [value for value in values if value.count or value.selected]
    return replace(made, values=shown, others=counts[_ANY] - counts[_SHOWN])
