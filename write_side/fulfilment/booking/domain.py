"""Bookings, pure: what each event makes of one."""

from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.booking import BookingCancelled, BookingEvent, BookingMade, BookingRequested


class Booking(Struct, frozen=True):
    """A parcel that the carrier is asked for; its id is the idempotency key there, and the parcel's."""

    id: UUID
    order_id: UUID
    pick_id: UUID
    state: Literal["requested", "booked", "cancelled"]
    tracking_number: str | None
    label: str | None
    version: int
    along: list[UUID] = []  # pick lists of orders that add to this one, in the same parcel


def evolve(booking: Booking | None, event: BookingEvent, version: int) -> Booking:
    """A booking after an event."""
    if isinstance(event, BookingRequested):
        return Booking(event.booking_id, event.order_id, event.pick_id, "requested", None, None, version, event.along)
    assert booking is not None, "a booking's history begins with BookingRequested"
    match event:
        case BookingMade(tracking_number=number, label=label):
            return structs.replace(booking, state="booked", tracking_number=number, label=label, version=version)
        case BookingCancelled():
            return structs.replace(booking, state="cancelled", version=version)
