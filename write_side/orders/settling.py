"""How an order's waiting ends. The provider's facts come in by `learn`, from a webhook, the client or the worker alike,
in any order and any number; `close_order` and `close_expired` begin to end it, `finish_closing` goes through with it.

Each change of an order is decided under the locks of its order and its payment (in this order), in one transaction.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.codec import encode_event, tag_of
from shared.envelope import Metadata, as_json
from shared.events.orders import OrderCancelled, OrderClosing, OrderConfirmed, OrderExpired
from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentIntentCreated,
    PaymentVoided,
)
from shared.money import Money
from shared.shards import order_key
from write_side import commands, event_log, fraud, invoices, metrics, payments
from write_side.causes import continuing, joining_order
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent, Positions, together
from write_side.orders import store
from write_side.orders.calls import Settling
from write_side.orders.calls import store as calls
from write_side.orders.domain import Order, extended
from write_side.orders.refusals import AlreadyPaid, UnknownOrder
from write_side.orders.verdicts import Verdict, judge
from write_side.payments import Decline, Notice, Payment, ProviderDown, ProviderRefused, Providers, Seen, Work

log = logging.getLogger(__name__)

Reason = Literal["cancelled", "expired", "payment_not_accepted", "order_left"]


class Learnt(Struct, frozen=True):
    """What a fact did."""

    verdict: Verdict


_learnt = msgspec.json.Decoder(Learnt)


# --- facts come in ---------------------------------------------------------------------------------------------------


async def learn(
    pool: Pool, seen: Seen, cause: Metadata, *, fresh: bool = False, notice: Notice | None = None
) -> Verdict:
    """Apply what the provider shows of an intent; a fact known already changes nothing.

    `fresh`: it was read just now by `finish_closing`, which alone may still take an expiring order for paid. A `notice`
    goes into the inbox in the same transaction, and does nothing if it stands there.
    """

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        if notice is not None and not await payments.take_in(conn, notice.id, notice.type, seen.payment_id):
            return Learnt("known"), {}
        order, work = await _locked(conn, seen)
        if order is None or work is None:
            return Learnt("ignore"), {}
        now = datetime.now(UTC)
        verdict = judge(order, work, seen, now, fresh=fresh)
        positions = await _carry_out(conn, verdict, order, work, seen, now, cause)
        if verdict == "record":  # that it exists was news, and so may be what has become of it
            work = await payments.lock_payment(conn, order.payment_id)
            assert work is not None
            verdict = judge(order, work, seen, now, fresh=fresh)
            positions = together(positions, await _carry_out(conn, verdict, order, work, seen, now, cause))
        return Learnt(verdict), positions

    answer = await commands.run(pool, decide)
    verdict = _learnt.decode(answer.body).verdict
    metrics.PAYMENT_FACTS.labels(verdict).inc()
    return verdict


async def _locked(conn: Connection, seen: Seen) -> tuple[Order | None, Work | None]:
    if seen.order_id is None or seen.payment_id is None:
        return None, None
    order = await store.lock_order(conn, seen.order_id)
    if order is None or order.payment_id != seen.payment_id:
        return None, None
    return order, await payments.lock_payment(conn, seen.payment_id)


async def _carry_out(
    conn: Connection, verdict: Verdict, order: Order, work: Work, seen: Seen, now: datetime, cause: Metadata
) -> Positions:
    payment = work.payment
    match verdict:
        case "record":
            event = PaymentIntentCreated(payment.id, order.id, seen.intent_id)
            return await payments.save(conn, payment, event, "pending", cause, intent_id=seen.intent_id, **_next(work))
        case "decline":
            assert seen.decline is not None
            # A retry of ours is no doing of whoever pays.
            thought = {} if work.retrying else (await _assessed(conn, order, seen, seen.decline, cause))[1]
            return together(thought, await payments.decline(conn, payment, seen.decline, cause))
        case "confirm":
            return await _confirm(conn, order, seen, cause)
        case "capture":
            captured = PaymentCaptured(payment.id, order.id, seen.intent_id, seen.authorized_minor)
            saved = await payments.save(conn, payment, captured, "captured", cause, todo=None)
            return together(saved, await _invoiced(conn, order, payment, cause))
        case "extend":
            until = extended(order, now)
            assert until is not None, "it is judged so"
            return await store.extend(conn, order, until, cause)
        case "end":
            return await _end(conn, order, cause)
        case "wake":
            await payments.wake(conn, payment.id)
        case "alarm":
            fields = {"payment_id": str(payment.id), "seen": seen.status}
            log.error("a payment needs a person", extra={"fields": fields})
            await payments.park(conn, payment.id, f"{seen.status}, which does not fit")
    return {}


async def _invoiced(conn: Connection, order: Order, payment: Payment, cause: Metadata) -> Positions:
    """What is bought on credit is owed from its capture on."""
    if not payments.can(payment.method).on_credit:
        return {}
    assert order.account_id is not None, "credit is an account's"
    due = Money(payment.due_minor, payment.currency)
    return await invoices.issue(conn, order.id, order.account_id, due, datetime.now(UTC), cause)


def _next(work: Work) -> dict[str, str | None]:
    return {"todo": None} if work.todo == "create" else {}  # an order that closes meanwhile stays to be voided


async def _confirm(conn: Connection, order: Order, seen: Seen, cause: Metadata) -> Positions:
    """Paid: payment authorized, stock deducted, order confirmed; the worker captures, unless a person has to look
    first. Whose payment we don't accept is not confirmed: the worker lets go of what was authorized."""
    verdict, thought = await _assessed(conn, order, seen, None, cause)
    if verdict == "refuse":
        return together(thought, await begin_closing(conn, order, "payment_not_accepted", cause))
    authorized = PaymentAuthorized(order.payment_id, order.id, seen.intent_id, seen.authorized_minor)
    confirmed = OrderConfirmed(order.id, order.payment_id)
    todo = "capture" if verdict == "accept" else None
    command = _settling(order, "confirmed", confirmed, "authorized", authorized, todo, cause)
    [positions] = await calls.settle(conn, "deduct", "", [command])
    return together(thought, positions)


