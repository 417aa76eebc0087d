"""Edits in bulk: which products, and what becomes of each. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from shared.events.catalog import ProductFacts, Status
from shared.money import MinorUnits
from write_side import catalog, pricing, product_types
from write_side.catalog import Category, Change, Product
from write_side.errors import Invalid, Refusal
from write_side.imports.runs import places
from write_side.imports.runs.domain import Became, Decided, Outcome, PlaceChanged, PlaceLeft
from write_side.imports.runs.operations import (
    LONGEST_TEXT,
    AttributeRemoved,
    AttributeSet,
    Currency,
    FactsOperation,
    Operation,
    PriceByAmount,
    PriceByPercent,
    PriceOperation,
    PriceTo,
    ProductTypeSet,
    Rounding,
    StatusSet,
    check_operation,
    facts_after,
)
from write_side.pricing import PricedVariant, Repriced
from write_side.product_types import ProductType

MOST_SKUS = 10_000


class SelectionNeeded(Invalid):
    """Nothing says which products are meant; all of them are `{"everything": true}`."""

    code = "selection_needed"


class PriceRange(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"currency": "EUR", "from_minor": 1000, "to_minor": 4999}`: both bounds are in it, or no second one."""

    currency: Currency
    from_minor: MinorUnits = 0
    to_minor: MinorUnits | None = None


