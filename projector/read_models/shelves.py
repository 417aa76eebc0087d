"""What lies in each warehouse, folded from stock events: part of the state of every model that shows stock."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from shared.documents.stock import Availability, availability
from shared.events.inventory import StockItemEvent, StockItemOpened


class Shelf(Struct, frozen=True):
    """One SKU in one warehouse."""

    on_hand: int
    reserved: int
    low_at: int

    @property
    def available(self) -> int:
        """What can still be sold."""
        return self.on_hand - self.reserved


Shelves = Mapping[str, Shelf]  # warehouse → shelf


def restocked(shelves: Shelves, event: StockItemEvent) -> dict[str, Shelf]:
    """The shelves of a SKU after a stock event; its figures overwrite, nothing is added up."""
    low_at = event.low_at if isinstance(event, StockItemOpened) else shelves[event.warehouse].low_at
    return {**shelves, event.warehouse: Shelf(event.on_hand, event.reserved, low_at)}


def available(shelves: Shelves) -> int:
    """Over all warehouses."""
    return sum(shelf.available for shelf in shelves.values())


def level(shelves: Shelves) -> Availability:
    """What a shopper sees of a SKU. Low goes by the highest threshold of its warehouses; no stock item is out."""
    return availability(available(shelves), max((shelf.low_at for shelf in shelves.values()), default=0))


def best(levels: Iterable[Availability]) -> Availability:
    """Of several SKUs: a product can be had as long as one of its variants can."""
    seen = set(levels)
    return "in" if "in" in seen else "low" if "low" in seen else "out"
