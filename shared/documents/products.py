"""The product read models: the page (Redis) and the search document (Elasticsearch)."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from shared.documents.stock import Availability
from shared.events.catalog import AttributeValue, Image
from shared.money import Money

PAGE = "product_page"  # Redis: `doc:<product id>` is a ProductPage; by slug, sku, ean
SEARCH = "products"  # Elasticsearch: a SearchedProduct per product
TREE = "category_tree"  # Redis: `doc:tree` is a CategoryTree


class PageVariant(Struct, frozen=True):
    id: UUID
    sku: str
    ean: str | None
    name: str
    options: dict[str, str]
    prices: list[Money]  # one per currency, tax excluded
    availability: Availability


class ProductPage(Struct, frozen=True):
    """Everything a product page shows. The category's name is looked up in the tree: it is not this product's fact."""

    id: UUID
    slug: str
    name: str
    brand: str
    description: str
    product_type: str
    category_id: UUID | None
    attributes: dict[str, AttributeValue]
    images: list[Image]
    variants: list[PageVariant]


class Completion(Struct, frozen=True):
    """What a shopper may begin to type for a product; a heavier one stands first."""

    input: list[str]
    weight: int


class SearchedProduct(Struct, frozen=True):
    """A product as Elasticsearch holds it. `facets` is flattened: attribute key → keyword values.

    `numbers` and `steps` are the same attributes where they are quantities: `shared.documents.quantities`.
    """

    product_id: UUID
    slug: str
    name: str
    brand: str
    description: str
    product_type: str
    kinds: list[str]  # words that say what kind of thing it is
    category_id: UUID | None
    attributes_text: str
    facets: dict[str, list[str]]
    numbers: dict[str, list[str]]
    steps: dict[str, list[str]]
    completion: Completion | None  # None: nobody finds it
    image: str | None
    skus: list[str]
    eans: list[str]
    prices: dict[str, int]  # currency → lowest price of its variants, minor units
    availability: Availability  # the best of its variants
    listed: bool  # active: drafts and archived products are not found
    deleted: bool
    position: int


class Category(Struct, frozen=True):
    id: UUID
    parent_id: UUID | None
    slug: str
    name: str


class CategoryTree(Struct, frozen=True):
    """All categories in one document, parents before children."""

    categories: list[Category]


SearchHit = dict[str, Any]
