"""What a search answers, out of what Elasticsearch found. Pure."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from read_side.categories.queries import Categories
from read_side.search.elastic import Json
from read_side.search.facets import Facet
from read_side.search.parameters import SearchRequest
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


def item(hit: Json, asked: SearchRequest, categories: Categories) -> Item:
    """A hit as a list shows it."""
    source = hit["_source"]
    amount = source.get("prices", {}).get(asked.currency)
    names = source.get("names", {})
    category_id = source.get("category_id")
    known = categories.by_id.get(category_id or "")
    return Item(
        id=UUID(hit["_id"]),
        slug=source["slug"],
        sku=next(iter(source["skus"]), None),
        name=next((names[locale] for locale in asked.locales or () if locale in names), source["name"]),
        brand=source["brand"],
        product_type=source["product_type"],
        image=source.get("image"),
        price=None if amount is None else Money(amount, asked.currency),
        availability=source["availability"],
        category=None if category_id is None else ItemCategory(UUID(category_id), known.name if known else None),
    )


def total(hits: Json) -> Total:
    """The number of hits."""
    told = hits["total"]
    return Total(told["value"], "exact" if told["relation"] == "eq" else "at_least")
