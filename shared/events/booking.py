"""What happened to bookings of parcels at the carrier. Aggregate: `booking`, key `order:<order id>`."""

from uuid import UUID

from msgspec import Struct


class BookingRequested(Struct, frozen=True, tag="fulfilment.booking_requested.v1"):
    """What a pick list holds is packed: the carrier is to take it. The parcel will have the booking's id."""

    booking_id: UUID
    order_id: UUID
    pick_id: UUID
    along: list[UUID] = []  # pick lists of orders that add to this one: they lie in the same parcel


class BookingMade(Struct, frozen=True, tag="fulfilment.booking_made.v1"):
    """The carrier has given it a number and a label (where to fetch it, or what to print)."""

    booking_id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    label: str


class BookingCancelled(Struct, frozen=True, tag="fulfilment.booking_cancelled.v1"):
    """Nothing is left to be sent by it: its goods were refunded, or have left in a parcel that somebody made."""

    booking_id: UUID
    order_id: UUID


BookingEvent = BookingRequested | BookingMade | BookingCancelled
