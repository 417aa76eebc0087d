"""What rows say of related products, once all of their file are in, and of nothing else. Pure.

Minutes may have passed since a row went in: what others made of its name, its price or its stock meanwhile stays.
"""

from collections.abc import Sequence

from msgspec import structs

from write_side import catalog
from write_side.catalog import Change, Product
from write_side.errors import Refusal
from write_side.imports.plan import Known, Plan, found, meant, refused, related_of
from write_side.imports.rows import Row


def settled(rows: Sequence[Row], known: Known) -> Plan:
    """What becomes of the products of rows that went in; one whose product nobody has, as in a dry run, makes none."""
    made, (by_ref, by_sku) = Plan(), found(known.products)
    for row in rows:
        try:
            product = meant(row, by_ref, by_sku)
            made.changes += _changes(row, product, known)
        except Refusal as refusal:
            made.refused.append(refused(row, refusal))
    return made


def _changes(row: Row, product: Product | None, known: Known) -> list[Change]:
    related = related_of(row, product, known)  # first: a dry run, where nobody has the product, hears its refusals
    if product is None:
        return []
    event = catalog.revise(product, catalog.checked(structs.replace(product.facts, related=related)))
    return [] if event is None else [Change(catalog.evolve_product(product, product.version + 1, event), event)]
