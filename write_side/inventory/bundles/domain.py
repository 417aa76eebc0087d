"""Bundles, pure: what a SKU may be made of, what is in several of them, and whether shoppers can have it.

A bundle has no stock of its own: what is sold of it is reserved of its components. Stock that is kept under its own SKU
all the same is not sold while it is a bundle.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.inventory import (
    BundleAvailabilityChanged,
    BundleComponent,
    BundleComposed,
    BundleEvent,
    Level,
)
from write_side.errors import Invalid, NotFound, Refusal
from write_side.inventory.domain import Sku

MOST_COMPONENTS = 50


class NestedBundle(Refusal):
    """A bundle is made of plain SKUs: none of its components may be a bundle, and it may be in none; `skus` says
    which."""

    code = "nested_bundle"


class UnknownBundle(NotFound):
    """This SKU is no bundle."""

    code = "unknown_bundle"


class Component(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "BULB", "quantity": 2}`."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=1_000)] = 1


class ComposeBundle(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"components": [{"sku": "LAMP", "quantity": 1}, {"sku": "BULB", "quantity": 2}]}`."""

    components: Annotated[list[Component], Meta(min_length=1, max_length=MOST_COMPONENTS)]


class Bundle(Struct, frozen=True):
    """What a SKU is made of; once that is nothing, it is no bundle any more."""

    id: UUID
    sku: str
    product_id: UUID
    components: list[BundleComponent]
    availability: Level
    version: int


class Stocked(NamedTuple):
    """What can be sold of a SKU over all warehouses; at or below `low_at` it is low."""

    available: int
    low_at: int


def check_composable(sku: str, command: ComposeBundle, bundles: Collection[str], within: Collection[str]) -> None:
    """`bundles`: which of the components are bundles; `within`: which bundles this SKU is a component of. Raises
    `NestedBundle`, and `Invalid` for a component named twice or the bundle itself."""
    named = [component.sku for component in command.components]
    for n, component in enumerate(named):
        if component == sku or component in named[:n]:
            raise Invalid(f"{component} can't be in it once more", pointer=f"/components/{n}/sku")
    if nested := [*bundles, *within]:
        raise NestedBundle(f"no bundle can be in another: {', '.join(nested)}", skus=nested)


def compose(
    bundle: Bundle | None, bundle_id: UUID, sku: str, product_id: UUID, components: list[BundleComponent],
    availability: Level,
) -> BundleComposed | None:  # fmt: skip
    """The event, or None where it is so already."""
    if bundle is not None and bundle.components == components:
        return None
    return BundleComposed(bundle.id if bundle else bundle_id, sku, product_id, components, availability)


def level(components: Iterable[BundleComponent], stock: Mapping[str, Stocked]) -> Level:
    """What a shopper sees: out as soon as one component is lacking, low as soon as one is low."""
    found: Level = "in"
    for component in components:
        kept = stock.get(component.sku, Stocked(0, 0))
        if kept.available < component.quantity:
            return "out"
        if kept.available <= kept.low_at:
            found = "low"
    return found


def move(bundle: Bundle, stock: Mapping[str, Stocked]) -> BundleAvailabilityChanged | None:
    """Whether its components let shoppers see something else of it by now."""
    now = level(bundle.components, stock)
    if not bundle.components or now == bundle.availability:
        return None
    return BundleAvailabilityChanged(bundle.id, bundle.sku, bundle.product_id, now)


def evolve(bundle: Bundle | None, event: BundleEvent, version: int) -> Bundle:
    """A bundle after an event."""
    if isinstance(event, BundleComposed):
        return Bundle(event.bundle_id, event.sku, event.product_id, event.components, event.availability, version)
    assert bundle is not None, "a bundle's history begins with BundleComposed"
    return structs.replace(bundle, availability=event.availability, version=version)
