"""Types of products with their attributes, in one document in Redis: `doc:types` is a ProductTypes."""

from msgspec import Struct

from shared.events.product_types import Attribute

MODEL = "product_types"
THE_ONE = "types"


class ProductType(Struct, frozen=True, omit_defaults=True):
    """A type as products name it, and the attributes that its products have, in the merchant's order."""

    name: str
    attributes: list[Attribute]
    names: dict[str, str] = {}  # locale → what it is called there, if it is called otherwise


class ProductTypes(Struct, frozen=True):
    """All types in force, by name."""

    types: list[ProductType]
