"""What is to be told to whom: each endpoint has a checkpoint of its own in the log, up to which deliveries are queued.

A delivery and the checkpoint behind it are one transaction, so an event is queued for an endpoint exactly once. The log
is the queue: an endpoint that takes nothing holds a thousand rows at most, and its checkpoint waits. Nothing of this
ever runs in a rebuild.
"""

from datetime import timedelta
from uuid import UUID

from shared.codec import KNOWN_TYPES
from write_side import event_log
from write_side.database import Pool
from write_side.feed import fitting
from write_side.webhooks.deliveries import store as deliveries

BATCH = 500  # deliveries in one transaction; it appends nothing, so nobody waits for it
SCAN = 20_000  # positions looked at in one go where hardly any event fits


async def queue_new(pool: Pool, patience: timedelta) -> int:
    """Queue for every endpoint what is new up to the safe position; answers how much there was to look at."""
    async with pool.acquire() as conn:
        safe = await event_log.safe_position(conn)
        waiting = await deliveries.behind(conn, safe)
    return sum([await _queue_for(pool, endpoint_id, safe, patience) for endpoint_id in waiting])


async def _queue_for(pool: Pool, endpoint_id: UUID, safe: int, patience: timedelta) -> int:
    async with pool.acquire() as conn, conn.transaction():
        behind = await deliveries.lock_behind(conn, endpoint_id, safe)
        if behind is None:
            return 0
        until, most = await event_log.look_until(conn, behind.position, safe, SCAN), min(BATCH, behind.room)
        events = await event_log.read_heads(conn, behind.position, until, fitting(behind.types, KNOWN_TYPES), most)
        reached = events[-1].position if len(events) == most else until
        await deliveries.queue(conn, endpoint_id, events, reached, patience)
    return reached - behind.position
