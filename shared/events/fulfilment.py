"""What happened to the parcels of orders. Aggregate: `parcel`, key `order:<order id>`."""

from uuid import UUID

from msgspec import Struct


class ParcelLine(Struct, frozen=True):
    """So many of a SKU."""

    sku: str
    quantity: int


class ParcelShipped(Struct, frozen=True, tag="fulfilment.parcel_shipped.v1"):
    """The carrier has it. An order may go in several parcels."""

    parcel_id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    lines: list[ParcelLine]


class ParcelDelivered(Struct, frozen=True, tag="fulfilment.parcel_delivered.v1"):
    parcel_id: UUID
    order_id: UUID


FulfilmentEvent = ParcelShipped | ParcelDelivered
