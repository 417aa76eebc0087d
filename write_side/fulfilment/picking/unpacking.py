"""A packed list that nobody books a parcel for any more ends: what it held is listed anew should it be owed again."""

from uuid import UUID

from shared.envelope import Metadata
from shared.events.picking import PickCancelled
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.fulfilment.picking import domain, store
from write_side.fulfilment.standing import Standing


async def unpack(conn: Connection, now: Standing, pick_id: UUID, cause: Metadata) -> Positions:
    """The same under the order's lock, also where a refund has failed since nothing was to leave by it: each list is
    booked once. Of an order that is over only a list of which nothing would leave ends."""
    pick = now.pick(pick_id)
    if pick.state != "picked" or pick.id in now.shipped_lists:
        return {}
    if now.order.state != "confirmed" and any(now.leaves_by(pick.id).values()):
        return {}
    event = PickCancelled(pick.id, pick.order_id)
    return await store.save(conn, domain.evolve(pick, event, pick.version + 1), event, cause)
