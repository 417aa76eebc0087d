"""What happened to categories and products.

Aggregates: `category` (key `categories`), `product` (key `product:<id>`).
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

AttributeValue = bool | int | float | str | list[str | int | float | bool]
Status = Literal["draft", "active", "archived"]
GIFT_CARD = "gift-card"  # the tax class of money for later, no goods: taxed when it is spent, not when it is sold


class Image(Struct, frozen=True):
    url: str  # an address, or a path below wherever the shop's images lie
    alt: str = ""
    alts: dict[str, str] | UnsetType = UNSET  # locale → what it shows, where another language is spoken


class Variant(Struct, frozen=True):
    """What is sold: a SKU of a product."""

    variant_id: UUID
    sku: str
    ean: str | None = None
    name: str = ""
    options: dict[str, str] = {}  # axis → value: {"colour": "red"}
    weight_grams: int | UnsetType = UNSET  # with its packaging; not there: nobody said
    tax_class: str | UnsetType = UNSET  # where it is taxed otherwise than its product
    images: list[int] | UnsetType = UNSET  # places of the product's images that show it; not there: all of them do

    @property
    def grams(self) -> int:
        """What it weighs, nothing where nobody said."""
        return 0 if self.weight_grams is UNSET else self.weight_grams


class Translation(Struct, frozen=True):
    """A product in another language; what is empty is as in the next best one."""

    name: str = ""
    description: str = ""


class ProductFacts(Struct, frozen=True, omit_defaults=True):
    """All that a merchant says of a product; prices and stock have events of their own."""

    slug: str
    name: str
    brand: str
    description: str
    product_type: str
    status: Status
    category_id: UUID | None
    attributes: dict[str, AttributeValue]
    images: list[Image]
    variants: list[Variant]
    external_ref: str | None = None  # the merchant's own id, by which an import finds it again
    tax_class: str | UnsetType = UNSET  # what is taxed alike, as the shop calls it; not there: "standard"
    translations: dict[str, Translation] = {}  # locale (`de`, `de-AT`) → what differs there
    publish_at: datetime | None = None  # active, it is for sale only from then on
    unpublish_at: datetime | None = None  # and only until then
    related: dict[str, list[UUID]] = {}  # kind (`accessories`) → products that go with it, the best first

    @property
    def taxed_as(self) -> str:
        """Its tax class, the standard one where nobody said."""
        return "standard" if self.tax_class is UNSET else self.tax_class

    @property
    def gift_cards(self) -> frozenset[str]:
        """The SKUs that are gift cards: by their own tax class, or the product's."""
        classes = ((each.sku, self.taxed_as if each.tax_class is UNSET else each.tax_class) for each in self.variants)
        return frozenset(sku for sku, tax_class in classes if tax_class == GIFT_CARD)


class CategoryTranslation(Struct, frozen=True):
    """A category in another language."""

    name: str


class CategoryCreated(Struct, frozen=True, omit_defaults=True, tag="catalog.category_created.v1"):
    category_id: UUID
    parent_id: UUID | None
    slug: str
    name: str
    translations: dict[str, CategoryTranslation] = {}  # locale (`de`, `de-AT`) → what it is called there


class CategoryRevised(Struct, frozen=True, omit_defaults=True, tag="catalog.category_revised.v1"):
    """Renamed, translated or moved: the whole of its new facts."""

    category_id: UUID
    parent_id: UUID | None
    slug: str
    name: str
    translations: dict[str, CategoryTranslation] = {}


class ProductCreated(Struct, frozen=True, tag="catalog.product_created.v1"):
    product_id: UUID
    facts: ProductFacts


class ProductRevised(Struct, frozen=True, tag="catalog.product_revised.v1"):
    """Any change to a product, its status included: the whole of its new facts."""

    product_id: UUID
    facts: ProductFacts


ProductEvent = ProductCreated | ProductRevised
CategoryEvent = CategoryCreated | CategoryRevised
CatalogEvent = ProductEvent | CategoryEvent
