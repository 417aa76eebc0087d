"""The worker's steps about payments: claim what is due, ask Stripe outside of any transaction, save what it says."""

import asyncio
import logging
from datetime import timedelta

from shared.envelope import Metadata
from write_side import orders
from write_side.database import Pool
from write_side.payments import store
from write_side.payments.domain import Work
from write_side.payments.gateway import Gateway, ProviderDown, ProviderRefused
from write_side.steps import Step

log = logging.getLogger(__name__)

AT_ONCE = 16  # calls to Stripe under way
PAUSE = 0.05
EXPIRY_PAUSE = 1.0
GIVE_UP_AFTER = 12  # refused attempts, some ten minutes


def steps(pool: Pool, gateway: Gateway) -> list[Step]:
    """What the worker is to do again and again about payments and unpaid orders."""
    return [
        Step("payments", PAUSE, lambda: work_off(pool, gateway)),
        Step("expiry", EXPIRY_PAUSE, lambda: orders.close_expired(pool)),
    ]


async def work_off(pool: Pool, gateway: Gateway) -> int:
    """Create, capture and void what is due; answers how many payments that were."""
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, AT_ONCE)
    await asyncio.gather(*(_attempt(pool, gateway, work) for work in due))
    return len(due)


async def _attempt(pool: Pool, gateway: Gateway, work: Work) -> None:
    """One attempt; whatever goes wrong is put off in the row, with growing pauses."""
    cause = Metadata(actor="worker", correlation_id=str(work.payment.order_id))
    try:
        await _do(pool, gateway, work, cause)
    except ProviderDown:
        await _put_off(pool, work)
    except ProviderRefused as refused:
        await _refused(pool, work, refused)
    except Exception:
        log.exception("a payment failed", extra={"fields": _fields(work)})
        await _put_off(pool, work)


async def _do(pool: Pool, gateway: Gateway, work: Work, cause: Metadata) -> None:
    match work.todo:
        case "create":
            await orders.learn(pool, await gateway.create(work.payment), cause)
        case "capture":
            await _capture(pool, gateway, work, cause)
        case "void":
            await orders.finish_closing(pool, gateway, work, cause)


async def _capture(pool: Pool, gateway: Gateway, work: Work, cause: Metadata) -> None:
    try:
        seen = await gateway.capture(work.payment, work.attempts)
    except ProviderRefused as refused:
        # Captured before, when we did not hear the answer; or cancelled there. Either way the intent knows.
        assert work.payment.intent_id is not None
        seen = await gateway.read(work.payment.intent_id)
        if seen.status not in ("succeeded", "canceled"):
            raise refused
    await orders.learn(pool, seen, cause)


async def _put_off(pool: Pool, work: Work) -> None:
    pause = timedelta(seconds=min(0.25 * 2 ** min(work.attempts, 12), 60))
    async with pool.acquire() as conn:
        await store.put_off(conn, work.payment.id, pause)


async def _refused(pool: Pool, work: Work, refused: ProviderRefused) -> None:
    log.error("the provider refuses", extra={"fields": _fields(work) | {"code": refused.code}})
    if work.attempts < GIVE_UP_AFTER:
        return await _put_off(pool, work)
    async with pool.acquire() as conn:
        await store.park(conn, work.payment.id, f"{work.todo}: {refused.code}")


def _fields(work: Work) -> dict[str, str | int | None]:
    return {"payment_id": str(work.payment.id), "todo": work.todo, "attempts": work.attempts}
