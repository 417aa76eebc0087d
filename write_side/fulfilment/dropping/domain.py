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
    goods = [line for line in now.order.lines if not line.gift_card]
    dropped = refunds.added_up([*now.order.dropped.items(), *less.items()])
    if not refunds.cover(now.given, goods, dropped):
        raise NotPaidBack("they have cost more than went back as mere amounts: refund their lines instead")


def _on_shelves(now: Standing, less: Mapping[str, int]) -> list[Allocation]:
    """Where these lie: on shelves that nobody went to, and then in boxes. What was not found lies nowhere."""
    here, sent = summed(now.places), summed(line for parcel in now.parcels for line in parcel.lines)
    left = {sku: min(quantity, here.get(sku, 0) - sent.get(sku, 0)) for sku, quantity in less.items()}
    found = Counter[tuple[str, str]]()
    for place in _in_the_house(now):
        if (quantity := min(place.quantity, left.get(place.sku, 0))) > 0:
            found[place.sku, place.warehouse] += quantity
            left[place.sku] -= quantity
    return [Allocation(sku, warehouse, quantity) for (sku, warehouse), quantity in found.items()]


def _in_the_house(now: Standing) -> Iterator[Allocation]:
    """Shelves first. A box holds no more than the books of its shelf don't have back already."""
    gone = [pick for pick in now.picks if pick.id in now.shipped_lists]
    begun = [pick for pick in now.picks if pick.state in ("picking", "picked")]
    away = picking.on_shelves(now.places, gone)
    taken = refunds.added_up(((line.sku, pick.warehouse), line.quantity) for pick in begun for line in pick.lines)
    for place in now.places:
        untouched = max(place.quantity - taken.get((place.sku, place.warehouse), 0), 0)
        away[place.warehouse, place.sku] -= untouched
        yield Allocation(place.sku, place.warehouse, untouched)
    for warehouse, line in ((pick.warehouse, line) for pick in begun if pick not in gone for line in pick.lines):
        boxed = min(line.quantity, away[warehouse, line.sku])
        away[warehouse, line.sku] -= boxed
        yield Allocation(line.sku, warehouse, boxed)
