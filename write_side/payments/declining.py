"""A decline is written down, with the time at which we try again by ourselves."""

from shared.envelope import Metadata
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.payments import domain, store
from write_side.payments.declines import Decline
from write_side.payments.domain import Payment


async def decline(
    conn: Connection, payment: Payment, refused: Decline, cause: Metadata, *, again: bool = False
) -> Positions:
    """Row and event of a locked payment whose last try was refused; `again`: that it was is known."""
    event = domain.decline(payment, refused, await store.clock(conn), again=again)
    after = domain.evolve(payment, event, payment.version + 1)
    return await store.save_try(conn, after, event, refused, event.retry_at, cause)
