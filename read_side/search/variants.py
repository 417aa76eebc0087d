"""Choices on what variants are told apart by: one variant has to have all of them, and is the one that is shown. Pure.

A product says all that its variants have, so a single choice is asked of it alone. Of several choices each may hold for
another variant: then they are asked of its variants, too. What a variant says nothing of is asked of its product.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from read_side.search import ranges
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from shared.documents.products import NEITHER
from shared.documents.quantities import quantity_of, word_of
from shared.documents.shelves import best

Json = dict[str, Any]

AXES, VARIANTS = "axes", "variants"
_WITHIN = f"{VARIANTS}."
COUNTED = 500  # values of an axis, of products and of variants
AVAILABLE = "available"  # the parameter, and what its facet is called
_CAN_BE_HAD: Json = {"terms": {f"{VARIANTS}.availability": ["in", "low"]}}
SHOWN = [f"{VARIANTS}.{field}" for field in ("sku", "facets", "availability", "prices", "image")]
_WHOLE: Json = {"bool": {"must_not": {"exists": {"field": AXES}}}}  # products without such variants


def attribute_facet(attribute: str) -> str:
    """The query parameter that filters by an attribute; also its facet's name, apart from `brand` and `category`."""
    return FILTER_PREFIX + attribute


def any_of(attribute: str, values: Sequence[str], within: str = "") -> Json:
    """What has any of these values: as it stands there, as a number whatever its spelling, or within a range. Products;
    variants, `within` their field."""
    clauses: list[Json] = [{"terms": {f"{within}facets.{attribute}": list(values)}}]
    numbers = [word_of(told) for value in values if (told := quantity_of(attribute, value))]
    field = f"{within}numbers.{attribute}"
    if numbers:
        clauses.append({"terms": {field: numbers}})
    clauses += [ranges.between(field, range_) for value in values if (range_ := ranges.parsed(attribute, value))]
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses}}


def held(asked: SearchRequest, but: str | None = None) -> list[Json]:
    """What has to hold of a variant, each choice by itself, but those of one facet."""
    others = [(name, values) for name, values in asked.attributes.items() if attribute_facet(name) != but]
    found = [_if_told(name, values) for name, values in others]
    return [*found, _CAN_BE_HAD] if asked.available and but != AVAILABLE else found


def _if_told(attribute: str, values: Sequence[str]) -> Json:
    return _or_untold(attribute, any_of(attribute, values, _WITHIN))


def _or_untold(attribute: str, told: Json) -> Json:
    untold = {"bool": {"must_not": {"exists": {"field": f"{_WITHIN}facets.{attribute}"}}}}
    return {"bool": {"should": [told, untold]}}


def together(asked: SearchRequest, but: str | None = None, further: Sequence[Json] = ()) -> list[Json]:
    """That one variant has all that was chosen, and `further` holds of it. Nothing, where no two choices could be of
    two variants."""
    clauses = [*held(asked, but), *further]
    if len(clauses) < 2:
        return []
    one = {"nested": {"path": VARIANTS, "query": {"bool": {"filter": clauses}}, "ignore_unmapped": True}}
    return [{"bool": {"should": [_WHOLE, one]}}]


def with_value(asked: SearchRequest, attribute: str, *values: str) -> list[Json]:
    """What holds if of an attribute these values alone are chosen."""
    one = _if_told(attribute, values)
    return [any_of(attribute, values), *together(asked, attribute_facet(attribute), [one])]


def with_any(asked: SearchRequest, attribute: str, field: Literal["facets", "numbers"]) -> list[Json]:
    """What holds if of an attribute any value will do, or any number."""
    anywhere, one = ({"exists": {"field": f"{within}{field}.{attribute}"}} for within in ("", _WITHIN))
    told = {"bool": {"filter": one, "must_not": {"term": {f"{_WITHIN}facets.{attribute}": NEITHER}}}}
    return [anywhere, *together(asked, attribute_facet(attribute), [_or_untold(attribute, told)])]


def counted(terms: Json, attribute: str, clauses: Sequence[Json]) -> Json:
    """Values of an attribute: of products that say it themselves, and of variants of which the clauses hold. More of
    each than are shown: what is few in both may be many."""
    terms = {**terms, "size": max(terms["size"], COUNTED)}
    of_variants = {**terms, "field": f"{VARIANTS}.{terms['field']}"}
    values = {"terms": of_variants, "aggs": {"products": {"reverse_nested": {}}}}
    fitting = {"filter": {"bool": {"filter": list(clauses)}}, "aggs": {"values": values}}
    own = {"filter": {"bool": {"must_not": {"term": {AXES: attribute}}}}, "aggs": {"values": {"terms": terms}}}
    return {"own": own, "of_variants": {"nested": {"path": VARIANTS}, "aggs": {"fitting": fitting}}}


def merged(counts: Mapping[str, Json], most: int | None) -> Json:
    """What `counted` found, as if products had said it all themselves: so many of the fullest values, if so many."""
    own, of_variants = counts["own"]["values"], counts["of_variants"].get("fitting", {}).get("values", {})
    found = {bucket["key"]: bucket["doc_count"] for bucket in own["buckets"]}
    for bucket in of_variants.get("buckets", ()):
        if bucket["key"] != NEITHER:
            found[bucket["key"]] = found.get(bucket["key"], 0) + bucket["products"]["doc_count"]
    fullest = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    buckets = [{"key": key, "doc_count": count} for key, count in fullest]
    # Of what not even these are, variants are counted, and a product may have several.
    others = own["sum_other_doc_count"] + of_variants.get("sum_other_doc_count", 0)
    others += sum(count for _, count in fullest[len(fullest[:most]) :])
    return {"buckets": buckets[:most], "sum_other_doc_count": others}


def fitting(variants: Sequence[Json], asked: SearchRequest) -> list[Json]:
    """Those that have all that was chosen and can best be had; none where that tells none apart."""
    fit = [each for each in variants if all(_has(each, *choice) for choice in asked.attributes.items())]
    if len(fit) == len(variants):
        return []
    level = best(each["availability"] for each in fit)
    return [each for each in fit if each["availability"] == level]


def _has(variant: Json, attribute: str, values: Iterable[str]) -> bool:
    told: Sequence[str] | None = variant["facets"].get(attribute)
    if told is None:
        return True
    return any(_is(attribute, word, value) for word in told for value in values)


def _is(attribute: str, word: str, value: str) -> bool:
    if word == value:
        return True
    number = quantity_of(attribute, word)
    if number is None:
        return False
    range_ = ranges.parsed(attribute, value)
    return number == quantity_of(attribute, value) or (range_ is not None and range_.holds(number))
