"""Goods that may be sent back and don't come: after `RETURN_EXPIRES_DAYS` nobody waits for them any more."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.envelope import Metadata, Recorded
from write_side import commands, event_log, orders
from write_side.causes import continuing
from write_side.commands import Done
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.returns import domain, replacing, store
from write_side.returns.domain import Return

log = logging.getLogger(__name__)

AT_ONCE = 50


async def close_late(pool: Pool) -> int:
    """End what did not come in time; answers how many returns that were."""
    closed, last = 0, None
    while True:
        async with pool.acquire() as conn:
            late = await store.late(conn, last, AT_ONCE)
            reasons = await event_log.latest_of(conn, "return", [each.id for each in late])
        closed += await _close(pool, late, reasons)
        if len(late) < AT_ONCE:
            return closed
        last = late[-1]


async def _close(pool: Pool, late: Sequence[Return], reasons: Mapping[UUID, Recorded]) -> int:
    closed = 0
    for each in late:
        ids = {"order_id": each.order_id, "return_id": each.id}
        try:
            with continuing(reasons[each.id], "return expires", **ids) as cause:
                await expire_return(pool, each, cause)
            closed += 1
        except Exception:  # one that can't be ended must not keep all behind it
            log.exception("a return can't expire", extra={"fields": {name: str(id_) for name, id_ in ids.items()}})
    return closed


async def expire_return(pool: Pool, each: Return, cause: Metadata) -> None:
    """It is not waited for any more, if that is still so under the order's lock."""

    async def decide(conn: Connection) -> tuple[Done, Positions]:
        await orders.lock_order(conn, each.order_id)
        now = await store.find(conn, each.id)
        assert now is not None
        event = domain.expire(now, datetime.now(UTC))
        if event is None:
            return Done(False), {}
        freed = await replacing.let_go(conn, now, "return_expired", cause)
        return Done(True), together(freed, (await store.save(conn, now, event, cause))[1])

    await commands.run(pool, decide)
