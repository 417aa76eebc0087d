"""The catalog: what other contexts may ask of it."""

from write_side.catalog.domain import (
    Category,
    ImageInput,
    Product,
    ProductInput,
    VariantInput,
    evolve_category,
    evolve_product,
    facts_of,
    free_slug,
    path_slug,
    revise,
    slug_candidates,
)
from write_side.catalog.handlers import category_ids, product_of, variant_of
from write_side.catalog.refusals import SkuTaken, UnknownSku
from write_side.catalog.store import (
    Change,
    SoldVariant,
    all_categories,
    all_products,
    find_known,
    find_variants,
    save_products,
    slugs_in_use,
)

__all__ = [
    "Category",
    "Change",
    "ImageInput",
    "Product",
    "ProductInput",
    "SkuTaken",
    "SoldVariant",
    "UnknownSku",
    "VariantInput",
    "all_categories",
    "all_products",
    "category_ids",
    "evolve_category",
    "evolve_product",
    "facts_of",
    "find_known",
    "find_variants",
    "free_slug",
    "path_slug",
    "product_of",
    "revise",
    "save_products",
    "slug_candidates",
    "slugs_in_use",
    "variant_of",
]
