"""Types of products: what other contexts may ask of them."""

from write_side.product_types.domain import (
    AttributeMissing,
    AttributeNotListed,
    AttributeOfAnotherKind,
    ProductType,
    as_declared,
    check,
)
from write_side.product_types.store import by_name

__all__ = [
    "AttributeMissing", "AttributeNotListed", "AttributeOfAnotherKind", "ProductType", "as_declared", "by_name",
    "check",
]  # fmt: skip
