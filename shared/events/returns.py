"""What happened to goods that customers send back. Aggregate: `return`, key `order:<order id>`."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation


class ReturnedUnits(Struct, frozen=True):
    """So many of a SKU as they came back: `sellable` ones lie on the shelf again, `damaged` ones don't."""

    sku: str
    quantity: int
    condition: str
    refunded: bool  # whether their money goes back


class Exchange(Struct, frozen=True, omit_defaults=True):
    """What is wished instead of the money: quoted, so that its price stands. `credit_minor` is what the goods that
    come back are worth, if all of them come; the difference goes back, or is to be paid. Minor units. `beside`: the
    pieces for which some of it costs less than today, or is sent though it is sold by turns; if fewer of these come,
    nothing is sent."""

    quote_id: UUID
    lines: list[ParcelLine]
    total_minor: int
    credit_minor: int
    currency: str
    beside: list[ParcelLine] = []


class ReturnRequested(Struct, frozen=True, omit_defaults=True, tag="returns.return_requested.v1"):
    """Somebody wants to send goods back that had left; `requested_by` is `customer` or `staff`."""

    return_id: UUID
    order_id: UUID
    lines: list[ParcelLine]
    reason: str
    requested_by: str
    exchange: Exchange | None = None


class ReturnApproved(Struct, frozen=True, omit_defaults=True, tag="returns.return_approved.v1"):
    """They may be sent; the warehouse waits for them until `expires_at` (None: for ever). What is wished instead is
    held for the order that is to replace them; without one the wish is refused, and money goes back."""

    return_id: UUID
    order_id: UUID
    warehouse: str
    expires_at: datetime | None = None
    replacement_id: UUID | None = None  # the order that is to be
    allocations: list[Allocation] = []  # where its goods are held


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
    """The carrier saw them on their way; `delivered` means at the warehouse's door, and not that anybody looked, and
    `back_with_customer` that the carrier gave them back to whoever sent them."""

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


class ReturnExpired(Struct, frozen=True, tag="returns.return_expired.v1"):
    """They did not come in time, and are not waited for any more; should they come all the same, they are received."""

    return_id: UUID
    order_id: UUID


class ReplacementPlaced(Struct, frozen=True, tag="returns.replacement_placed.v1"):
    """The order that replaces these goods is placed, paid by `credit_minor` of what they had cost (gift cards among
    it); `charged_minor` is what is still to be paid. `early`: before the goods were here."""

    return_id: UUID
    order_id: UUID
    replacement_id: UUID
    refund_id: UUID
    credit_minor: int
    charged_minor: int
    currency: str
    early: bool


class ReplacementFailed(Struct, frozen=True, tag="returns.replacement_failed.v1"):
    """Nothing is sent instead, and the money goes back: `nothing_credited` (none of what came is paid back),
    `not_paid` (the difference), `cancelled`, `purchase_limit` (so little came that they would have too many),
    `too_little_came` (for a price, or a turn in a sale, that others were to come back for)."""

    return_id: UUID
    order_id: UUID
    reason: str


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
    | ReturnExpired
    | ReplacementPlaced
    | ReplacementFailed
)
