"""What merchants said of types of products: which attributes such a product has, and of what kind they are.

Aggregate: `product_type`; all are of one key, since they are asked for all at once.
"""

from typing import Literal
from uuid import UUID

from msgspec import Struct

AttributeKind = Literal["text", "number", "boolean", "colour"]


class AttributeTranslation(Struct, frozen=True, omit_defaults=True):
    """An attribute in another language; what isn't told is as in the next best one."""

    name: str = ""
    values: dict[str, str] = {}  # value as products have it → what it is called


class Attribute(Struct, frozen=True, omit_defaults=True):
    """An attribute that products of a type have; an attribute has one kind and one unit in all types."""

    name: str
    kind: AttributeKind = "text"
    unit: str = ""  # of numbers: what a bare one counts; "": it tells none
    required: bool = False  # nothing is for sale without it
    values: list[str] = []  # the only ones there may be; none: any
    translations: dict[str, AttributeTranslation] = {}  # locale (`de`, `de-AT`) → what differs there


class ProductTypeTranslation(Struct, frozen=True):
    """A type in another language."""

    name: str


class ProductTypeSet(Struct, frozen=True, omit_defaults=True, tag="product_types.product_type_set.v1"):
    """A new type, or other attributes for one: all of them."""

    type_id: UUID
    name: str  # as products name it
    attributes: list[Attribute]
    translations: dict[str, ProductTypeTranslation] = {}  # locale (`de`, `de-AT`) → what it is called there


class ProductTypeRemoved(Struct, frozen=True, tag="product_types.product_type_removed.v1"):
    """Products may go on naming it; nothing is asked of them any more."""

    type_id: UUID


ProductTypeEvent = ProductTypeSet | ProductTypeRemoved
