"""Shipping that was kept for what goes by it is paid back once that is over, however it ended."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.orders import GoodsDropped, OrderCancelled, OrderExpired
from shared.events.refunds import AmountReleased, RefundRequested
from write_side import orders, refunds
from write_side.database import Connection
from write_side.event_log import Positions, together
from write_side.fulfilment.editing import group as groups
from write_side.fulfilment.editing.group import goes
from write_side.orders import Order
from write_side.reactions import Reaction
from write_side.refunds import NewRefund, NothingToRefund, Reason, RefundExceedsCaptured

SCAN = 500  # events looked at in one go: hardly any is of something that was added
_ENDING = tuple(tag_of(kind) for kind in (OrderCancelled, OrderExpired, RefundRequested, AmountReleased, GoodsDropped))


def reactions() -> list[Reaction]:
    """An edit pays it back by itself, at once; this is for all other ends. Each locks a group of orders, so that two in
    one transaction could lock each other out with whoever holds one of them."""
    return [Reaction("freed_shipping", _ENDING, _free, SCAN, _of_additions, most=1)]


async def give_shipping(
    conn: Connection, freed: Sequence[Order], cause: Metadata, reason: Reason = "requested_by_customer"
) -> Positions:
    """What is left of what shipping has cost these orders is paid back; the caller holds them, and by `refunds.hold`
    all that they give back to."""
    return together(*[await _give(conn, each.id, reason, cause) for each in freed])


async def _give(conn: Connection, order_id: UUID, reason: Reason, cause: Metadata) -> Positions:
    back = NewRefund(reason, shipping=True)
    try:
        return (await refunds.request_within(conn, order_id, back, cause))[1]
    except NothingToRefund:  # it was given back before, or has cost nothing
        return {}
    except RefundExceedsCaptured as refusal:  # an amount went back before, of nothing in particular: what is left of it
        if not (left := refusal.facts["left_minor"]):
            return {}
        rest = NewRefund(reason, amount_minor=left)
        return (await refunds.request_within(conn, order_id, rest, cause))[1]


def _order_of(recorded: Recorded) -> UUID:
    [event] = decode_events(recorded.type, recorded.payload)
    return cast(OrderCancelled, event).order_id


async def _of_additions(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """One question for all of them."""
    added = await orders.additions_among(conn, list({_order_of(recorded) for recorded in events}))
    return [recorded for recorded in events if _order_of(recorded) in added] if added else []


async def _free(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
    order_id = cast(OrderCancelled, event).order_id
    now, group = await groups.lock(conn, order_id)
    if goes(now):
        return  # some of it was refunded
    freed = group.freed_by(order_id)
    await refunds.hold(conn, freed)
    await give_shipping(conn, freed, cause, _reason_of(event))


def _reason_of(event: Event) -> Reason:
    """What the shop could not send goes back as no wish of who bought it: fraud checks count those."""
    if isinstance(event, RefundRequested | AmountReleased) and event.reason == "out_of_stock":
        return "out_of_stock"
    return "requested_by_customer"
