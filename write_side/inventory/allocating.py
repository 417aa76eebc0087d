"""Which demand is met from where, pure.

Whether enough is left when the moment comes only the row knows (decision 3): `inventory_reserve` asks it. Everything
here decides on what was read before.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Protocol
from uuid import UUID

from shared.events.orders import Allocation
from shared.settings import AllocationStrategy
from write_side.inventory.domain import OutOfStock, StockItem, UnknownStock

MOST_COMBINED = 10  # warehouses, in the order in which they ship, among which the fewest are sought: at most 1,023 ways


class Line(Protocol):
    """So many of a SKU, whatever else is said of them."""

    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...


def summed(lines: Iterable[Line]) -> dict[str, int]:
    """How many per SKU: two lines of one SKU are checked together, or each passes alone and both are too much."""
    total: dict[str, int] = {}
    for line in lines:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return total


def allocate(
    demand: Mapping[str, int], items: Iterable[StockItem], strategy: AllocationStrategy = "priority",
    near: Sequence[str] = (),
) -> list[tuple[Allocation, UUID]]:  # fmt: skip
    """Where each SKU is taken from, with the stock item's id: `items` in the order in which warehouses ship, whole from
    one warehouse if one has enough. Nothing is held by it: the rows are asked later (`inventory_reserve`).

    Among those that have enough, `priority` takes the one that ships first, `nearest` the one that stands first in
    `near` (`nearness.by_nearness`), `most_stock` the one that has most left of the SKU, `fewest_parcels` those that let
    the whole order ship from the fewest places.

    Raises `UnknownStock` for a SKU kept nowhere and `OutOfStock` naming what is left of every line that lacks.
    """
    places: dict[str, list[StockItem]] = {sku: [] for sku in sorted(demand)}
    warehouses: dict[str, None] = {}
    for item in items:
        if item.sku in places:
            places[item.sku].append(item)
            warehouses[item.warehouse] = None
    lacking = [_left(sku, demand[sku], kept) for sku, kept in places.items() if _available(kept) < demand[sku]]
    if lacking:
        raise out_of_stock(lacking)
    preferred = _preferred(demand, places, list(warehouses), strategy, near)
    return [taken for sku, kept in preferred.items() for taken in _taken_from(kept, demand[sku])]


def _preferred(
    demand: Mapping[str, int],
    places: Mapping[str, list[StockItem]],
    warehouses: Sequence[str],
    strategy: AllocationStrategy,
    near: Sequence[str],
) -> Mapping[str, list[StockItem]]:
    match strategy:
        case "priority":
            return places
        case "nearest":
            return {sku: sorted(kept, key=lambda place: _way(place, near)) for sku, kept in places.items()}
        case "most_stock":
            return {sku: sorted(kept, key=lambda place: -place.available) for sku, kept in places.items()}
        case "fewest_parcels":
            few = _fewest(demand, places, warehouses[:MOST_COMBINED])
            return {sku: sorted(kept, key=lambda place: place.warehouse not in few) for sku, kept in places.items()}


def _way(place: StockItem, near: Sequence[str]) -> int:
    return near.index(place.warehouse) if place.warehouse in near else len(near)


def _fewest(
    demand: Mapping[str, int], places: Mapping[str, list[StockItem]], warehouses: Sequence[str]
) -> frozenset[str]:
    """The fewest warehouses of which each SKU that one warehouse has whole can come whole; of several such sets the one
    whose warehouses ship first. A SKU that has to be split is split over these first."""
    whole = {
        frozenset(place.warehouse for place in kept if place.available >= demand[sku]) for sku, kept in places.items()
    } - {frozenset()}
    reachable = [one for one in whole if not one.isdisjoint(warehouses)]
    for size in range(1, len(warehouses) + 1):
        for few in combinations(warehouses, size):
            if all(not one.isdisjoint(few) for one in reachable):
                return frozenset(few)
    return frozenset()


def _available(places: Sequence[StockItem]) -> int:
    return sum(max(place.available, 0) for place in places)


def _left(sku: str, wanted: int, places: Sequence[StockItem]) -> dict[str, object]:
    if not places:
        raise UnknownStock(f"{sku} is kept in no warehouse", sku=sku)
    return {"sku": sku, "wanted": wanted, "available": _available(places)}


def _taken_from(places: Sequence[StockItem], wanted: int) -> list[tuple[Allocation, UUID]]:
    whole = next((place for place in places if place.available >= wanted), None)
    if whole is not None:
        return [(Allocation(whole.sku, whole.warehouse, wanted), whole.id)]
    taken = []
    for place in places:
        quantity = min(wanted, max(place.available, 0))
        if quantity:
            taken.append((Allocation(place.sku, place.warehouse, quantity), place.id))
            wanted -= quantity
    return taken


def out_of_stock(lines: Sequence[Mapping[str, object]]) -> OutOfStock:
    """The refusal for lines of {sku, wanted, available}."""
    said = "; ".join(f"{line['sku']}: {line['wanted']} wanted, {line['available']} left" for line in lines)
    return OutOfStock(said, lines=[{k: line[k] for k in ("sku", "wanted", "available")} for line in lines])
