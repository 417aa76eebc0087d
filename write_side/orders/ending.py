"""The two steps in which an order's waiting ends without its goods leaving: it is closing, then it is over. And what
one change of an order and its payment together is. Under the locks of both.
"""

from typing import Literal

from msgspec import Struct

from shared.codec import encode_event, tag_of
from shared.envelope import Metadata, as_json
from shared.events.orders import OrderCancelled, OrderClosing, OrderExpired
from shared.events.payments import PaymentVoided
from shared.shards import order_key
from write_side import event_log, fraud
from write_side.database import Connection
from write_side.event_log import NewEvent, Positions, together
from write_side.orders import store
from write_side.orders.calls import Settling
from write_side.orders.calls import store as calls
from write_side.orders.domain import Order

Reason = Literal["cancelled", "expired", "payment_not_accepted", "order_left"]


async def begin_closing(conn: Connection, order: Order, reason: Reason, cause: Metadata) -> Positions:
    """A locked order is closing, its payment to be voided."""
    await store.save_closing(conn, order, reason)
    event = OrderClosing(order.id, reason)
    return await event_log.append(
        conn, [NewEvent("order", order.id, order.version + 1, order_key(order.id), event)], cause
    )


async def end(conn: Connection, order: Order, cause: Metadata) -> Positions:
    """Nothing can be charged any more: stock freed, or put back if it was deducted; order cancelled or expired."""
    reason = order.closing_reason or "payment_cancelled"
    voided = PaymentVoided(order.payment_id, order.id, reason)
    over: OrderExpired | OrderCancelled = OrderCancelled(order.id, reason)
    if reason == "expired":
        over = OrderExpired(order.id)
    state = "expired" if reason == "expired" else "cancelled"
    command = settling(order, state, over, "voided", voided, None, cause)
    lapsed = await fraud.order_over(conn, order.payment_id, cause) if order.deducted else {}
    [positions] = await calls.settle(conn, "return" if order.deducted else "release", reason, [command])
    return together(lapsed, positions)


def settling(
    order: Order, state: str, order_event: Struct, payment_state: str, payment_event: Struct, todo: str | None,
    cause: Metadata,
) -> Settling:  # fmt: skip
    return Settling(
        order.id, state, order.payment_id, payment_state, todo,
        tag_of(type(order_event)), encode_event(order_event).decode(),
        tag_of(type(payment_event)), encode_event(payment_event).decode(), as_json(cause).decode(),
    )  # fmt: skip
