"""Stock per SKU in Redis: in, low or out for shoppers, numbers per warehouse for staff."""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from projector.read_models.shelves import bundled, restocked
from shared.codec import Event
from shared.documents.shelves import Shelf, available, level
from shared.documents.stock import MODEL as NAME
from shared.documents.stock import STAFF, Availability, ShopperStock, StaffStock, WarehouseStock
from shared.envelope import Recorded
from shared.events.inventory import (
    BundleAvailabilityChanged,
    BundleComposed,
    BundleEvent,
    StockItemEvent,
    StockItemOpened,
)

_OF_A_SKU = (*get_args(StockItemEvent), *get_args(BundleEvent))


class SkuStock(Folded, frozen=True):
    sku: str
    product_id: UUID
    shelves: dict[str, Shelf]
    bundle: Availability | None = None  # what the stock of its components lets have


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The SKU."""
    return (event.sku,) if isinstance(event, _OF_A_SKU) else ()


def evolve(state: SkuStock | None, recorded: Recorded, event: StockItemEvent | BundleEvent) -> SkuStock:
    """A SKU begins with its first stock item, or as a bundle."""
    if state is None:
        if not isinstance(event, StockItemOpened | BundleComposed):
            raise ValueError(f"{event.sku}: stock moved before its item was opened")
        state = SkuStock(0, event.sku, event.product_id, {})
    shelves, bundle = state.shelves, state.bundle
    match event:
        case BundleComposed() | BundleAvailabilityChanged():
            bundle = bundled({}, event).get(event.sku)
        case _:
            shelves = restocked(shelves, event)
    return SkuStock(recorded.position, state.sku, state.product_id, shelves, bundle)


def render(_id: str, state: SkuStock, _keys: Keys) -> Rendered:
    """`<sku>` for shoppers, `STAFF` + SKU for staff."""
    shelves = state.shelves
    shown = state.bundle or level(shelves)
    staff = StaffStock(
        sku=state.sku,
        product_id=state.product_id,
        availability=shown,
        on_hand=sum(shelf.on_hand for shelf in shelves.values()),
        reserved=sum(shelf.reserved for shelf in shelves.values()),
        available=available(shelves),
        warehouses=[
            WarehouseStock(code, shelf.on_hand, shelf.reserved, shelf.available)
            for code, shelf in sorted(shelves.items())
        ],
    )
    return Rendered({state.sku: encode(ShopperStock(state.sku, shown)), f"{STAFF}{state.sku}": encode(staff)})


MODEL = ReadModel(
    name=NAME,
    version="v1",
    sink=REDIS,
    contexts=frozenset({"inventory"}),
    state=SkuStock,
    touches=touches,
    evolve=evolve,
    render=render,
)
