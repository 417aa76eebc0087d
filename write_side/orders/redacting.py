"""A person goes out of their quotes and orders: mail and address are emptied, what was bought and paid stays."""

from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from write_side import event_log, payments
from write_side.database import Connection
from write_side.errors import Refusal
from write_side.event_log import Positions
from write_side.orders import store
from write_side.orders.domain import Order
from write_side.orders.persons import store as persons

SLICE = 100  # quotes and orders that are emptied in one transaction: everybody's events wait for its commit


class UnfinishedOrders(Refusal):
    """The person has orders that are being paid, ended or sent back, or an invoice is open; `order_ids` says which.
    They need the mail address."""

    code = "unfinished_orders"


class Redacted(Struct, frozen=True):
    """How many orders and quotes were emptied."""

    orders: int
    quotes: int


async def redact(conn: Connection, person_id: UUID, cause: Metadata) -> tuple[Redacted, Positions]:
    """Empty a person's quotes and orders, `SLICE` of each, in the caller's transaction; nothing once none is left.

    Whatever state they are in: no mail of theirs can be sent any more.
    """
    order_ids, quote_ids = await persons.lock_named(conn, person_id, SLICE)
    events = await persons.redact(conn, person_id, order_ids, quote_ids)
    orders = sum(event.aggregate_type == "order" for event in events)
    return Redacted(orders, len(events) - orders), await event_log.append(conn, events, cause)


async def check_finished(conn: Connection, person_id: UUID) -> None:
    """To be asked before anything of theirs is destroyed; refuses `unfinished_orders`."""
    found = await store.unfinished_of_person(conn, person_id)
    unfinished = [order.id for order in found if not await _is_finished(conn, order)]
    if unfinished:
        detail = "orders of this person are not finished: let them and invoices be paid, cancelled, expire or come back"
        raise UnfinishedOrders(detail, order_ids=unfinished)


async def _is_finished(conn: Connection, order: Order) -> bool:
    if order.state in ("confirmed", "completed"):
        captured = await payments.public_state(conn, order.payment_id) == "captured"
        asked = (store.is_being_refunded, store.is_being_returned, store.is_being_invoiced)
        return captured and not any([await is_open(conn, order.id) for is_open in asked])
    return order.state in ("cancelled", "expired")