async def _assessed(
    conn: Connection, order: Order, seen: Seen, declined: Decline | None, cause: Metadata
) -> tuple[fraud.Verdict, Positions]:
    """What is thought of this try to pay, declined or authorized."""
    if seen.checks == "off":
        return "accept", {}
    tried = fraud.Tried(
        order.payment_id, order.id, order.quote_id, order.person_id,
        "authorized" if declined is None else "declined",
        "" if declined is None else declined.decline_code or declined.code,
        order.totals.total_minor, order.totals.currency,
        [discount.code for discount in order.discounts if discount.code], order.country, seen.card,
        order.counted_as,
    )  # fmt: skip
    return await fraud.assessed(conn, tried, seen.checks, datetime.now(UTC), cause)


async def _end(conn: Connection, order: Order, cause: Metadata) -> Positions:
    """Nothing can be charged any more: stock freed, or put back if it was deducted; order cancelled or expired."""
    reason = order.closing_reason or "payment_cancelled"
    voided = PaymentVoided(order.payment_id, order.id, reason)
    over: OrderExpired | OrderCancelled = OrderCancelled(order.id, reason)
    if reason == "expired":
        over = OrderExpired(order.id)
    state = "expired" if reason == "expired" else "cancelled"
    command = _settling(order, state, over, "voided", voided, None, cause)
    lapsed = await fraud.order_over(conn, order.payment_id, cause) if order.deducted else {}
    [positions] = await calls.settle(conn, "return" if order.deducted else "release", reason, [command])
    return together(lapsed, positions)


def _settling(
    order: Order, state: str, order_event: Struct, payment_state: str, payment_event: Struct, todo: str | None,
    cause: Metadata,
) -> Settling:  # fmt: skip
    return Settling(
        order.id, state, order.payment_id, payment_state, todo,
        tag_of(type(order_event)), encode_event(order_event).decode(),
        tag_of(type(payment_event)), encode_event(payment_event).decode(), as_json(cause).decode(),
    )  # fmt: skip


# --- closing ---------------------------------------------------------------------------------------------------------


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
        waits = reason == "expired" and order.expires_at > (now or datetime.now(UTC))
        if order.state not in closable or waits:
            return order, {}
        work = await payments.lock_payment(conn, order.payment_id)
        assert work is not None
        if work.capturing or work.payment.state == "captured":
            raise AlreadyPaid("the order is paid and can't be cancelled any more", order_state=order.state)
        return order, await begin_closing(conn, order, reason, cause)

    await commands.run(pool, decide)
    return found[0]


async def begin_closing(conn: Connection, order: Order, reason: Reason, cause: Metadata) -> Positions:
    """A locked order is closing, its payment to be voided."""
    await store.save_closing(conn, order, reason)
    event = OrderClosing(order.id, reason)
    return await event_log.append(
        conn, [NewEvent("order", order.id, order.version + 1, order_key(order.id), event)], cause
    )


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
        return Learnt("end"), await _end(conn, order, cause)

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
