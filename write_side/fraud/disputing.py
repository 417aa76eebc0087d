"""What the buyer's bank says of a payment is taken down beside its tries: later ones are judged by it."""

import logging
from uuid import UUID

from shared.envelope import Metadata
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.fraud import domain, store
from write_side.fraud.domain import Dispute

log = logging.getLogger(__name__)


async def disputed(
    conn: Connection, payment_id: UUID, order_id: UUID, seen: Dispute, cause: Metadata
) -> Positions | None:
    """Take down what is new about a dispute, whatever is made of a suspicion; None if nothing is.

    In the caller's transaction, under the order's lock.
    """
    check = await store.find(conn, payment_id)
    event = domain.dispute(check, payment_id, order_id, seen)
    if event is None:
        return None
    fields = {"order_id": str(order_id), "dispute_id": seen.id, "status": seen.status, "reason": seen.reason}
    log.warning("a payment is disputed", extra={"fields": fields})
    _, positions = await store.save(conn, check, event, cause)
    return positions
