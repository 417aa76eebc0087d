"""What the worker does about price lists: what one asked that has been over for longer than any page may tell of it is
taken out, so that products don't carry every sale that they ever were in."""

import logging
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from shared.documents.prices import TOLD
from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import commands, event_log
from write_side.database import Pool
from write_side.pricing import domain as prices
from write_side.pricing import store as prices_store
from write_side.pricing.lists import domain, store
from write_side.steps import Step

log = logging.getLogger(__name__)

PAUSE = 5.0  # after each transaction: nobody waits for it, and years of lists are not to be a rush for those who follow
AT_ONCE = 100  # SKUs in a transaction


def steps(pool: Pool) -> list[Step]:
    """What the worker is to do again and again."""
    return [Step("price lists that are over", PAUSE, partial(forget_over, pool), full=AT_ONCE + 1)]


async def forget_over(pool: Pool, limit: int = AT_ONCE, now: datetime | None = None) -> int:
    """Take out what one list asked that was over long ago, of so many SKUs at most; answers of how many.

    A list that got other terms or prices since waits as long again: last year's sale may be given this year's time.
    """
    before = (now or datetime.now(UTC)) - TOLD
    for list_id, since in (await _over_before(pool, before)).items():
        if done := await _forget(pool, list_id, since, before, limit):
            return done
    return 0


async def _over_before(pool: Pool, before: datetime) -> dict[UUID, datetime]:
    """The lists that still have prices and were over by then, since when they are."""
    async with pool.acquire() as conn:
        ids = await prices_store.lists_priced_by(conn, await store.ended_by(conn, before), before)
        known = await store.all_price_lists(conn, ids)
        said = await event_log.latest_of(conn, "price_list", ids)
    since = {each.id: domain.over_since(each, said[each.id].recorded_at) for each in known if each.id in said}
    return {id_: moment for id_, moment in since.items() if moment is not None and moment <= before}


async def _forget(pool: Pool, list_id: UUID, since: datetime, before: datetime, limit: int) -> int:
    async with commands.transaction(pool) as conn:
        known = await store.lock(conn, list_id)  # so that nobody gives it another time meanwhile
        said = await event_log.latest_of(conn, "price_list", [list_id])
        if known is None or domain.over_since(known, said[list_id].recorded_at) != since:
            return 0
        held = await prices_store.hold_priced_by(conn, list_id, before, limit)
        decide = partial(domain.forget_price, list_id=list_id, since=since)
        changed = [prices.repriced(each, each.id, datetime.now(UTC), decide) for each in held]
        new = await prices_store.save_prices(conn, [each for each in changed if each is not None])
        await event_log.append(conn, new, Metadata(actor="worker", correlation_id=str(uuid7())))
    log.info("prices of a list that is over are forgotten", extra={"fields": {"list": list_id, "skus": len(held)}})
    return len(held)
