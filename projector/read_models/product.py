"""What two read models know of a product: its facts, its prices and its stock, folded from the events of its key."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

import msgspec
from msgspec import Raw, field

from projector.model import Folded, encode
from projector.read_models.price_times import (
    OwnPriceEvent,
    Steps,
    horizon_of,
    list_steps,
    own_steps,
    scheduled_after,
    still_told,
)
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
_Times = dict[str, dict[str, list[Step]]]  # SKU → currency or price list → steps

UNKNOWN = Raw(b"null")

_facts: msgspec.json.Decoder[ProductFacts | None] = msgspec.json.Decoder(ProductFacts | None)


class Product(Folded, frozen=True):
    """Prices and stock may be there before the facts are, and stay when a variant is taken out."""

    id: UUID
    facts: Raw = UNKNOWN  # of ProductFacts: stock events pass them on unread
    prices: dict[str, dict[str, int]] = field(default_factory=dict)  # SKU → currency → minor units
    shelves: dict[str, dict[str, Shelf]] = field(default_factory=dict)  # SKU → warehouse → shelf
    own: _Times = field(default_factory=dict)  # SKU → currency → steps, if there are several
    lists: _Times = field(default_factory=dict)  # SKU → price list → steps
    bundles: dict[str, Availability] = field(default_factory=dict)  # SKU → what the stock of its components lets have
    components: dict[str, list[BundleComponent]] = field(default_factory=dict)  # SKU → what is in it, if it is a bundle
    scheduled: _Times = field(default_factory=dict)  # SKU → currency → what no event says yet that it has begun


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
    own, scheduled, lists = state.own, state.scheduled, state.lists
    bundles, components = state.bundles, state.components
    match event:
        case ProductCreated() | ProductRevised():
            facts = Raw(encode(event.facts))
        case ListPriceSet() | ListPriceRemoved():
            lists = _lists_after(state, event, at)
        case PriceSet() | PriceRemoved() | PriceScheduled() | PriceUnscheduled():
            prices = _prices_after(prices, event)
            own, scheduled = _steps_after(state, event, prices.get(event.sku, {}).get(event.currency), at)
            lists = _let_go(lists, event.sku, at)
        case BundleComposed() | BundleAvailabilityChanged():
            bundles, components = bundled(bundles, event), composed(components, event)
        case _:
            if event.sku not in shelves and not isinstance(event, StockItemOpened):
                raise ValueError(f"{event.sku}: stock moved before its item was opened")
            shelves = {**shelves, event.sku: restocked(shelves.get(event.sku, {}), event)}
    return Product(recorded.position, state.id, facts, prices, shelves, own, lists, bundles, components, scheduled)


def _prices_after(prices: dict[str, dict[str, int]], event: OwnPriceEvent) -> dict[str, dict[str, int]]:
    of_sku = prices.get(event.sku, {})
    match event:
        case PriceSet():
            return {**prices, event.sku: {**of_sku, event.currency: event.amount_minor}}
        case PriceRemoved():
            return {**prices, event.sku: {c: amount for c, amount in of_sku.items() if c != event.currency}}
        case _:
            return prices


def _lists_after(state: Product, event: ListPriceSet | ListPriceRemoved, at: datetime) -> _Times:
    """What price lists ask and asked after an event."""
    sku, id_ = event.sku, str(event.price_list_id)
    steps = list_steps(state.lists.get(sku, {}).get(id_, ()), event, at, _horizon(state, sku, at))
    return _let_go(_placed(state.lists, sku, id_, steps), sku, at)


def _let_go(lists: _Times, sku: str, at: datetime) -> _Times:
    """Without the lists of a SKU that no page tells of any more: else each sale that it ever was in would stay."""
    of_sku = lists.get(sku, {})
    told = still_told(of_sku, at)
    return lists if len(told) == len(of_sku) else {**lists, sku: told}


def _steps_after(state: Product, event: OwnPriceEvent, price: int | None, at: datetime) -> tuple[_Times, _Times]:
    """The steps of own prices after an event, and those that wait to be written down."""
    sku, currency = event.sku, event.currency
    known, before = state.own.get(sku, {}).get(currency), state.prices.get(sku, {}).get(currency)
    scheduled = scheduled_after(state.scheduled.get(sku, {}).get(currency, []), event)
    steps = own_steps(known, before, price, scheduled, at, _horizon(state, sku, at))
    return _placed(state.own, sku, currency, steps), _placed(state.scheduled, sku, currency, scheduled)


def _horizon(state: Product, sku: str, at: datetime) -> datetime:
    return horizon_of(state.lists.get(sku, {}).values(), at)


def _placed(times: _Times, sku: str, name: str, steps: Steps) -> _Times:
    if not steps and name not in times.get(sku, {}):
        return times
    return {**times, sku: {**times.get(sku, {}), name: steps}}


def known_of(state: Product) -> Known | None:
    """What is told of it; None as long as only prices or stock were heard of."""
    facts = _facts.decode(state.facts)
    if facts is None:
        return None
    return Known(
        state.id, facts, state.prices, state.shelves, state.own, state.lists, state.bundles, state.components,
        state.scheduled,
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
    return before.own == after.own and before.lists == after.lists and before.scheduled == after.scheduled


def _levels_stay(before: Product, after: Product) -> bool:
    moved = [sku for sku, shelves in after.shelves.items() if before.shelves.get(sku) is not shelves]
    return all(level(before.shelves.get(sku, {})) == level(after.shelves[sku]) for sku in moved)
