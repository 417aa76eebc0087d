"""What lies in each warehouse, as every model that shows stock holds it, and what shoppers may know of it."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from shared.documents.stock import Availability, availability


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
