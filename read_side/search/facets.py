"""Facets: which ones are worth counting, what that is in Elasticsearch's words, and what it answers. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from read_side.categories.queries import Categories
from read_side.search import ranges, variants
from read_side.search.colours import swatch
from read_side.search.elastic import BRAND, CATEGORY, Json
from read_side.search.kinds import TEXT, Kind
from read_side.search.naming import as_one, begins, including, same_brand
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from read_side.search.ranges import Bin, Scale
from read_side.search.relevance import CAN_BE_HAD
from read_side.search.variants import AVAILABLE
from shared.events.product_types import AttributeTranslation
from shared.locales import Locales

MOST_VALUES = 50  # shown of a facet
MOST_CATEGORIES = 10_000  # counted: those above them are added up here
MOST_STEPS = 300
HAVE = "have"  # the products with any number
SINGLE_NUMBERS = 12  # so many different numbers are shown one by one

Kinds = Mapping[str, Kind]


class FacetValue(Struct, frozen=True, omit_defaults=True):
    """One choice and how many products it would show, with all other facets' choices in force. `parent`: the category
    above it, by its slug, if that is among the values. `swatch`: a colour to paint, as #rrggbb."""

    value: str
    name: str
    count: int
    selected: bool
    parent: str | None = None
    swatch: str | None = None


class Bounds(Struct, frozen=True):
    """All numbers of a result lie from `low` to `high`, in the facet's unit."""

    low: float
    high: float


class Facet(Struct, frozen=True, omit_defaults=True):
    """Choices of one facet. `parameter` is the query parameter that takes a value; `others` are products not counted in
    any of the values shown (under `values.<facet>`: of values that begin so, a product of several counts with each). Of
    numbers the values are ranges (`100..<200`), or the numbers if they are few."""

    parameter: str
    name: str
    values: list[FacetValue]
    others: int
    kind: Literal["text", "boolean", "colour", "number", "category"] = "text"
    unit: str | None = None
    bounds: Bounds | None = None


def questions(names: Sequence[str], chosen: Mapping[str, Json], asked: SearchRequest, kinds: Kinds) -> Json:
    """Counts of several facets, named by place: Elasticsearch takes no brackets in names, attributes may have them.
    Each is counted under everybody else's selection, not its own."""
    return {str(place): _question(name, chosen, asked, kinds) for place, name in enumerate(names)}


def _question(name: str, chosen: Mapping[str, Json], asked: SearchRequest, kinds: Kinds) -> Json:
    if name == AVAILABLE:
        return _available(chosen, asked)
    kind, attribute = _kind(name, asked, kinds), name.removeprefix(FILTER_PREFIX)
    terms = _terms(name, kind) | _typed(name, asked, kinds)
    held = variants.held(asked, name) if name.startswith(FILTER_PREFIX) else []
    adds_up = kind.name != "number" or not kind.several
    if adds_up and not (chosen or held):  # a filter that lets everything through would cost a tenth of the search
        return {"terms": terms}
    values = {"values": {"terms": terms}}
    if held:
        values = variants.counted(terms, attribute, held)
    if not adds_up:  # then this tells whether those found do
        values |= {HAVE: {"filter": {"bool": {"filter": variants.with_any(asked, attribute, "numbers")}}}}
    if name in chosen and name != CATEGORY:  # what was chosen is shown, however few have it
        values |= {"chosen": {"filters": {"filters": each(name, _chosen(name, asked), asked)}}}
    return under(name, chosen, asked, values)


def under(name: str, chosen: Mapping[str, Json], asked: SearchRequest, aggs: Json) -> Json:
    """What is counted for a facet, under the choices of all others."""
    others = [selection for other, selection in chosen.items() if other != name]
    return {"filter": {"bool": {"filter": [*others, *variants.together(asked, name)]}}, "aggs": aggs}


def _available(chosen: Mapping[str, Json], asked: SearchRequest) -> Json:
    can_be_had = {"filter": {"bool": {"filter": [CAN_BE_HAD, *variants.together(replace(asked, available=True))]}}}
    return under(AVAILABLE, chosen, asked, {AVAILABLE: can_be_had})


def _kind(name: str, asked: SearchRequest, kinds: Kinds) -> Kind:
    """Numbers are words to who types one."""
    attribute = name.removeprefix(FILTER_PREFIX)
    kind = TEXT if name == BRAND else kinds.get(attribute, TEXT)
    return TEXT if kind.name == "number" and asked.typed.get(attribute) else kind


