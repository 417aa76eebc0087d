"""The worker's step about refunds: claim what is due, ask its provider outside of any transaction, save the answer."""

import asyncio
import logging
from collections.abc import Mapping
from uuid import UUID

from shared.envelope import Metadata, Recorded
from write_side import event_log, metrics
from write_side.causes import continuing
from write_side.database import Pool
from write_side.payments import OUR_BOOKS, Owed, ProviderDown, ProviderRefused, Providers
from write_side.refunds import learning, store
from write_side.refunds.domain import Refund
from write_side.refunds.store import Work
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8  # calls to a provider under way
PAUSE = 0.1
BOOKS_PAUSE = 5.0
GIVE_UP_AFTER = 12  # refused attempts, some ten minutes
LONGEST_PAUSE = 3600.0  # between looks at what is pending: a bank may take days


def steps(pool: Pool, providers: Providers) -> list[Step]:
    """What the worker is to do again and again about refunds."""
    return [
        Step("refunds", PAUSE, lambda: work_off(pool, providers)),
        Step("refunds waiting", BOOKS_PAUSE, lambda: count_waiting(pool)),
    ]


async def count_waiting(pool: Pool) -> int:
    """Tell the metrics what waits, for the worker or for a person; answers 0, there is nothing to go on with."""
    async with pool.acquire() as conn:
        due, oldest, alarms = await store.count_waiting(conn)
    metrics.WAITING.labels("refunds_due").set(due)
    metrics.WAITING_AGE.labels("refunds_due").set(oldest)
    metrics.WAITING.labels("refunds_alarm").set(alarms)
    return 0


async def work_off(pool: Pool, providers: Providers) -> int:
    """Have made what was requested, look at what is pending; answers how many refunds that were.

    While one provider is left alone, what others are asked about goes on.
    """
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, providers.rooms(AT_ONCE))
        reasons = await event_log.latest_of(conn, "refund", [work.refund.id for work in due])
    await asyncio.gather(*(_attempt(pool, providers, work, reasons) for work in due))
    return len(due)


async def _attempt(pool: Pool, providers: Providers, work: Work, reasons: Mapping[UUID, Recorded]) -> None:
    refund = work.refund
    with continuing(reasons[refund.id], "refund", order_id=refund.order_id, refund_id=refund.id) as cause:
        outcome = await _outcome(pool, providers, work, cause)
        metrics.REFUND_ATTEMPTS.labels(outcome).inc()
        log.info("worked on a refund", extra={"fields": _fields(work) | {"outcome": outcome}})


async def _outcome(pool: Pool, providers: Providers, work: Work, cause: Metadata) -> str:
    """One attempt; whatever goes wrong is put off in the row, with growing pauses."""
    try:
        return await _do(pool, providers, work, cause)
    except ProviderDown:
        await _put_off(pool, work, 60)
        return "provider_down"
    except ProviderRefused as refused:
        return await _refused(pool, work, refused)
    except Exception:
        log.exception("a refund failed", extra={"fields": _fields(work)})
        await _put_off(pool, work, 60)
        return "failed"


async def _do(pool: Pool, providers: Providers, work: Work, cause: Metadata) -> str:
    refund, owed = work.refund, _owed(work.refund)
    # What went to gift cards, or pays for other goods, is done already.
    at = (providers.of(work.method) if refund.charged_minor else OUR_BOOKS).refunds
    if refund.provider_id is not None:
        seen = await at.read(owed)
        if await learning.learn(pool, seen, cause) == "ignore":
            await _put_off(pool, work, LONGEST_PAUSE, first=60)
        return "done"
    # Whoever asks again looks first: Stripe forgets its idempotency keys after a day, and we may have been down longer.
    seen_before = await at.find(owed) if work.attempts > 1 else None
    try:
        seen = seen_before or await at.create(owed)
    except ProviderRefused as refused:
        found = await at.find(owed)
        if found is None and refused.impossible:
            await learning.give_up(pool, refund, refused.code, cause)
            return "refused"
        if found is None:
            raise
        seen = found
    await learning.learn(pool, seen, cause)
    return "done"


def _owed(refund: Refund) -> Owed:
    return Owed(
        refund.id, refund.order_id, refund.intent_id, refund.charged_minor, refund.currency, refund.provider_id
    )


async def _put_off(pool: Pool, work: Work, longest: float, *, first: float = 0.25) -> None:
    async with pool.acquire() as conn:
        await store.put_off(conn, work.refund.id, growing(first, work.attempts, longest))


async def _refused(pool: Pool, work: Work, refused: ProviderRefused) -> str:
    log.error("the provider refuses", extra={"fields": _fields(work) | {"code": refused.code}})
    if work.attempts < GIVE_UP_AFTER:
        await _put_off(pool, work, 60)
        return "refused"
    async with pool.acquire() as conn:
        await store.park(conn, work.refund.id, f"{work.refund.state}: {refused.code}")
    return "alarm"


def _fields(work: Work) -> dict[str, str | int | None]:
    return {"refund_id": str(work.refund.id), "state": work.refund.state, "attempts": work.attempts}
