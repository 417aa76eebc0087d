"""Facets of which products say several values, asked for once more: each counts a product once. Pure.

A shoe of sizes 36 to 48 is counted with each of them. Their sums would tell of a range how many sizes it has, so it is
asked what each finds. Of words each value is counted by itself, and right; what is left for `others` isn't: a product
with a dozen tags behind the fullest fifty would be a dozen of them. Where none of the products found says several, or
of words all are shown, as mostly, nothing is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from read_side.search import variants
from read_side.search.elastic import Json
from read_side.search.facets import HAVE, Facet, Kinds, each, under
from read_side.search.parameters import FILTER_PREFIX, SearchRequest

_SHOWN = "shown"  # beside values, which are named by place


def questions(
    told: Sequence[Facet], counted: Json, chosen: Mapping[str, Json], asked: SearchRequest, kinds: Kinds
) -> Json:
    """What to ask, named by a facet's place, of what was counted. Nothing if all counts are right."""
    return {
        str(place): under(made.parameter, chosen, asked, {"found": {"filters": {"filters": _finding(made, asked)}}})
        for place, made in enumerate(told)
        if _is_doubtful(made, counted[str(place)], asked, kinds)
    }


def _is_doubtful(made: Facet, counted: Json, asked: SearchRequest, kinds: Kinds) -> bool:
    """Where several numbers are one value, or what one product says is partly shown and partly not. What was chosen
    stands behind the values that were cut, and counts products of theirs."""
    if made.kind != "number":
        return made.others > 0 and _says_several(made, asked, kinds)
    if HAVE not in counted or not (made.others or any(".." in value.value for value in made.values[:1])):
        return False
    values = variants.merged(counted, None) if "own" in counted else counted["values"]
    told = sum(int(bucket["doc_count"]) for bucket in values["buckets"]) + int(values["sum_other_doc_count"])
    return told > int(counted[HAVE]["doc_count"])


def _says_several(made: Facet, asked: SearchRequest, kinds: Kinds) -> bool:
    """Of words. Which products have one that begins as typed can't be asked of a flattened field."""
    attribute = made.parameter.removeprefix(FILTER_PREFIX)
    known = kinds.get(attribute) if made.parameter.startswith(FILTER_PREFIX) else None
    return known is not None and known.several and not asked.typed.get(attribute)


def _finding(made: Facet, asked: SearchRequest) -> Json:
    """Of numbers what each value finds; of all kinds what any value shown does, and any at all. `others` of numbers
    have one: a word may be chosen, too."""
    attribute, values = made.parameter.removeprefix(FILTER_PREFIX), [value.value for value in made.values]
    field: Literal["facets", "numbers"] = "numbers" if made.kind == "number" else "facets"
    any_ = variants.with_any(asked, attribute, field)
    shown = {"bool": {"filter": [*variants.with_value(asked, attribute, *values), *any_]}}
    one_by_one = each(made.parameter, values, asked) if made.kind == "number" else {}
    return {**one_by_one, _SHOWN: shown, HAVE: {"bool": {"filter": any_}}}


def read(told: Sequence[Facet], again: Json) -> list[Facet]:
    """The facets with what was found when asked again."""
    return [
        _recounted(made, again[place]["found"]["buckets"]) if (place := str(at)) in again else made
        for at, made in enumerate(told)
    ]


def _recounted(made: Facet, found: Json) -> Facet:
    counts = {place: int(bucket["doc_count"]) for place, bucket in found.items()}
    values = [replace(value, count=counts.get(str(place), value.count)) for place, value in enumerate(made.values)]
    # What was sold out or taken back in between finds nothing any more.
    shown = [value for value in values if value.count or value.selected]
    return replace(made, values=shown, others=counts[HAVE] - counts[_SHOWN])
