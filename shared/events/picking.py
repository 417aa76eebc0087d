"""What happened to pick lists: what of an order is taken from the shelves of one warehouse. Aggregate: `pick`, key
`order:<order id>`."""

from uuid import UUID

from msgspec import Struct

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation


class PickListed(Struct, frozen=True, tag="fulfilment.pick_listed.v1"):
    """Paid: these goods wait on the shelves of their warehouse."""

    pick_id: UUID
    order_id: UUID
    warehouse: str
    lines: list[ParcelLine]


class PickStarted(Struct, frozen=True, tag="fulfilment.pick_started.v1"):
    """Somebody is at the shelf, with what is still due of the list: what was refunded meanwhile stays there."""

    pick_id: UUID
    order_id: UUID
    lines: list[ParcelLine]


class PickFinished(Struct, frozen=True, tag="fulfilment.pick_finished.v1"):
    """`lines` are packed. What was `missing` comes from `instead`, on lists of its own; what is nowhere is refunded."""

    pick_id: UUID
    order_id: UUID
    lines: list[ParcelLine]
    missing: list[ParcelLine]
    reason: str | None
    instead: list[Allocation]
    refund_id: UUID | None


class PickCancelled(Struct, frozen=True, tag="fulfilment.pick_cancelled.v1"):
    """Nothing of it is due any more: it was refunded, or has left in a parcel of its own."""

    pick_id: UUID
    order_id: UUID


PickEvent = PickListed | PickStarted | PickFinished | PickCancelled
