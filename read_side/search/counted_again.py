"""Ranges of numbers of which products say several, asked for once more: each counts a product once. Pure.

A shoe of sizes 36 to 48 is counted with each of them. Their sums would tell of a range how many sizes it has, so it is
asked what each finds. Where none of the products found says several, as mostly, nothing is asked.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from read_side.search import variants
from read_side.search.elastic import Json
from read_side.search.facets import HAVE, Facet, each, under
from read_side.search.parameters import FILTER_PREFIX, SearchRequest

_SHOWN = "shown"  # beside values, which are named by place


def questions(told: Sequence[Facet], counted: Json, chosen: Mapping[str, Json], asked: SearchRequest) -> Json:
    """What to ask, named by a facet's place, of what was counted. Nothing if all counts are right."""
    doubtful = {str(place): made for place, made in enumerate(told) if _is_doubtful(made, counted[str(place)])}
    return {
        place: under(made.parameter, chosen, asked, {"found": {"filters": {"filters": _finding(made, asked)}}})
        for place, made in doubtful.items()
    }


def _is_doubtful(made: Facet, counted: Json) -> bool:
    """Where several numbers are one value, or one product's numbers are partly shown and partly not. What was chosen
    stands behind the values that were cut, and counts products of theirs."""
    if HAVE not in counted or not (made.others or any(".." in value.value for value in made.values[:1])):
        return False
    values = variants.merged(counted, None) if "own" in counted else counted["values"]
    told = sum(int(bucket["doc_count"]) for bucket in values["buckets"]) + int(values["sum_other_doc_count"])
    return told > int(counted[HAVE]["doc_count"])


def _finding(made: Facet, asked: SearchRequest) -> Json:
    attribute, values = made.parameter.removeprefix(FILTER_PREFIX), [value.value for value in made.values]
    numbers = variants.with_number(asked, attribute)  # `others` have one: a word may be chosen, too
    shown = {"bool": {"filter": [*variants.with_value(asked, attribute, *values), *numbers]}}
    return {**each(made.parameter, values, asked), _SHOWN: shown}


def read(told: Sequence[Facet], counted: Json, again: Json) -> list[Facet]:
    """The facets with what was found when asked again."""
    return [
        _recounted(made, counted[place][HAVE]["doc_count"], again[place]["found"]["buckets"])
        if (place := str(at)) in again else made
        for at, made in enumerate(told)
    ]  # fmt: skip


def _recounted(made: Facet, have: int, found: Json) -> Facet:
    counts = {place: int(bucket["doc_count"]) for place, bucket in found.items()}
    values = [replace(value, count=counts[str(place)]) for place, value in enumerate(made.values)]
    # What was sold out or taken back in between finds nothing any more.
    shown = [value for value in values if value.count or value.selected]
    return replace(made, values=shown, others=max(have - counts[_SHOWN], 0))