class Selection(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"brand": "Lumeno", "price": {"currency": "EUR", "from_minor": 1000}}`: products for which all of it is so.

    A category holds what lies below it. By SKUs or a price, other variants of the product keep their prices.
    """

    everything: bool = False
    category_id: UUID | None = None
    brand: Annotated[str, Meta(max_length=200)] | None = None
    status: Status | None = None
    skus: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=MOST_SKUS)] = []
    price: PriceRange | None = None


class Edit(Struct, frozen=True):
    """Which products, and what is to become of each."""

    selection: Selection
    operation: Operation


class Shelf(NamedTuple):
    """A product with the prices of its SKUs, those that ever had one, and the product type that it has behind the edit,
    if that is declared."""

    product: Product
    priced: Mapping[str, PricedVariant]
    declared: ProductType | None = None


def check(edit: Edit, tree: Collection[Category], products: Collection[UUID] = ()) -> None:
    """Raises `SelectionNeeded`, `UnknownCurrency`, `NoSuchCategory`, what a text may not hold, and the refusals of
    `check_operation`; `products`: which there are of those that the operation names."""
    for text, pointer in [(edit.selection.brand or "", "/selection/brand"), *_skus(edit.selection)]:
        catalog.check_text(text, pointer, LONGEST_TEXT)
    if edit.selection == Selection():
        raise SelectionNeeded('say which products are meant, or {"everything": true}', pointer="/selection")
    if edit.selection.price is not None:
        pricing.check_currency(edit.selection.price.currency)
    ids = {category.id for category in tree}
    if (category_id := edit.selection.category_id) is not None and category_id not in ids:
        raise catalog.NoSuchCategory(f"there is no category {category_id}", pointer="/selection/category_id")
    check_operation(edit.operation, ids, products)


def _skus(selection: Selection) -> list[tuple[str, str]]:
    return [(sku, f"/selection/skus/{place}") for place, sku in enumerate(selection.skus)]


def below(category_id: UUID, tree: Collection[Category]) -> set[UUID]:
    """A category and all that lies below it."""
    found, level = {category_id}, {category_id}
    while level := {category.id for category in tree if category.parent_id in level}:
        found |= level
    return found


def type_after(product: Product, operation: Operation) -> str:
    """The name of a product's type behind an edit."""
    return operation.product_type.strip() if isinstance(operation, ProductTypeSet) else product.facts.product_type


def edited(shelf: Shelf, edit: Edit, now: datetime) -> Decided | None:
    """What becomes of a product that is so but for its prices; None if no SKU of it is meant."""
    skus = _meant(shelf, edit.selection, now)
    if not skus:
        return None
    try:
        if isinstance(edit.operation, PriceByPercent | PriceByAmount | PriceTo):
            return _repriced(shelf, skus, edit.operation, now)
        return _revised(shelf, edit.operation)
    except Refusal as refusal:
        left = PlaceLeft(str(refusal.facts.get("pointer", "")), refusal.code, detail=refusal.detail)
        return Decided(Outcome(shelf.product.id, shelf.product.facts.slug, "left", left=[left]))


def _meant(shelf: Shelf, selection: Selection, now: datetime) -> list[str]:
    sold = [variant.sku for variant in shelf.product.facts.variants]
    if selection.skus:
        wanted = set(selection.skus)
        sold = [sku for sku in sold if sku in wanted]
    if (price := selection.price) is None:
        return sold
    return [sku for sku in sold if _within(price, _own(shelf, sku, price.currency, now))]


def _within(price: PriceRange, amount: int | None) -> bool:
    return amount is not None and price.from_minor <= amount and (price.to_minor is None or amount <= price.to_minor)


def _own(shelf: Shelf, sku: str, currency: str, now: datetime) -> int | None:
    priced = shelf.priced.get(sku)
    return None if priced is None else pricing.own_prices(priced, now).get(currency)


def _revised(shelf: Shelf, operation: FactsOperation) -> Decided:
    product, facts = shelf.product, catalog.checked(facts_after(shelf.product, operation))
    _check_type(shelf, facts, operation)
    event = catalog.revise(product, facts)
    slug = product.facts.slug
    if event is None:
        return Decided(Outcome(product.id, slug, "unchanged"))
    changes = places.changed(places.of_facts(product.facts), places.of_facts(facts))
    change = Change(catalog.evolve_product(product, product.version + 1, event), event)
    return Decided(Outcome(product.id, slug, "edited", changes), change)


def _check_type(shelf: Shelf, facts: ProductFacts, operation: FactsOperation) -> None:
    """Only what is touched: who mends products attribute by attribute, since their type asks for more, gets through."""
    for_sale, declared = facts.status == "active", shelf.declared
    match operation:
        case AttributeSet(name) | AttributeRemoved(name):
            product_types.check(facts.attributes, declared, for_sale=for_sale, only=name)
        case StatusSet("active"):
            product_types.check(facts.attributes, declared, for_sale=True)
        case ProductTypeSet() if facts.product_type != shelf.product.facts.product_type:
            product_types.check(facts.attributes, declared, for_sale=for_sale)


def _repriced(shelf: Shelf, skus: Sequence[str], operation: PriceOperation, now: datetime) -> Decided:
    found: list[Repriced] = []
    changes: list[PlaceChanged] = []
    left: list[PlaceLeft] = []
    ids, currency = shelf.product.variant_ids(), operation.currency
    for sku in skus:
        before = _own(shelf, sku, currency, now)
        after = priced_by(operation, before)
        if after is None or after == before:
            continue
        if before and gives_away(operation, after):
            left.append(PlaceLeft(f"/prices/{sku}/{currency}", "would_be_free", detail=f"{before} would become 0"))
            continue
        priced = shelf.priced.get(sku) or PricedVariant(ids[sku], 0, shelf.product.id, sku)
        changed = pricing.own_prices_set(priced, {currency: after}, now)
        if changed is not None:
            found.append(changed)
            changes.append(PlaceChanged(f"/prices/{sku}/{currency}", before, after))
    became: Became = ("partly" if left else "edited") if found else "left" if left else "unchanged"
    outcome = Outcome(shelf.product.id, shelf.product.facts.slug, became, changes, left)
    sums = {
        "prices": len(changes),
        "minor_before": sum(change.before or 0 for change in changes),
        "minor_after": sum(change.after for change in changes),
    }
    return Decided(outcome, None, found, sums)


def priced_by(operation: PriceOperation, before: int | None) -> int | None:
    """What a SKU costs then; None: there is nothing to raise or lower. Never less than nothing."""
    match operation:
        case PriceTo():
            return operation.amount_minor
        case PriceByPercent():
            return None if before is None else rounded(_percent(before, operation.basis_points), operation.rounding)
        case PriceByAmount():
            return None if before is None else rounded(before + operation.amount_minor, operation.rounding)


def gives_away(operation: PriceOperation, after: int) -> bool:
    """Whether a price would fall to nothing by an amount or by rounding, which nobody means; to give away is said by
    `price_set` 0, or 100 % less."""
    if isinstance(operation, PriceTo) or (isinstance(operation, PriceByPercent) and operation.basis_points == -10_000):
        return False
    return after == 0


def _percent(before: int, basis_points: int) -> int:
    """Exactly, half a minor unit up."""
    return (before * (10_000 + basis_points) + 5_000) // 10_000


def rounded(amount: int, rounding: Rounding) -> int:
    """To the nearest multiple, half of it up; less what is taken off."""
    return max(0, (amount + rounding.to // 2) // rounding.to * rounding.to - rounding.less)
