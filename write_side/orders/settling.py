"""How an order's waiting ends by its payment. The provider's facts come in by `learn`, from a webhook, the client or
the worker alike, in any order and any number. Who ends it otherwise: closing.py.

Each change of an order is decided under the locks of its order and its payment (in this order), in one transaction.
"""

import logging
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from shared.envelope import Metadata
from shared.events.orders import OrderConfirmed
from shared.events.payments import PaymentAuthorized, PaymentCaptured, PaymentIntentCreated
from shared.money import Money
from write_side import commands, fraud, invoices, metrics, payments
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.orders import store
from write_side.orders.calls import store as calls
from write_side.orders.domain import Order, extended
from write_side.orders.ending import begin_closing, end, settling
from write_side.orders.verdicts import Verdict, judge, only_made
from write_side.payments import Decline, Notice, Payment, Seen, Work

log = logging.getLogger(__name__)


class Learnt(Struct, frozen=True):
    """What a fact did."""

    verdict: Verdict


_learnt = msgspec.json.Decoder(Learnt)


async def learn(
    pool: Pool, seen: Seen, cause: Metadata, *,
    fresh: bool = False, version: int | None = None, notice: Notice | None = None,
) -> Verdict:  # fmt: skip
    """Apply what the provider shows of an intent; a fact known already changes nothing.

    `fresh`: it was read just now by `finish_closing`, which alone may still take an expiring order for paid.
    `version`: the payment's before the provider was asked; if it has it still, what is seen is later than all that was
    heard. None: it may be of long ago, as in a webhook. A `notice` goes into the inbox in the same transaction, and
    does nothing if it stands there.
    """

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        if notice is not None and not await payments.take_in(conn, notice.id, notice.type, seen.payment_id):
            return Learnt("known"), {}
        order, work = await _locked(conn, seen)
        if order is None or work is None:
            return Learnt("ignore"), {}
        now = datetime.now(UTC)
        verdict = judge(order, work, seen, now, fresh=fresh, version=version)
        if _tells_of_a_try(verdict, seen):
            await fraud.hold(conn, order.quote_id, order.customer, seen.card, seen.checks)
        positions = await _carry_out(conn, verdict, order, work, seen, now, cause)
        if verdict == "record":  # that it exists was news, and so may be what has become of it
            work = await payments.lock_payment(conn, order.payment_id)
            assert work is not None
            verdict = judge(order, work, seen, now, fresh=fresh, version=version)
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


def _tells_of_a_try(verdict: Verdict, seen: Seen) -> bool:
    """Whether what is seen will be assessed, now or once it is recorded that its intent exists."""
    return verdict in ("confirm", "decline") or (verdict == "record" and not only_made(seen))


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
        case "restate":
            assert seen.decline is not None
            return await payments.decline(conn, payment, seen.decline, cause, again=True)
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
            return await end(conn, order, cause)
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
    command = settling(order, "confirmed", confirmed, "authorized", authorized, todo, cause)
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
