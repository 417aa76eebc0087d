"""Goods that an order is not sent any more, though no refund names them, pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from shared.events.orders import Allocation, GoodsDropped


def dropped_after(dropped: Mapping[str, int], event: GoodsDropped) -> dict[str, int]:
    """SKU → how many are not sent any more, these among them."""
    after = Counter(dropped)
    after.update({line.sku: line.quantity for line in event.lines})
    return dict(after)


def left_of(allocations: Sequence[Allocation], event: GoodsDropped) -> list[Allocation]:
    """Where an order's goods come from, less what is back in stock."""
    back = Counter({(place.sku, place.warehouse): place.quantity for place in event.restocked})
    left = [(place, place.quantity - back[place.sku, place.warehouse]) for place in allocations]
    return [Allocation(place.sku, place.warehouse, quantity) for place, quantity in left if quantity > 0]
