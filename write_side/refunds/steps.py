"""The worker's step about refunds: claim what is due, ask Stripe outside of any transaction, save what it says."""

import asyncio
import logging
from collections.abc import Mapping
from uuid import UUID

from shared.envelope import Metadata, Recorded
from write_side import event_log, metrics
from write_side.causes import continuing
from write_side.database import Pool
from write_side.payments import Gateway, ProviderDown, ProviderRefused, SeenRefund, in_our_books
from write_side.refunds import handlers, store
from write_side.refunds.domain import Refund
from write_side.refunds.store import Work
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8  # calls to Stripe under way
PAUSE = 0.1
BOOKS_PAUSE = 5.0
GIVE_UP_AFTER = 12  # refused attempts, some ten minutes
LONGEST_PAUSE = 3600.0  # between looks at what is pending: a bank may take days


def steps(pool: Pool, gateway: Gateway) -> list[Step]:
    """What the worker is to do again and again about refunds."""
    return [
        Step("refunds", PAUSE, lambda: work_off(pool, gateway)),
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


async def work_off(pool: Pool, gateway: Gateway) -> int:
    """Have made what was requested, look at what is pending; answers how many refunds that were.

    While Stripe is left alone, what stands in our own books goes on.
    """
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, gateway.room(AT_ONCE), AT_ONCE)
        reasons = await event_log.latest_of(conn, "refund", [work.refund.id for work in due])
    await asyncio.gather(*(_attempt(pool, gateway, work, reasons) for work in due))
    return len(due)


async def _attempt(pool: Pool, gateway: Gateway, work: Work, reasons: Mapping[UUID, Recorded]) -> None:
    refund = work.refund
    with continuing(reasons[refund.id], "refund", order_id=refund.order_id, refund_id=refund.id) as cause:
        outcome = await _outcome(pool, gateway, work, cause)
        metrics.REFUND_ATTEMPTS.labels(outcome).inc()
        log.info("worked on a refund", extra={"fields": _fields(work) | {"outcome": outcome}})


async def _outcome(pool: Pool, gateway: Gateway, work: Work, cause: Metadata) -> str:
    """One attempt; whatever goes wrong is put off in the row, with growing pauses."""
    try:
        return await _do(pool, gateway, work, cause)
    except ProviderDown:
        await _put_off(pool, work, 60)
        return "provider_down"
    except ProviderRefused as refused:
        return await _refused(pool, work, refused)
    except Exception:
        log.exception("a refund failed", extra={"fields": _fields(work)})
        await _put_off(pool, work, 60)
        return "failed"


async def _do(pool: Pool, gateway: Gateway, work: Work, cause: Metadata) -> str:
    refund = work.refund
    if refund.provider_id is not None:
        seen = await gateway.refunds.read(refund.provider_id)
        if await handlers.learn(pool, seen, cause) == "ignore":
            await _put_off(pool, work, LONGEST_PAUSE, first=60)
        return "done"
    # Whoever asks again looks first: Stripe forgets its idempotency keys after a day, and we may have been down longer.
    seen_before = await _find(gateway, refund) if work.attempts > 1 else None
    try:
        seen = seen_before or await _create(gateway, refund)
    except ProviderRefused as refused:
        found = await _find(gateway, refund)
        if found is None and refused.impossible:
            await handlers.give_up(pool, refund, refused.code, cause)
            return "refused"
        if found is None:
            raise
        seen = found
    await handlers.learn(pool, seen, cause)
    return "done"


async def _create(gateway: Gateway, refund: Refund) -> SeenRefund:
    if not _at_stripe(refund):
        return SeenRefund(
            f"booked:{refund.id}", "succeeded", refund.charged_minor, refund.currency, refund.intent_id, refund.id,
            refund.order_id,
        )  # fmt: skip
    return await gateway.refunds.create(refund.id, refund.order_id, refund.intent_id, refund.charged_minor)


async def _find(gateway: Gateway, refund: Refund) -> SeenRefund | None:
    return await gateway.refunds.find(refund.id, refund.intent_id) if _at_stripe(refund) else None


def _at_stripe(refund: Refund) -> bool:
    """Whether Stripe gives any of it back. Gift cards and invoices stand in our own books: there it is done already."""
    return refund.charged_minor > 0 and not in_our_books(refund.intent_id)


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
