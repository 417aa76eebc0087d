"""A decline that may pass is tried again: read first, written down, and only then asked.

Stripe lets an intent that is back at `requires_payment_method` be confirmed again with what was declined. What became
of a try that got no answer is read before the next one; an intent is authorized once, whoever confirms it, so that the
customer and we can't both take the money.
"""

import logging

import msgspec
from msgspec import Struct

from shared.envelope import Metadata
from shared.events.payments import PaymentDeclined, PaymentRetried
from write_side import commands, orders
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.payments import domain, store
from write_side.payments.asking import ProviderRefused
from write_side.payments.declines import PAUSES
from write_side.payments.domain import Payment, Seen, Work
from write_side.payments.providers import Provider, Providers

log = logging.getLogger(__name__)


class Begun(Struct, frozen=True):
    """Which retry was begun; 0: none."""

    retry: int


_begun = msgspec.json.Decoder(Begun)


async def retry(pool: Pool, providers: Providers, work: Work, cause: Metadata) -> None:
    """Try again, if it still is ours to do. Raises `ProviderDown`: then the row waits, and no retry is spent by asking
    what became of the last one."""
    payment, provider = work.payment, providers.of(work.payment.method)
    seen = await provider.look(payment)
    if await orders.learn(pool, seen, cause, version=payment.version) != "ignore":
        return  # the customer has paid meanwhile, or had another card declined, or the last retry had ended unheard
    number = await _begin(pool, payment, seen, cause)
    if number:
        await _ask(pool, provider, payment, seen, number, cause)


async def _ask(pool: Pool, provider: Provider, payment: Payment, before: Seen, number: int, cause: Metadata) -> None:
    assert before.decline is not None
    assert before.decline.method_id is not None
    try:
        seen = await provider.retry(payment, before.decline.method_id, number)
    except ProviderRefused as refused:
        seen = await provider.look(payment)
        if refused.impossible and seen.decline is not None and seen.decline.id == before.decline.id:
            # No try at all: Stripe does not take this once more, and so it will not the next time.
            log.error("a retry is impossible", extra={"fields": {"payment_id": str(payment.id), "code": refused.code}})
            return await _end(pool, payment, seen, cause)
    await orders.learn(pool, seen, cause)


async def _begin(pool: Pool, payment: Payment, seen: Seen, cause: Metadata) -> int:
    """The number of the retry that is ours to make from here on, in the log before Stripe is asked: whatever becomes of
    us then, there are never more than three. 0 if there is none to make."""

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        order = await orders.lock_order(conn, payment.order_id)
        work = await store.lock_payment(conn, payment.id)
        assert work is not None
        now = await store.clock(conn)
        event = domain.retry(work, seen, now) if order and order.state == "pending_payment" else None
        if event is None:
            if work.todo == "retry":
                await store.rest(conn, payment.id)
                await store.look_out(conn, payment.id)
            return Begun(0), {}
        if isinstance(event, PaymentDeclined):
            return Begun(0), await _save(conn, work, event, cause)
        after = domain.evolve(work.payment, event, work.payment.version + 1)
        # Looked at again after that long, if we die: longer than a call to the provider may take.
        return Begun(event.retry), await store.save_try(conn, after, event, None, now + PAUSES[0], cause)

    return _begun.decode((await commands.run(pool, decide)).body).retry


async def _end(pool: Pool, payment: Payment, seen: Seen, cause: Metadata) -> None:
    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        await orders.lock_order(conn, payment.order_id)
        work = await store.lock_payment(conn, payment.id)
        event = None if work is None else domain.last_word(work, seen)
        if work is None or event is None:
            return Begun(0), {}
        return Begun(0), await _save(conn, work, event, cause)

    await commands.run(pool, decide)


async def _save(conn: Connection, work: Work, event: PaymentDeclined | PaymentRetried, cause: Metadata) -> Positions:
    after = domain.evolve(work.payment, event, work.payment.version + 1)
    return await store.save_try(conn, after, event, None, None, cause)
