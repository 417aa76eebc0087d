"""The catalog: what other contexts may ask of it."""

from write_side.catalog.domain import Category, Product, evolve_category, evolve_product
from write_side.catalog.handlers import category_ids, product_of, variant_of
from write_side.catalog.refusals import UnknownSku
from write_side.catalog.store import SoldVariant, all_categories, all_products, find_variants

__all__ = [
    "Category",
    "Product",
    "SoldVariant",
    "UnknownSku",
    "all_categories",
    "all_products",
    "category_ids",
    "evolve_category",
    "evolve_product",
    "find_variants",
    "product_of",
    "variant_of",
]
