"""What happened to the parcels of orders. Aggregate: `parcel`, key `order:<order id>`."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class ParcelLine(Struct, frozen=True):
    """So many of a SKU."""

    sku: str
    quantity: int


class ParcelShipped(Struct, frozen=True, tag="fulfilment.parcel_shipped.v1"):
    """The carrier has it. An order may go in several parcels; `pick_id` is the list that one was packed by."""

    parcel_id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    lines: list[ParcelLine]
    pick_id: UUID | None = None
    within: UUID | None = None  # a parcel of the order that this one adds to: it lies in there, under one number


class ParcelTracked(Struct, frozen=True, tag="fulfilment.parcel_tracked.v1"):
    """The carrier saw it on its way: `collected`, `in_transit`, `out_for_delivery`, `attempt_failed` or `returning`; or
    delivered what was returning: it is back with whoever sent it (`returned`)."""

    parcel_id: UUID
    order_id: UUID
    status: str
    seen_at: datetime


class ParcelDelivered(Struct, frozen=True, tag="fulfilment.parcel_delivered.v1"):
    parcel_id: UUID
    order_id: UUID
    delivered_at: datetime | None = None  # None: an event from before this was told


FulfilmentEvent = ParcelShipped | ParcelTracked | ParcelDelivered
