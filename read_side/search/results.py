"""What a search answers, out of what Elasticsearch found. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from read_side.categories.queries import Categories
from read_side.search.elastic import BRAND, CATEGORY, Json, attribute_facet
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from read_side.search.wording import Wording
from shared.documents.stock import Availability
from shared.money import Money


class ItemCategory(Struct, frozen=True):
    """A category by id; its name is null while the tree can't be read."""

    id: UUID
    name: str | None


class Item(Struct, frozen=True):
    """A product in a list. `price` is the lowest of its variants in the currency asked for, null without one."""

    id: UUID
    slug: str
    sku: str | None
    name: str
    brand: str
    product_type: str
    image: str | None
    price: Money | None
    availability: Availability
    category: ItemCategory | None


class FacetValue(Struct, frozen=True):
    """One choice and how many products it would show, with all other facets' choices in force."""

    value: str
    name: str
    count: int
    selected: bool


class Facet(Struct, frozen=True):
    """Choices of one facet. `parameter` is the query parameter that takes a value; `others` are products not counted in
    any of the values shown."""

    parameter: str
    name: str
    values: list[FacetValue]
    others: int


class Total(Struct, frozen=True):
    """How many products were found: `exact`, or `at_least` beyond 10,000."""

    value: int
    relation: Literal["exact", "at_least"]


class Page(Struct, frozen=True):
    """A page of a search. `wording`: how the words were understood, on first pages of searches that have any."""

    items: list[Item]
    total: Total
    facets: list[Facet]
    next_cursor: str | None
    wording: Wording | None = None


def item(hit: Json, currency: str, categories: Categories) -> Item:
    """A hit as a list shows it."""
    source = hit["_source"]
    amount = source.get("prices", {}).get(currency)
    category_id = source.get("category_id")
    known = categories.by_id.get(category_id or "")
    return Item(
        id=UUID(hit["_id"]),
        slug=source["slug"],
        sku=next(iter(source["skus"]), None),
        name=source["name"],
        brand=source["brand"],
        product_type=source["product_type"],
        image=source.get("image"),
        price=None if amount is None else Money(amount, currency),
        availability=source["availability"],
        category=None if category_id is None else ItemCategory(UUID(category_id), known.name if known else None),
    )


def total(hits: Json) -> Total:
    """The number of hits."""
    told = hits["total"]
    return Total(told["value"], "exact" if told["relation"] == "eq" else "at_least")


def frequent_attributes(hits: Iterable[Json], asked: SearchRequest, most: int) -> list[str]:
    """Names of the facets worth counting: what was chosen, then what the best hits have most often."""
    seen = Counter(name for hit in hits for name in hit["_source"].get("facets", {}))
    often = [name for name, count in sorted(seen.items(), key=lambda pair: (-pair[1], pair[0])) if count > 1]
    names = list(dict.fromkeys([*asked.attributes, *often]))[:most]
    return [attribute_facet(name) for name in names]


def facet(name: str, counted: Json, asked: SearchRequest, categories: Categories) -> Facet:
    """A facet out of its aggregation."""
    values: Json = counted["values"]
    shown = [_value(name, bucket, asked, categories) for bucket in values["buckets"]]
    return Facet(name, name.removeprefix(FILTER_PREFIX), shown, values["sum_other_doc_count"])


def _value(name: str, bucket: Json, asked: SearchRequest, categories: Categories) -> FacetValue:
    key, count = str(bucket["key"]), bucket["doc_count"]
    if name == BRAND:
        return FacetValue(key, key, count, key in asked.brands)
    if name == CATEGORY:
        category = categories.by_id.get(key)
        value, label = (category.slug, category.name) if category else (key, key)
        return FacetValue(value, label, count, value in asked.categories)
    chosen: Any = asked.attributes.get(name.removeprefix(FILTER_PREFIX), ())
    return FacetValue(key, key, count, key in chosen)
