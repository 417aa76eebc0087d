"""Webhooks that say no more than that an intent was made. One comes for each order that is placed, and by then the
worker, who had it made, has remembered it, or does in a moment: so nobody waits for them, and they say nothing new.

Those that come within a moment are taken in together. Whatever isn't known yet, or says more, is learnt by itself.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

from shared.envelope import Metadata, Recorded
from write_side import event_log, metrics, payments
from write_side.causes import joining
from write_side.database import Connection, Pool
from write_side.group_commit import GroupCommit
from write_side.orders.verdicts import Verdict, only_made
from write_side.payments import Notice

log = logging.getLogger(__name__)

GATHER = 0.05  # seconds: as long as the worker needs to remember what it had made, mostly


class Announced(NamedTuple):
    """A webhook about an intent that is only made, of this payment of this order."""

    id: str
    type: str
    order_id: UUID
    payment_id: UUID
    intent_id: str


class TakenIn(NamedTuple):
    """Whether it stood in the inbox before, and the last event of its order."""

    verdict: Verdict
    last: Recorded


Announcements: TypeAlias = GroupCommit[Announced, TakenIn | None]


def open_announcements(pool: Pool) -> Announcements:
    """Where such webhooks wait for one another. Two of one payment never share a call."""

    async def carry_out(batch: Sequence[Announced]) -> list[TakenIn | None]:
        return await take_in_all(pool, batch)

    return GroupCommit(carry_out, lambda announced: announced.payment_id, gather=GATHER, name="announcements")


async def take_in_announced(announcements: Announcements, notice: Notice, cause: Metadata) -> bool:
    """Take a webhook in; False, and nothing is done, if there is more to it."""
    seen = notice.seen
    if seen is None or seen.order_id is None or seen.payment_id is None or not only_made(seen):
        return False
    order_id = seen.order_id
    announced = Announced(notice.id, notice.type, order_id, seen.payment_id, seen.intent_id)
    taken = await announcements.submit(announced)
    if taken is None:
        return False
    with joining(taken.last, order_id, cause, "webhook", notice.id):
        told = {"provider_event_id": notice.id, "type": notice.type, "verdict": taken.verdict}
        metrics.PAYMENT_FACTS.labels(taken.verdict).inc()
        log.info("a webhook", extra={"fields": told})
    return True


async def take_in_all(pool: Pool, batch: Sequence[Announced]) -> list[TakenIn | None]:
    """What became of each; None of what is not known yet, and of all if the call fails."""
    try:
        async with pool.acquire() as conn:
            return await _take_in(conn, batch)
    except asyncpg.PostgresError as error:
        log.warning("webhooks are taken in one by one", extra={"fields": {"error": type(error).__name__}})
        return [None] * len(batch)


async def _take_in(conn: Connection, batch: Sequence[Announced]) -> list[TakenIn | None]:
    """An intent that was remembered once stays its payment's, so no lock is needed to know it."""
    intents = await payments.intents_of(conn, [each.payment_id for each in batch])
    known = [each for each in batch if intents.get(each.payment_id) == (each.order_id, each.intent_id)]
    last = await event_log.latest_of(conn, "order", [each.order_id for each in known])
    new = await payments.take_in_all(conn, [(each.id, each.type, each.payment_id) for each in known])
    taken = {each.id: TakenIn("ignore" if each.id in new else "known", last[each.order_id]) for each in known}
    return [taken.get(each.id) for each in batch]
