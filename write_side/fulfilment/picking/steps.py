"""The worker's step about pick lists, where shelves are taken for what the books say of them (`PICKING=automatic`)."""

import logging
from uuid import UUID

from shared.envelope import Metadata
from shared.settings import Settings
from write_side import commands, event_log, metrics, orders
from write_side.causes import continuing
from write_side.database import Connection, Pool
from write_side.fulfilment import standing
from write_side.fulfilment.picking import handlers, store
from write_side.fulfilment.picking.domain import FinishPick
from write_side.fulfilment.standing import Standing
from write_side.orders import Order
from write_side.steps import Step

log = logging.getLogger(__name__)

AT_ONCE = 20
PAUSE = 1.0


def steps(pool: Pool, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about pick lists."""
    return [Step("picks", PAUSE, lambda: pick_due(pool, settings))] if settings.picking == "automatic" else []


async def pick_due(pool: Pool, settings: Settings) -> int:
    """Start and finish the lists that are due; answers how many. Several workers may: each list is decided under its
    order's lock, and is picked once."""
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, AT_ONCE)
        listed = await event_log.latest_of(conn, "pick", due)
    for pick_id in due:
        try:
            with continuing(listed[pick_id], "pick", pick_id=pick_id) as cause:
                async with commands.transaction(pool) as conn:
                    await _pick(conn, settings, pick_id, cause)
        except Exception:  # one that can't be picked must not keep those behind it
            log.exception("a list can't be picked", extra={"fields": {"pick_id": str(pick_id)}})
            metrics.STEP_RUNS.labels("picks", "failed").inc()
    return len(due)


async def _pick(conn: Connection, settings: Settings, pick_id: UUID, cause: Metadata) -> None:
    listed = await store.find(conn, pick_id)
    assert listed is not None
    now = await standing.lock(conn, listed.order_id)
    if now.pick(pick_id).state != "listed":
        return  # somebody started it meanwhile
    if await _picked(conn, settings, now, pick_id, cause):
        await _pick_along(conn, settings, now.order, listed.warehouse, cause)


async def _picked(conn: Connection, settings: Settings, now: Standing, pick_id: UUID, cause: Metadata) -> bool:
    pick, _ = await handlers.start(conn, now, pick_id, cause)
    if pick.state == "picking":
        await handlers.finish(conn, now, pick, FinishPick(), settings.allocation, cause)
    return pick.state == "picking"


async def _pick_along(conn: Connection, settings: Settings, first: Order, warehouse: str, cause: Metadata) -> None:
    """What was added to a locked order and is paid goes into the same box, whether its lists are made yet or not."""
    for order in await orders.lock_additions(conn, first):
        now = await standing.lock(conn, order.id)
        if not now.captured:
            continue
        await handlers.list_due(conn, now, cause)
        for pick in await store.of_order(conn, order.id):
            if pick.state == "listed" and pick.warehouse == warehouse:  # of two of the same the second finds nothing
                await _picked(conn, settings, await standing.read(conn, now.order), pick.id, cause)
