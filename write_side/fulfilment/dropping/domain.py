"""Dropping goods of an order, pure: what may be, and from which shelves it is back in stock."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation, GoodsDropped
from write_side import refunds
from write_side.errors import Refusal
from write_side.fulfilment.picking import domain as picking
from write_side.fulfilment.standing import Standing
from write_side.inventory import Demand, summed


class DropsTooMuch(Refusal):
    """More than is still to be sent; `lines` says what is left of each."""

    code = "drops_too_much"


class NotPaidBack(Refusal):
    """These have cost more than went back as mere amounts: a refund of their lines gives that back, and drops them."""

    code = "not_paid_back"


class DropGoods(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"lines": [{"sku": "DB100000", "quantity": 1}]}`: so many less are sent."""

    lines: Annotated[list[Demand], Meta(min_length=1, max_length=5_000)]


def drop(now: Standing, less: Mapping[str, int]) -> GoodsDropped:
    """So many less (SKU → how many) are sent. Refuses `drops_too_much`, `not_paid_back`."""
    if lacking := [sku for sku, quantity in less.items() if quantity > now.owed.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": less[sku], "left": max(now.owed.get(sku, 0), 0)} for sku in lacking]
        raise DropsTooMuch(f"not so many are to be sent: {', '.join(lacking[:20])}", lines=facts)
    check_paid_back(now, less)
    lines = [ParcelLine(sku, quantity) for sku, quantity in less.items()]
    return GoodsDropped(now.order.id, lines, _on_shelves(now, less))


def check_paid_back(now: Standing, less: Mapping[str, int]) -> None:
    """Whether nobody has money to get for them. Refuses `not_paid_back`."""
    if not now.covers(refunds.added_up([*now.order.dropped.items(), *less.items()])):
        raise NotPaidBack("they have cost more than went back as mere amounts: refund their lines instead")


def _on_shelves(now: Standing, less: Mapping[str, int]) -> list[Allocation]:
    """Where these lie: on shelves that nobody went to, and then in boxes. What was not found lies nowhere."""
    here, sent = summed(now.places), now.sent
    left = {sku: min(quantity, here.get(sku, 0) - sent.get(sku, 0)) for sku, quantity in less.items()}
    found = Counter[tuple[str, str]]()
    for place in _shelves_and_boxes(now):
        if (quantity := min(place.quantity, left.get(place.sku, 0))) > 0:
            found[place.sku, place.warehouse] += quantity
            left[place.sku] -= quantity
    return [Allocation(sku, warehouse, quantity) for (sku, warehouse), quantity in found.items()]


def _shelves_and_boxes(now: Standing) -> Iterator[Allocation]:
    """Shelves first. A box holds no more than the books of its shelf don't have back already."""
    begun = [pick for pick in now.picks if picking.is_holding(pick)]
    away, shipped = now.in_the_house(), now.shipped_lists
    for (warehouse, sku), left in picking.on_shelves(now.places, begun).items():
        untouched = max(left, 0)
        away[warehouse, sku] -= untouched
        yield Allocation(sku, warehouse, untouched)
    boxes = [pick for pick in begun if pick.id not in shipped]
    for warehouse, line in ((pick.warehouse, line) for pick in boxes for line in pick.lines):
        boxed = min(line.quantity, away[warehouse, line.sku])
        away[warehouse, line.sku] -= boxed
        yield Allocation(line.sku, warehouse, boxed)
