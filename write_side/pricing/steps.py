"""What the worker does about prices: it writes down that a scheduled price has begun, for those who follow the log."""

import logging
from functools import partial

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import commands, event_log
from write_side.database import Pool
from write_side.pricing import domain, store
from write_side.steps import Step

log = logging.getLogger(__name__)

PAUSE = 1.0  # so late pages may show the old price; whoever buys pays the new one anyway
AT_ONCE = 100  # SKUs in a transaction: a night on which everything changes is many short ones


def steps(pool: Pool) -> list[Step]:
    """What the worker is to do again and again."""
    return [Step("scheduled prices", PAUSE, partial(begin_due, pool))]


async def begin_due(pool: Pool, limit: int = AT_ONCE) -> int:
    """Write down the scheduled prices whose time has come, each once; answers of how many SKUs."""
    async with commands.transaction(pool) as conn:
        now, due = await store.hold_begun(conn, limit)
        changed = [domain.repriced(priced, priced.id, now, lambda _: None) for priced in due]
        new = await store.save_prices(conn, [each for each in changed if each is not None])
        await event_log.append(conn, new, Metadata(actor="worker", correlation_id=str(uuid7())))
    if new:
        log.info("scheduled prices have begun", extra={"fields": {"skus": len(due), "events": len(new)}})
    return len(due)
