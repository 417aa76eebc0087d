"""What two read models know of a product: its facts, its prices and its stock, folded from the events of its key."""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

import msgspec
from msgspec import Raw, field

from projector.model import Folded, encode
from projector.read_models.shelves import restocked
from shared.codec import Event
from shared.documents.shelves import Shelf, level
from shared.envelope import Recorded
from shared.events.catalog import ProductCreated, ProductEvent, ProductFacts, ProductRevised
from shared.events.inventory import StockItemEvent, StockItemOpened
from shared.events.pricing import PriceRemoved, PriceSet

CONTEXTS = frozenset({"catalog", "pricing", "inventory"})

_STOCK_EVENTS = get_args(StockItemEvent)
_PRODUCT_EVENTS = (ProductCreated, ProductRevised, PriceSet, PriceRemoved)
_KEY = "product:"


UNKNOWN = Raw(b"null")

_facts: msgspec.json.Decoder[ProductFacts | None] = msgspec.json.Decoder(ProductFacts | None)


class Product(Folded, frozen=True):
    """Prices and stock may be there before the facts are, and stay when a variant is taken out."""

    id: UUID
    facts: Raw = UNKNOWN  # of ProductFacts: stock events pass them on unread
    prices: dict[str, dict[str, int]] = field(default_factory=dict)  # SKU → currency → minor units
    shelves: dict[str, dict[str, Shelf]] = field(default_factory=dict)  # SKU → warehouse → shelf


def touches(recorded: Recorded, event: Event) -> Sequence[str]:
    """The product whose key the event has."""
    if isinstance(event, _PRODUCT_EVENTS):
        return (str(event.product_id),)
    return (recorded.key.removeprefix(_KEY),) if isinstance(event, _STOCK_EVENTS) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """Prices and stock are of products that are there."""
    return isinstance(event, ProductCreated)


def evolve(
    state: Product | None, recorded: Recorded, event: ProductEvent | PriceSet | PriceRemoved | StockItemEvent
) -> Product:
    """The product after the event."""
    state = state or Product(0, UUID(recorded.key.removeprefix(_KEY)))
    facts, prices, shelves = state.facts, state.prices, state.shelves
    match event:
        case ProductCreated() | ProductRevised():
            facts = Raw(encode(event.facts))
        case PriceSet():
            prices = {**prices, event.sku: {**prices.get(event.sku, {}), event.currency: event.amount_minor}}
        case PriceRemoved():
            left = {c: amount for c, amount in prices.get(event.sku, {}).items() if c != event.currency}
            prices = {**prices, event.sku: left}
        case _:
            if event.sku not in shelves and not isinstance(event, StockItemOpened):
                raise ValueError(f"{event.sku}: stock moved before its item was opened")
            shelves = {**shelves, event.sku: restocked(shelves.get(event.sku, {}), event)}
    return Product(recorded.position, state.id, facts, prices, shelves)


def facts_of(state: Product) -> ProductFacts | None:
    """What the merchant said of it; None as long as only prices or stock were heard of."""
    return _facts.decode(state.facts)


def alike(before: Product, after: Product) -> bool:
    """Whether shoppers see the same of both. A sale seldom changes more than numbers that are staff's."""
    return before.facts == after.facts and before.prices == after.prices and _levels_stay(before, after)


def _levels_stay(before: Product, after: Product) -> bool:
    moved = [sku for sku, shelves in after.shelves.items() if before.shelves.get(sku) is not shelves]
    return all(level(before.shelves.get(sku, {})) == level(after.shelves[sku]) for sku in moved)
