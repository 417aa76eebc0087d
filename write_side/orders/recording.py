"""Intents that were just made are remembered together: where many orders are placed at once, the worker has many made
at once, and hears the same of each.

`settling.learn` is what counts. This does for many, in one transaction, what it does for an intent that shows nothing
but that it exists, and leaves everything else to it.
"""

import logging
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg
from msgspec import Struct

from shared.envelope import Metadata
from write_side import metrics, payments
from write_side.database import Connection, Pool
from write_side.group_commit import GroupCommit
from write_side.orders.settling import learn
from write_side.orders.verdicts import Verdict, only_made
from write_side.payments import Seen

log = logging.getLogger(__name__)

GATHER = 0.01  # seconds: the answers to calls that began together come within so long


class Made(Struct, frozen=True):
    """An intent that is only made, of this payment of this order, and why."""

    order_id: UUID
    payment_id: UUID
    intent_id: str
    cause: Metadata


Recordings: TypeAlias = GroupCommit[Made, bool]


def open_recordings(pool: Pool) -> Recordings:
    """Where intents wait for one another."""

    async def carry_out(batch: Sequence[Made]) -> list[bool]:
        return await record_all(pool, batch)

    return GroupCommit(carry_out, lambda made: made.order_id, gather=GATHER, name="intents")


async def learn_made(recordings: Recordings, pool: Pool, seen: Seen, cause: Metadata) -> Verdict:
    """`learn`, of an intent that the worker has had made, and mostly together with others."""
    if seen.order_id is None or seen.payment_id is None or not only_made(seen):
        return await learn(pool, seen, cause)
    if not await recordings.submit(Made(seen.order_id, seen.payment_id, seen.intent_id, cause)):
        return await learn(pool, seen, cause)
    metrics.PAYMENT_FACTS.labels("ignore").inc()  # as `learn` counts it: what was recorded is judged once more
    return "ignore"


async def record_all(pool: Pool, batch: Sequence[Made]) -> list[bool]:
    """Which of these are recorded. Those that somebody else holds are not, and none if one makes the call fail."""
    try:
        async with pool.acquire() as conn, conn.transaction():
            recorded = await _record(conn, {made.payment_id: made for made in batch})
    except asyncpg.PostgresError as error:
        log.warning("intents are recorded one by one", extra={"fields": {"error": type(error).__name__}})
        return [False] * len(batch)
    return [made.payment_id in recorded for made in batch]


async def _record(conn: Connection, made: dict[UUID, Made]) -> set[UUID]:
    """The payment's lock is enough: nothing of its order changes, and whoever decides about both asks for it, too."""
    held = await payments.lock_new(conn, list(made))
    new = [(each, made[each.id]) for each in held if each.order_id == made[each.id].order_id]
    await payments.record_made(conn, [(payment, told.intent_id, told.cause) for payment, told in new])
    return {payment.id for payment, _ in new}