def _terms(name: str, kind: Kind) -> Json:
    if name == BRAND:
        return {"field": "brand", "size": MOST_VALUES}
    if name == CATEGORY:
        return {"field": "category_id", "size": MOST_CATEGORIES}
    size = MOST_STEPS if kind.name == "number" else MOST_VALUES
    return {"field": f"{kind.field}.{name.removeprefix(FILTER_PREFIX)}", "size": size}


def _typed(name: str, asked: SearchRequest, kinds: Kinds) -> Json:
    """Values that begin so, or are called so in the language asked for."""
    attribute = name.removeprefix(FILTER_PREFIX)
    typed = asked.typed.get(attribute)
    if not typed or name == CATEGORY:
        return {}
    told = kinds.get(attribute, TEXT).called if name != BRAND else None
    labels = told.values if told else {}
    return {"include": including(typed, [value for value, label in labels.items() if begins(label, typed)])}


def each(name: str, values: Iterable[str], asked: SearchRequest) -> Json:
    """What each of these values finds by itself, named by place."""
    clauses = (_one(name, value, asked) for value in values)
    return {str(place): {"bool": {"filter": several}} for place, several in enumerate(clauses)}


def _one(name: str, value: str, asked: SearchRequest) -> list[Json]:
    if name == BRAND:
        return [{"term": {"brand": value}}]
    return variants.with_value(asked, name.removeprefix(FILTER_PREFIX), value)


def _chosen(name: str, asked: SearchRequest) -> Sequence[str]:
    return asked.brands if name == BRAND else asked.attributes.get(name.removeprefix(FILTER_PREFIX), ())


def facet(
    name: str, counted: Json, asked: SearchRequest, categories: Categories, within: str | None, kinds: Kinds
) -> Facet:
    """A facet out of its aggregation; of categories those in `within`."""
    if name == AVAILABLE:
        there = int(counted[AVAILABLE]["doc_count"])
        value = FacetValue("true", "true", there, asked.available)
        return Facet(AVAILABLE, AVAILABLE, [value], counted["doc_count"] - there, "boolean")
    attribute, kind = name.removeprefix(FILTER_PREFIX), _kind(name, asked, kinds)
    most = None if kind.name == "number" else MOST_VALUES
    values: Json = variants.merged(counted, most) if "own" in counted else counted.get("values", counted)
    if name == CATEGORY:
        return _of_categories(values, asked, categories, within)
    if kind.name == "number":
        made = _of_numbers(name, attribute, kind, values)
    else:
        told = as_one(values["buckets"]) if name == BRAND else values["buckets"]
        shown = [_value(kind, str(bucket["key"]), bucket["doc_count"]) for bucket in told]
        made = Facet(name, attribute, shown, values["sum_other_doc_count"], kind.name)
    chosen = _chosen(name, asked)
    buckets = counted.get("chosen", {}).get("buckets", {})
    counts = {value: int(buckets[str(place)]["doc_count"]) for place, value in enumerate(chosen)}
    if name == BRAND:
        return _with_brands(made, counts)
    made, called = _with_choice(made, counts), kinds.get(attribute, TEXT).called
    return _called(made, called) if called else made


def _called(made: Facet, told: AttributeTranslation) -> Facet:
    """In another language; what a URL takes stays as it is."""
    values = [replace(each, name=told.values.get(each.value, each.name)) for each in made.values]
    return replace(made, name=told.name or made.name, values=values)


def _with_brands(made: Facet, chosen: Mapping[str, int]) -> Facet:
    """The same of brands: each is chosen in all its spellings."""
    shown = {same_brand(value.value): value.value for value in made.values}
    counts: Counter[str] = Counter()
    for value, count in chosen.items():
        counts[shown.setdefault(same_brand(value), value)] += count
    return _with_choice(made, counts)


def _value(kind: Kind, key: str, count: int) -> FacetValue:
    return FacetValue(key, key, count, selected=False, swatch=swatch(key) if kind.name == "colour" else None)


def _with_choice(made: Facet, counts: Mapping[str, int]) -> Facet:
    """What was chosen is marked, and shown by its own count if it is none of the values: then it is none of the others.
    A range that was chosen lies across those that were cut."""
    if not counts:
        return made
    shown = [replace(value, selected=value.value in counts) for value in made.values]
    known = {value.value for value in shown}
    more = [FacetValue(value, value, count, selected=True) for value, count in counts.items() if value not in known]
    behind = 0 if made.kind == "number" else sum(each.count for each in more)
    return replace(made, values=[*shown, *more], others=max(made.others - behind, 0))


