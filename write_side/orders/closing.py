"""Orders that are cancelled or expire: `close_order` and `close_expired` begin to end one, `finish_closing` goes
through with it at the provider, any number of times.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from write_side import commands, event_log, payments
from write_side.causes import continuing, joining_order
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.orders import store
from write_side.orders.domain import Order
from write_side.orders.ending import Reason, begin_closing, end
from write_side.orders.refusals import AlreadyPaid, UnknownOrder
from write_side.orders.settling import Learnt, learn
from write_side.payments import ProviderDown, ProviderRefused, Providers, Work

log = logging.getLogger(__name__)


async def close_order(
    pool: Pool, order_id: UUID, reason: Reason, cause: Metadata, now: datetime | None = None
) -> Order:
    """Begin to cancel an order, or to let it expire; from here on no authorization confirms it by itself.

    Answers the order as it is then. One that is closing or over stays as it is, and so does one that has not expired by
    now: it was extended since the worker listed it. Refuses `already_paid` once the capture has begun (for an expiry:
    once it is paid at all, which is no refusal but no change), `unknown_order`.
    """
    found: list[Order] = []

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        order = await store.lock_order(conn, order_id)
        if order is None:
            raise UnknownOrder("there is no such order")
        found[:] = [order]
        closable = ("pending_payment",) if reason == "expired" else ("pending_payment", "confirmed")
        # By the clock that it was listed by: a worker whose own is behind would list it again and again.
        waits = reason == "expired" and order.expires_at > (now or await payments.clock(conn))
        if order.state not in closable or waits:
            return order, {}
        work = await payments.lock_payment(conn, order.payment_id)
        assert work is not None
        if work.capturing or work.payment.state == "captured":
            raise AlreadyPaid("the order is paid and can't be cancelled any more", order_state=order.state)
        return order, await begin_closing(conn, order, reason, cause)

    await commands.run(pool, decide)
    return found[0]


async def close_expired(pool: Pool, limit: int = 50) -> int:
    """Begin the end of orders that nobody paid in time; the stock stays held until the provider has confirmed."""
    async with pool.acquire() as conn:
        due = await store.expired(conn, limit)
        placed = await event_log.latest_of(conn, "order", due)
    closed = 0
    for order_id in due:
        try:
            with continuing(placed[order_id], "order expires", order_id=order_id) as cause:
                await close_order(pool, order_id, "expired", cause)
                log.info("nobody paid an order in time", extra={"fields": {"order_id": str(order_id)}})
            closed += 1
        except Exception:  # one that can't be closed must not keep the stock of all behind it
            log.exception("an order can't be closed", extra={"fields": {"order_id": str(order_id)}})
    return closed


async def finish_closing(pool: Pool, providers: Providers, work: Work, cause: Metadata) -> None:
    """Make sure at the provider that nothing can be charged, then end the order. May be called any number of times.

    Reads the intent before it cancels: an expiring order that turns out to be authorized is paid. Raises
    `ProviderDown`: then everything stays as it is, the stock held.
    """
    payment, provider = work.payment, providers.of(work.payment.method)
    try:
        # Somebody may be making it right now, or have made it and died: asking again gives the very intent to cancel.
        seen = await (provider.look(payment) if payment.intent_id else provider.create(payment))
    except ProviderRefused as refused:
        if payment.intent_id or not refused.impossible:
            raise
        return await _end_unpayable(pool, work, cause)
    await learn(pool, seen, cause, fresh=True)
    async with pool.acquire() as conn:
        now = await payments.lock_payment(conn, payment.id)
    if now is None or now.todo != "void":
        return  # it was paid, or had ended already
    try:
        seen = await provider.cancel(now.payment, work.attempts)
    except ProviderRefused:
        seen = await provider.look(now.payment)
    await learn(pool, seen, cause)


async def _end_unpayable(pool: Pool, work: Work, cause: Metadata) -> None:
    """End a closing order whose intent the provider will never make."""

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        order = await store.lock_order(conn, work.payment.order_id)
        now = await payments.lock_payment(conn, work.payment.id)
        if order is None or order.state != "closing" or now is None or now.payment.intent_id is not None:
            return Learnt("ignore"), {}
        return Learnt("end"), await end(conn, order, cause)

    await commands.run(pool, decide)


async def cancel_order(pool: Pool, providers: Providers, order_id: UUID, cause: Metadata) -> None:
    """Cancel an order as far as the provider lets us now; the worker finishes what is left (state `closing`).

    Refuses `already_paid`, `unknown_order`.
    """
    async with joining_order(pool, order_id, cause, "order cancel") as joined:
        await _cancel(pool, providers, order_id, joined)


async def _cancel(pool: Pool, providers: Providers, order_id: UUID, cause: Metadata) -> None:
    await close_order(pool, order_id, "cancelled", cause)
    async with pool.acquire() as conn:
        order = await store.find_head(conn, order_id)
        assert order is not None
        work = await payments.claim(conn, order.payment_id) if order.state == "closing" else None
    if work is None:
        return
    try:
        await finish_closing(pool, providers, work, cause)
    except (ProviderDown, ProviderRefused):
        async with pool.acquire() as conn:
            await payments.put_off(conn, order.payment_id, timedelta(seconds=1))
