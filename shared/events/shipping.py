"""What happened to destinations. Aggregate: `destination` (one per country), key `destination:<country>`."""

from uuid import UUID

from msgspec import Struct


class DestinationSet(Struct, frozen=True, tag="shipping.destination_set.v1"):
    """From now on an order to this country pays this tax and, per currency, this flat shipping rate."""

    destination_id: UUID
    country: str
    tax_basis_points: int
    rates: dict[str, int]  # currency → minor units


ShippingEvent = DestinationSet
