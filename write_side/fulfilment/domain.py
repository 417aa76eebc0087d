"""Parcels, pure: what may still be shipped, and what each event makes of a parcel.

What was refunded, or is about to be, is not shipped any more. A refund that failed counts no more and frees it again,
unless its goods went back into stock when it was asked for: somebody else may have bought them since.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.fulfilment import FulfilmentEvent, ParcelDelivered, ParcelLine, ParcelShipped
from write_side.errors import NotFound, Refusal
from write_side.inventory import Demand, summed
from write_side.orders import Order

Text = Annotated[str, Meta(min_length=1, max_length=64)]


class NotShippable(Refusal):
    """The order's money is not taken (yet), or it is cancelled: nothing leaves the house."""

    code = "not_shippable"


class ShipsTooMuch(Refusal):
    """More of a line than was ordered, less what is shipped or refunded; `lines` says what is left of each."""

    code = "ships_too_much"


class NothingToShip(Refusal):
    """All of it is shipped or refunded."""

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

    Without `lines` all that is left.
    """

    carrier: Text
    tracking_number: Text
    lines: Annotated[list[Demand], Meta(max_length=5_000)] = []


class Parcel(Struct, frozen=True):
    """A parcel that left the house."""

    id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    lines: list[ParcelLine]
    state: Literal["shipped", "delivered"]
    version: int


def owed(order: Order, withheld: Mapping[str, int], earlier: Iterable[Parcel]) -> dict[str, int]:
    """SKU → how many the customer has not been sent and is to get."""
    shipped = summed(line for parcel in earlier for line in parcel.lines)
    return {sku: n - withheld.get(sku, 0) - shipped.get(sku, 0) for sku, n in summed(order.lines).items()}


def ship(
    order: Order, captured: bool, withheld: Mapping[str, int], earlier: Sequence[Parcel], wanted: NewParcel,
    parcel_id: UUID,
) -> ParcelShipped:  # fmt: skip
    """A parcel with these lines. `withheld`: SKU → how many nobody is to get any more.

    Refuses `not_shippable`, `ships_too_much`, `nothing_to_ship`.
    """
    if order.state != "confirmed" or not captured:
        raise NotShippable(f"the order is {order.state}, its money is not taken", order_state=order.state)
    left = owed(order, withheld, earlier)
    asked = summed(wanted.lines) or {s: n for s, n in left.items() if n > 0}
    if not asked:
        raise NothingToShip("all of it is shipped or refunded")
    if lacking := [sku for sku, quantity in asked.items() if quantity > left.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": asked[sku], "left": max(left.get(sku, 0), 0)} for sku in lacking]
        raise ShipsTooMuch(f"not so many are left to ship: {', '.join(lacking[:20])}", lines=facts)
    lines = [ParcelLine(sku, quantity) for sku, quantity in asked.items()]
    return ParcelShipped(parcel_id, order.id, wanted.carrier, wanted.tracking_number, lines)


def deliver(parcel: Parcel) -> ParcelDelivered | None:
    """It has arrived; None if that is known."""
    return None if parcel.state == "delivered" else ParcelDelivered(parcel.id, parcel.order_id)


def evolve(parcel: Parcel | None, event: FulfilmentEvent, version: int) -> Parcel:
    """A parcel after an event."""
    if isinstance(event, ParcelShipped):
        return Parcel(
            event.parcel_id, event.order_id, event.carrier, event.tracking_number, event.lines, "shipped", version
        )
    assert parcel is not None, "a parcel's history begins with ParcelShipped"
    return structs.replace(parcel, state="delivered", version=version)
