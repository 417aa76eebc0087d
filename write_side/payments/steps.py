"""The worker's steps about payments: claim what is due, ask its provider outside of any transaction, save the word."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from shared.envelope import Metadata, Recorded
from write_side import event_log, metrics, orders
from write_side.causes import continuing
from write_side.database import Connection, Pool
from write_side.payments import retrying, store
from write_side.payments.asking import ProviderDown, ProviderRefused
from write_side.payments.declines import PAUSES
from write_side.payments.domain import Work
from write_side.payments.providers import Providers
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 16  # calls to a provider under way
PAUSE = 0.05
EXPIRY_PAUSE = 1.0
BOOKS_PAUSE = 5.0
LONGEST_LOOK = timedelta(minutes=30)
GIVE_UP_AFTER = 12  # refused attempts, some ten minutes


def steps(pool: Pool, providers: Providers, capture_after: int = 0) -> list[Step]:
    """What the worker is to do again and again about payments and unpaid orders; money is captured so many seconds
    after it was authorized."""
    recordings = orders.open_recordings(pool)
    return [
        Step("payments", PAUSE, lambda: work_off(pool, providers, recordings, capture_after), full=AT_ONCE),
        Step("expiry", EXPIRY_PAUSE, lambda: orders.close_expired(pool)),
        Step("payments waiting", BOOKS_PAUSE, lambda: count_waiting(pool)),
    ]


async def count_waiting(pool: Pool) -> int:
    """Tell the metrics what waits, for the worker or for a person; answers 0, there is nothing to go on with."""
    async with pool.acquire() as conn:
        due, oldest, alarms = await store.count_waiting(conn)
    metrics.WAITING.labels("payments_due").set(due)
    metrics.WAITING_AGE.labels("payments_due").set(oldest)
    metrics.WAITING.labels("payments_alarm").set(alarms)
    return 0


async def work_off(
    pool: Pool, providers: Providers, recordings: orders.Recordings, capture_after: int = 0
) -> int:
    """Create, look at, retry, capture and void what is due; answers how many payments that were.

    While one provider is left alone, what others are asked about goes on.
    """
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, providers.rooms(AT_ONCE), timedelta(seconds=capture_after))
        reasons = await _reasons(conn, due)
    await asyncio.gather(*(_attempt(pool, providers, recordings, work, reasons) for work in due))
    return len(due)


async def _reasons(conn: Connection, due: Sequence[Work]) -> dict[UUID, Recorded]:
    """payment → the event that made necessary what is due: an order's closing to void it, else its own last one."""
    closed = {work.payment.order_id: work.payment.id for work in due if work.todo == "void"}
    closing = await event_log.latest_of(conn, "order", list(closed))
    own = await event_log.latest_of(conn, "payment", [work.payment.id for work in due if work.todo != "void"])
    return own | {closed[order_id]: event for order_id, event in closing.items()}


async def _attempt(
    pool: Pool, providers: Providers, recordings: orders.Recordings, work: Work, reasons: Mapping[UUID, Recorded]
) -> None:
    payment, todo = work.payment, str(work.todo)
    ids = {"order_id": payment.order_id, "payment_id": payment.id}
    with continuing(reasons[payment.id], f"payment {todo}", **ids) as cause:
        outcome = await _outcome(pool, providers, recordings, work, cause)
        metrics.PAYMENT_ATTEMPTS.labels(todo, outcome).inc()
        log.info("worked on a payment", extra={"fields": _fields(work) | {"outcome": outcome}})


async def _outcome(
    pool: Pool, providers: Providers, recordings: orders.Recordings, work: Work, cause: Metadata
) -> str:
    """One attempt; whatever goes wrong is put off in the row, with growing pauses."""
    try:
        await _do(pool, providers, recordings, work, cause)
    except ProviderDown:
        await _put_off(pool, work)
        return "provider_down"
    except ProviderRefused as refused:
        return await _refused(pool, work, refused)
    except Exception:
        log.exception("a payment failed", extra={"fields": _fields(work)})
        await _put_off(pool, work)
        return "failed"
    return "done"


async def _do(
    pool: Pool, providers: Providers, recordings: orders.Recordings, work: Work, cause: Metadata
) -> None:
    match work.todo:
        case "create":
            made = await providers.of(work.payment.method).create(work.payment)
            await orders.learn_made(recordings, pool, made, cause)
        case "look":
            await _look(pool, providers, work, cause)
        case "retry":
            await retrying.retry(pool, providers, work, cause)
        case "capture":
            await _capture(pool, providers, work, cause)
        case "void":
            await orders.finish_closing(pool, providers, work, cause)


async def _look(pool: Pool, providers: Providers, work: Work, cause: Metadata) -> None:
    """As the webhook would have told: it may have been lost, and whoever paid has closed the page."""
    payment = work.payment
    seen = await providers.of(payment.method).look(payment)
    verdict = await orders.learn(pool, seen, cause, version=payment.version)
    if verdict in ("ignore", "extend"):
        async with pool.acquire() as conn:
            await store.look_again(conn, payment.id, _next_look(work))


def _next_look(work: Work) -> timedelta:
    """Two minutes after the first, eight after the second; before an order has expired that is all, mostly."""
    return min(store.FIRST_LOOK * int(4 ** min(work.attempts, 6)), LONGEST_LOOK)


async def _capture(pool: Pool, providers: Providers, work: Work, cause: Metadata) -> None:
    provider = providers.of(work.payment.method)
    try:
        seen = await provider.capture(work.payment, work.attempts)
    except ProviderRefused as refused:
        # Captured before, when we did not hear the answer; or cancelled there. Either way the intent knows.
        seen = await provider.look(work.payment)
        if seen.status not in ("succeeded", "canceled"):
            raise refused
    await orders.learn(pool, seen, cause)


async def _put_off(pool: Pool, work: Work) -> None:
    if work.todo == "look":  # no hurry; and whatever came to be done meanwhile is not put off
        async with pool.acquire() as conn:
            return await store.look_again(conn, work.payment.id, _next_look(work))
    pause = growing(0.25, work.attempts, 60)
    if work.todo == "retry":  # whatever was asked may be under way still, and there are only three
        pause = max(pause, PAUSES[0])
    async with pool.acquire() as conn:
        await store.put_off(conn, work.payment.id, pause)


async def _refused(pool: Pool, work: Work, refused: ProviderRefused) -> str:
    log.error("the provider refuses", extra={"fields": _fields(work) | {"code": refused.code}})
    if work.attempts < GIVE_UP_AFTER:
        await _put_off(pool, work)
        return "refused"
    async with pool.acquire() as conn:
        await store.park(conn, work.payment.id, f"{work.todo}: {refused.code}")
    return "alarm"


def _fields(work: Work) -> dict[str, str | int | None]:
    return {"payment_id": str(work.payment.id), "todo": work.todo, "attempts": work.attempts}