def _of_numbers(name: str, attribute: str, kind: Kind, values: Json) -> Facet:
    """Ranges; or the numbers, if there are few. Of an attribute with several units, the one that most have."""
    by_unit: dict[str, list[Bin]] = defaultdict(list)
    read = ranges.of_step if kind.field == "steps" else ranges.of_number
    for bucket in values["buckets"]:
        unit, low, high = read(bucket["key"])
        by_unit[unit].append(Bin(low, high, bucket["doc_count"]))
    unit = max(by_unit, key=lambda unit: sum(bin_.products for bin_ in by_unit[unit]), default="")
    bins = sorted(by_unit.pop(unit, []))
    others = sum(bin_.products for several in by_unit.values() for bin_ in several) + values["sum_other_doc_count"]
    scale = ranges.scale_of(attribute, unit, bins[len(bins) // 2].high if bins else 0.0)
    if not scale.unit:
        scale = scale._replace(unit=kind.unit, written=False)  # a bare number finds them
    bounds = Bounds(float(scale.shown(bins[0].low)), float(scale.shown(bins[-1].high))) if bins else None
    shown = list(_singles(bins, scale) if _are_few(bins, kind) else _ranges(bins, scale))
    return Facet(name, attribute, shown, others, "number", scale.unit or None, bounds)


def _are_few(bins: Sequence[Bin], kind: Kind) -> bool:
    return kind.field == "numbers" and len(bins) <= SINGLE_NUMBERS


def _singles(bins: Sequence[Bin], scale: Scale) -> Iterator[FacetValue]:
    for bin_ in bins:
        number = scale.shown(bin_.low)
        yield FacetValue(scale.text(number), f"{number} {scale.unit}".rstrip(), bin_.products, selected=False)


def _ranges(bins: Sequence[Bin], scale: Scale) -> Iterator[FacetValue]:
    for low, high, count in ranges.cut(bins):
        ends = scale.shown(low), scale.shown(high)
        shown = f"{ends[0]} to {ends[1]} {scale.unit}".rstrip()
        yield FacetValue(scale.text("..<".join(ends)), shown, count, selected=False)


def _of_categories(values: Json, asked: SearchRequest, categories: Categories, within: str | None) -> Facet:
    """Each category with all that is below it, the fullest first, whose parent stands before it. What was chosen is
    among them, and what lies above it, however few it has."""
    counts: Counter[str] = Counter()
    for bucket in values["buckets"]:
        for id_ in _up_to(categories.with_ancestors(bucket["key"]), categories, within):
            counts[id_] += bucket["doc_count"]
    chosen = [str(categories.by_slug[slug].id) for slug in asked.categories if slug in categories.by_slug]
    above = {up for id_ in chosen for up in _up_to(categories.with_ancestors(id_), categories, within)}
    depth = {id_: len(categories.with_ancestors(id_)) for id_ in {*counts, *above}}
    typed = asked.typed.get(CATEGORY, "")
    named = [id_ for id_ in depth if not typed or id_ in above or _begins(id_, typed, categories, asked.locales)]
    fullest = sorted(named, key=lambda id_: (-counts[id_], depth[id_], id_))
    fullest = [*fullest[:MOST_VALUES], *(id_ for id_ in fullest[MOST_VALUES:] if id_ in above)]
    shown = [_category(id_, counts, categories, asked, fullest) for id_ in fullest]
    hidden, others = {*named}.difference(fullest), values["sum_other_doc_count"]
    for bucket in values["buckets"] if hidden else ():  # what lies in none that is shown
        above_it = {*_up_to(categories.with_ancestors(bucket["key"]), categories, within)}
        others += bucket["doc_count"] if above_it & hidden and above_it.isdisjoint(fullest) else 0
    return Facet(CATEGORY, CATEGORY, shown, others, "category")


def _begins(id_: str, typed: str, categories: Categories, locales: Locales) -> bool:
    """By the name that is shown, or by the shop's own."""
    known = categories.by_id.get(id_)
    return any(begins(name, typed) for name in ({known.name, known.called(locales)} if known else (id_,)))


def _up_to(ids: Sequence[str], categories: Categories, within: str | None) -> Iterator[str]:
    """Up to the category that is listed: what lies above it isn't asked for."""
    for id_ in ids:
        yield id_
        if within is not None and categories.by_id[id_].slug == within:
            return


def _category(
    id_: str, counts: Mapping[str, int], categories: Categories, asked: SearchRequest, fullest: Sequence[str]
) -> FacetValue:
    """A category by its slug; while the tree can't be read by its id."""
    known = categories.by_id.get(id_)
    if known is None:
        return FacetValue(id_, id_, counts[id_], selected=False)
    above = categories.by_id.get(str(known.parent_id))
    parent = above.slug if above and str(above.id) in fullest else None
    return FacetValue(known.slug, known.called(asked.locales), counts[id_], known.slug in asked.categories, parent)
