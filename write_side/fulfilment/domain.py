"""Parcels, pure: what may still be shipped, and what each event makes of a parcel.

What was refunded, or is about to be, or was dropped is not shipped any more. A refund that failed counts no more and
frees it again, unless its goods went back into stock when it was asked for: somebody else may have bought them since.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.fulfilment import FulfilmentEvent, ParcelDelivered, ParcelLine, ParcelShipped, ParcelTracked
from write_side.errors import NotFound, Refusal
from write_side.inventory import Demand, summed
from write_side.orders import Order
from write_side.refunds import Refund

Text = Annotated[str, Meta(min_length=1, max_length=64)]


class NotShippable(Refusal):
    """The order's money is not taken (yet), or it is cancelled: nothing leaves the house."""

    code = "not_shippable"


class ShipsTooMuch(Refusal):
    """More of a line than was ordered, less what is shipped, refunded or held for the parcels of pick lists; `lines`
    says what is left of each."""

    code = "ships_too_much"


class NothingToShip(Refusal):
    """All of it is shipped or refunded, or held for the parcels of pick lists."""

    code = "nothing_to_ship"


class TrackingNumberTaken(Refusal):
    """Another parcel of this carrier has this number."""

    code = "tracking_number_taken"


class UnshippedOrders(Refusal):
    """The person has paid for goods that have not left the house; `order_ids` says which orders. Labels need the
    address."""

    code = "unshipped_orders"


class UnknownParcel(NotFound):
    """No such parcel."""

    code = "unknown_parcel"


class NewParcel(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"carrier": "DHL", "tracking_number": "00340434", "lines": [{"sku": "DB100000", "quantity": 1}]}`.

    Without `lines` what the pick list `pick_id` holds, or all that is left and held for no list.
    """

    carrier: Text
    tracking_number: Text
    lines: Annotated[list[Demand], Meta(max_length=5_000)] = []
    pick_id: UUID | None = None


class Parcel(Struct, frozen=True):
    """A parcel that left the house."""

    id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    lines: list[ParcelLine]
    state: Literal["shipped", "delivered"]
    version: int
    pick_id: UUID | None = None
    tracking: str | None = None  # where the carrier saw it last
    delivered_at: datetime | None = None
    within: UUID | None = None  # a parcel of the order that its order adds to


def owed(order: Order, withheld: Mapping[str, int], earlier: Iterable[Parcel]) -> dict[str, int]:
    """SKU → how many the customer has not been sent and is to get."""
    shipped = summed(line for parcel in earlier for line in parcel.lines)
    ordered = summed(line for line in order.lines if not line.gift_card)
    kept = {sku: withheld.get(sku, 0) + order.dropped.get(sku, 0) for sku in ordered}
    return {sku: n - kept[sku] - shipped.get(sku, 0) for sku, n in ordered.items()}


def ship(
    order_id: UUID, due: Mapping[str, int], wanted: NewParcel, parcel_id: UUID, packed: Sequence[ParcelLine] = ()
) -> ParcelShipped:
    """A parcel with these lines. `due`: SKU → how many may leave in it. `packed`: what the pick list holds that it is
    made of; what was refunded since stays out.

    Refuses `ships_too_much`, `nothing_to_ship`.
    """
    asked = summed(wanted.lines)
    if wanted.pick_id is not None:
        asked = {line.sku: min(line.quantity, due.get(line.sku, 0)) for line in packed}
    elif not asked:
        asked = dict(due)
    if not wanted.lines:
        asked = {sku: quantity for sku, quantity in asked.items() if quantity > 0}
    if not asked:
        raise NothingToShip("all of it is shipped, refunded, or held for other parcels")
    if lacking := [sku for sku, quantity in asked.items() if quantity > due.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": asked[sku], "left": max(due.get(sku, 0), 0)} for sku in lacking]
        raise ShipsTooMuch(f"not so many are left to ship: {', '.join(lacking[:20])}", lines=facts)
    lines = [ParcelLine(sku, quantity) for sku, quantity in asked.items()]
    return ParcelShipped(parcel_id, order_id, wanted.carrier, wanted.tracking_number, lines, wanted.pick_id)


def deliver(parcel: Parcel, at: datetime) -> ParcelDelivered | None:
    """It has arrived; None if that is known."""
    return None if parcel.state == "delivered" else ParcelDelivered(parcel.id, parcel.order_id, at)


# What may be seen of a parcel, in the order in which it is believed: what was seen later outdoes what is told late.
# That it is back here (`returned`) no carrier says: to them it is delivered, whoever got it.
WAY = ("collected", "in_transit", "out_for_delivery", "attempt_failed", "returning", "returned")
GOING_BACK = ("returning", "returned")


def track(parcel: Parcel, status: str, at: datetime) -> ParcelTracked | ParcelDelivered | None:
    """The carrier saw it; None if that is known, or outdone by what was told before."""
    if status == "delivered":
        if parcel.tracking not in GOING_BACK:
            return deliver(parcel, at)
        status = "returned"
    before = -1 if parcel.tracking is None else WAY.index(parcel.tracking)
    if parcel.state == "delivered" or WAY.index(status) <= before:
        return None
    return ParcelTracked(parcel.id, parcel.order_id, status, at)


def given_up(parcels: Sequence[Parcel], given: Iterable[Refund], free: Collection[str] = ()) -> list[Parcel]:
    """Parcels that have not arrived and that nobody waits for: all in them was refunded as goods that had left. Such
    goods are those that arrived, as far as any did, unless the refund says that they did not. `free`: SKUs that have
    cost nothing, which no refund names; they go as what lies beside them does."""
    live = [refund for refund in given if refund.state != "failed"]
    lost = summed(line for refund in live if refund.reason == "not_delivered" for line in refund.sent)
    others = summed(line for refund in live if refund.reason != "not_delivered" for line in refund.sent)
    arrived = summed(line for parcel in parcels if parcel.state == "delivered" for line in parcel.lines)
    left = Counter(lost) + (Counter(others) - Counter(arrived))
    found = []
    under_way = [parcel for parcel in parcels if parcel.state != "delivered"]
    for parcel in sorted(under_way, key=lambda parcel: (parcel.tracking not in GOING_BACK, parcel.id)):
        goods = Counter(summed(parcel.lines))
        paid = Counter({sku: quantity for sku, quantity in goods.items() if sku not in free})
        if goods <= left or (paid and paid <= left):
            left -= goods
            found.append(parcel)
    return found


def evolve(parcel: Parcel | None, event: FulfilmentEvent, version: int) -> Parcel:
    """A parcel after an event."""
    if isinstance(event, ParcelShipped):
        return Parcel(
            event.parcel_id, event.order_id, event.carrier, event.tracking_number, event.lines, "shipped", version,
            event.pick_id, within=event.within,
        )  # fmt: skip
    assert parcel is not None, "a parcel's history begins with ParcelShipped"
    if isinstance(event, ParcelTracked):
        return structs.replace(parcel, tracking=event.status, version=version)
    return structs.replace(parcel, state="delivered", delivered_at=event.delivered_at, version=version)
