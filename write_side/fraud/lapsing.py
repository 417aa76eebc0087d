"""A review lapses with its order: who cancels what is held leaves nothing to decide."""

from uuid import UUID

from shared.envelope import Metadata
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.fraud import domain, store


async def order_over(conn: Connection, payment_id: UUID, cause: Metadata) -> Positions:
    """Nobody has to decide any more about a payment whose order has ended; empty if nobody had to.

    In the caller's transaction, under the order's lock.
    """
    check = await store.find(conn, payment_id)
    event = domain.lapse(check, "order_over")
    if event is None:
        return {}
    _, positions = await store.save(conn, check, event, cause)
    return positions
