"""What happened to goods that customers send back. Aggregate: `return`, key `order:<order id>`."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.events.fulfilment import ParcelLine


class ReturnedUnits(Struct, frozen=True):
    """So many of a SKU as they came back: `sellable` ones lie on the shelf again, `damaged` ones don't."""

    sku: str
    quantity: int
    condition: str
    refunded: bool  # whether their money goes back


class ReturnRequested(Struct, frozen=True, tag="returns.return_requested.v1"):
    """Somebody wants to send goods back that had left; `requested_by` is `customer` or `staff`."""

    return_id: UUID
    order_id: UUID
    lines: list[ParcelLine]
    reason: str
    requested_by: str


class ReturnApproved(Struct, frozen=True, tag="returns.return_approved.v1"):
    """They may be sent; the warehouse waits for them."""

    return_id: UUID
    order_id: UUID
    warehouse: str


class ReturnRejected(Struct, frozen=True, tag="returns.return_rejected.v1"):
    return_id: UUID
    order_id: UUID
    reason: str


class ReturnLabelled(Struct, frozen=True, tag="returns.return_labelled.v1"):
    """The carrier will bring them."""

    return_id: UUID
    order_id: UUID
    carrier: str
    tracking_number: str
    label: str


class ReturnTracked(Struct, frozen=True, tag="returns.return_tracked.v1"):
    """The carrier saw them on their way; `delivered` means at the warehouse's door, and not that anybody looked."""

    return_id: UUID
    order_id: UUID
    status: str
    seen_at: datetime


class ReturnReceived(Struct, frozen=True, tag="returns.return_received.v1"):
    """Somebody unpacked what came. Without a refund nothing was to be given back, or nothing was left."""

    return_id: UUID
    order_id: UUID
    warehouse: str
    units: list[ReturnedUnits]
    refund_id: UUID | None


class ReturnRefunded(Struct, frozen=True, tag="returns.return_refunded.v1"):
    """Another refund takes the place of one that failed."""

    return_id: UUID
    order_id: UUID
    refund_id: UUID


class ReturnCancelled(Struct, frozen=True, tag="returns.return_cancelled.v1"):
    """The goods stay where they are."""

    return_id: UUID
    order_id: UUID


ReturnEvent = (
    ReturnRequested
    | ReturnApproved
    | ReturnRejected
    | ReturnLabelled
    | ReturnTracked
    | ReturnReceived
    | ReturnRefunded
    | ReturnCancelled
)
