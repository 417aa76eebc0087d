"""What any carrier can be asked. Whoever ships with another one writes a second class like `gateway.WebCarrier`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from write_side.customers import Contact

Status = Literal["collected", "in_transit", "out_for_delivery", "attempt_failed", "returning", "delivered"]
Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Consignment(Struct, frozen=True):
    """A parcel to be: `id` is the idempotency key for ever, `pieces` is SKU → how many."""

    id: UUID
    contact: Contact
    pieces: Mapping[str, int]


class Booked(Struct, frozen=True):
    """What a booking is known by at the carrier, and where its label is."""

    tracking_number: Text
    label: Text


class Scan(Struct, frozen=True):
    """The carrier saw a parcel."""

    id: Text
    tracking_number: Text
    status: Status
    at: Annotated[datetime, Meta(tz=True)]


class CarrierDown(Exception):
    """No answer, or none that makes sense: what was asked may have been done."""


class CarrierRefused(Exception):
    """An answer that will not change by asking again; its text is the carrier's code."""


class Carrier(Protocol):
    """Each call raises `CarrierDown`, `CarrierRefused`, and stands outside of any transaction."""

    @property
    def name(self) -> str:
        """What customers call it."""

    async def book(self, consignment: Consignment) -> Booked:
        """A number and a label; the same consignment is the same booking."""

    async def fetch(self, consignment: Consignment, warehouse: str) -> Booked:
        """A label by which the customer sends a parcel to a warehouse; the same consignment is the same booking."""

    async def void(self, tracking_number: str) -> None:
        """The label will not be used; may be repeated."""

    async def scans(self, tracking_number: str) -> Sequence[Scan]:
        """Where a parcel was seen, oldest first; none of one that the carrier doesn't know."""
