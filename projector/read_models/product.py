"""What two read models know of a product: its facts, its prices and its stock, folded from the events of its key."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

import msgspec
from msgspec import Raw, field

from projector.model import Folded, encode
from projector.read_models.price_times import horizon_of, list_steps, own_steps
from projector.read_models.shelves import bundled, composed, restocked
from shared.codec import Event
from shared.documents.prices import Step
from shared.documents.product_pages import Known
from shared.documents.shelves import Shelf, level
from shared.documents.stock import Availability
from shared.envelope import Recorded
from shared.events.catalog import ProductCreated, ProductEvent, ProductFacts, ProductRevised
from shared.events.inventory import (
    BundleAvailabilityChanged,
    BundleComponent,
    BundleComposed,
    BundleEvent,
    StockItemEvent,
    StockItemOpened,
)
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceEvent,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
)

CONTEXTS = frozenset({"catalog", "pricing", "inventory"})

_STOCK_EVENTS = get_args(StockItemEvent)
_PRODUCT_EVENTS = (ProductCreated, ProductRevised, *get_args(PriceEvent), *get_args(BundleEvent))
_KEY = "product:"


UNKNOWN = Raw(b"null")

_facts: msgspec.json.Decoder[ProductFacts | None] = msgspec.json.Decoder(ProductFacts | None)


class Product(Folded, frozen=True):
    """Prices and stock may be there before the facts are, and stay when a variant is taken out."""

    id: UUID
    facts: Raw = UNKNOWN  # of ProductFacts: stock events pass them on unread
    prices: dict[str, dict[str, int]] = field(default_factory=dict)  # SKU → currency → minor units
    shelves: dict[str, dict[str, Shelf]] = field(default_factory=dict)  # SKU → warehouse → shelf
    own: dict[str, dict[str, list[Step]]] = field(default_factory=dict)  # SKU → currency → steps, if there are several
    lists: dict[str, dict[str, list[Step]]] = field(default_factory=dict)  # SKU → price list → steps
    bundles: dict[str, Availability] = field(default_factory=dict)  # SKU → what the stock of its components lets have
    components: dict[str, list[BundleComponent]] = field(default_factory=dict)  # SKU → what is in it, if it is a bundle


def touches(recorded: Recorded, event: Event) -> Sequence[str]:
    """The product whose key the event has."""
    if isinstance(event, _PRODUCT_EVENTS):
        return (str(event.product_id),)
    return (recorded.key.removeprefix(_KEY),) if isinstance(event, _STOCK_EVENTS) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """Prices and stock are of products that are there."""
    return isinstance(event, ProductCreated)


def evolve(
    state: Product | None, recorded: Recorded, event: ProductEvent | PriceEvent | StockItemEvent | BundleEvent
) -> Product:
    """The product after the event."""
    state = state or Product(0, UUID(recorded.key.removeprefix(_KEY)))
    facts, prices, shelves, at = state.facts, state.prices, state.shelves, recorded.recorded_at
    own, lists, bundles, components = state.own, state.lists, state.bundles, state.components
    match event:
        case ProductCreated() | ProductRevised():
            facts = Raw(encode(event.facts))
        case ListPriceSet() | ListPriceRemoved():
            id_ = str(event.price_list_id)
            steps = list_steps(lists.get(event.sku, {}).get(id_, ()), event, at, _horizon(state, event.sku, at))
            lists = _placed(lists, event.sku, id_, steps)
        case PriceScheduled() | PriceUnscheduled():
            own = _own_after(state, event, at)
        case PriceSet():
            own = _own_after(state, event, at)
            prices = {**prices, event.sku: {**prices.get(event.sku, {}), event.currency: event.amount_minor}}
        case PriceRemoved():
            own = _own_after(state, event, at)
            left = {c: amount for c, amount in prices.get(event.sku, {}).items() if c != event.currency}
            prices = {**prices, event.sku: left}
        case BundleComposed() | BundleAvailabilityChanged():
            bundles, components = bundled(bundles, event), composed(components, event)
        case _:
            if event.sku not in shelves and not isinstance(event, StockItemOpened):
                raise ValueError(f"{event.sku}: stock moved before its item was opened")
            shelves = {**shelves, event.sku: restocked(shelves.get(event.sku, {}), event)}
    return Product(recorded.position, state.id, facts, prices, shelves, own, lists, bundles, components)


def _own_after(
    state: Product, event: PriceSet | PriceRemoved | PriceScheduled | PriceUnscheduled, at: datetime
) -> dict[str, dict[str, list[Step]]]:
    known, price = state.own.get(event.sku, {}).get(event.currency), state.prices.get(event.sku, {}).get(event.currency)
    steps = own_steps(known, price, event, at, _horizon(state, event.sku, at))
    return _placed(state.own, event.sku, event.currency, steps)


def _horizon(state: Product, sku: str, at: datetime) -> datetime:
    return horizon_of(state.lists.get(sku, {}).values(), at)


def _placed(
    times: dict[str, dict[str, list[Step]]], sku: str, name: str, steps: list[Step]
) -> dict[str, dict[str, list[Step]]]:
    if not steps and name not in times.get(sku, {}):
        return times
    return {**times, sku: {**times.get(sku, {}), name: steps}}


def known_of(state: Product) -> Known | None:
    """What is told of it; None as long as only prices or stock were heard of."""
    facts = _facts.decode(state.facts)
    if facts is None:
        return None
    return Known(
        state.id, facts, state.prices, state.shelves, state.own, state.lists, state.bundles, state.components
    )  # fmt: skip


def lowest_prices(known: Known) -> dict[str, int]:
    """By currency, of its variants."""
    lowest: dict[str, int] = {}
    for variant in known.facts.variants:
        for currency, amount in known.prices.get(variant.sku, {}).items():
            lowest[currency] = min(amount, lowest.get(currency, amount))
    return lowest


def asking(known: Known) -> set[str]:
    """The price lists that ask something for one of its variants."""
    asked = (known.lists.get(variant.sku, {}) for variant in known.facts.variants)
    return {id_ for lists in asked for id_, steps in lists.items() if steps[-1].amount_minor is not None}


def alike(before: Product, after: Product) -> bool:
    """Whether shoppers see the same of both. A sale seldom changes more than numbers that are staff's."""
    told = before.facts == after.facts and before.prices == after.prices
    told = told and before.bundles == after.bundles and before.components == after.components
    return told and _times_stay(before, after) and _levels_stay(before, after)


def _times_stay(before: Product, after: Product) -> bool:
    return before.own == after.own and before.lists == after.lists


def _levels_stay(before: Product, after: Product) -> bool:
    moved = [sku for sku, shelves in after.shelves.items() if before.shelves.get(sku) is not shelves]
    return all(level(before.shelves.get(sku, {})) == level(after.shelves[sku]) for sku in moved)
