"""What clients and Stripe ask of payments: a session to pay in, a look at the intent, and the inbox of webhooks."""

import asyncio
import logging
import time
from uuid import UUID

from msgspec import Struct, structs

from shared.envelope import Metadata, as_json
from shared.settings import Settings
from shared.shards import order_key
from write_side import event_log, orders, refunds
from write_side.causes import joining_order
from write_side.commands import Answer
from write_side.database import Pool
from write_side.errors import Refusal
from write_side.payments import disputing, store
from write_side.payments.asking import ProviderDown, ProviderRefused, StillUnderWay
from write_side.payments.domain import Payment, Seen
from write_side.payments.gateway import Gateway, Notice
from write_side.payments.providers import Providers

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that a client waits for an intent which the worker is making

class PaymentSession(Struct, frozen=True):
    """What the client needs to pay at Stripe; the secret is for whoever pays, and nobody else."""

    payment_id: UUID
    intent_id: str
    client_secret: str
    publishable_key: str


class CompletedPayment(Struct, frozen=True):
    """Payment and order after a look at the intent."""

    payment_id: UUID
    state: str
    order: orders.OrderState


class OrderClosed(Refusal):
    """The order is cancelled or expired, or about to be: there is nothing to pay any more."""

    code = "order_closed"


class PaymentNotTaken(Refusal):
    """The provider refuses this payment itself, as of a currency that our account can't charge: it has to be paid in
    another way, or somebody has to look."""

    code = "payment_not_taken"


async def open_payment(pool: Pool, payment_id: UUID, token: str | None, settings: Settings) -> Payment:
    """The payment that an order's token opens; refuses `order_token_required`, `wrong_order_token`,
    `order_token_ended`."""
    if not token:
        raise orders.OrderTokenRequired("This needs the order's token in the header Order-Token.")
    async with pool.acquire() as conn:
        payment = await store.find_payment(conn, payment_id)
    await orders.check_token(pool, settings, payment.order_id if payment else None, token)
    assert payment is not None, "no token opens what there is not"
    return payment


async def start_session(
    pool: Pool, providers: Providers, payment: Payment, publishable_key: str, cause: Metadata
) -> PaymentSession:
    """The way to pay; may be asked for again and again. Makes the intent if the worker hasn't yet.

    Refuses `payment_provider_unavailable` (the order waits), `already_paid`, `order_closed`, `payment_not_taken`.
    """
    await _check_payable(pool, payment)
    async with joining_order(pool, payment.order_id, cause, "payment session") as joined:
        seen = await _intent(pool, providers, payment)
        await orders.learn(pool, seen, joined, version=payment.version)
    async with pool.acquire() as conn:
        await store.look_out(conn, payment.id)
        now = await store.find_payment(conn, payment.id) or payment
    await _check_payable(pool, payment)  # closing meanwhile: the intent just made will be cancelled
    if now.intent_id not in (None, seen.intent_id):  # a webhook told first of one that was made behind a failure
        seen = await _intent(pool, providers, now)
    assert seen.client_secret is not None
    return PaymentSession(payment.id, seen.intent_id, seen.client_secret, publishable_key)


async def _intent(pool: Pool, providers: Providers, payment: Payment) -> Seen:
    """The intent, made if there is none yet; waits a little while the worker is making it at this very moment.

    Refuses `payment_provider_unavailable`, `payment_not_taken`.
    """
    provider, until = providers.of(payment.method), time.monotonic() + PATIENCE
    while True:
        try:
            return await (provider.look(payment) if payment.intent_id else provider.create(payment))
        except StillUnderWay:
            if time.monotonic() > until:
                raise
        except ProviderRefused as refused:
            fields = {"payment_id": str(payment.id), "code": refused.code}
            log.error("the provider refuses whoever wants to pay", extra={"fields": fields})
            raise PaymentNotTaken("The payment provider does not take this payment.") from refused
        await asyncio.sleep(0.1)
        async with pool.acquire() as conn:
            payment = await store.find_payment(conn, payment.id) or payment


async def _check_payable(pool: Pool, payment: Payment) -> None:
    async with pool.acquire() as conn:
        order = await orders.find_state(conn, payment.order_id)
    if order.payment.state in ("authorized", "captured"):
        raise orders.AlreadyPaid("the order is paid", order_state=order.state)
    if order.state != "pending_payment":
        raise OrderClosed(f"the order is {order.state}", order_state=order.state)


async def complete(pool: Pool, providers: Providers, payment: Payment, cause: Metadata) -> Answer[CompletedPayment]:
    """Look at the intent and apply what it shows, as the webhook does or did.

    Refuses `payment_provider_unavailable`, `payment_not_taken`.
    """
    async with joining_order(pool, payment.order_id, cause, "payment complete") as joined:
        if payment.intent_id is not None:
            seen = await _intent(pool, providers, payment)
            await orders.learn(pool, seen, joined, version=payment.version)
    async with pool.acquire() as conn:
        order = await orders.find_state(conn, payment.order_id)
        positions = await event_log.latest(conn, order_key(payment.order_id))
    return Answer(as_json(CompletedPayment(payment.id, order.payment.state, order)), positions)


async def receive_notice(
    pool: Pool, gateway: Gateway, announcements: orders.Announcements, body: bytes, signature: str, cause: Metadata
) -> None:
    """A webhook: checked, written into the inbox, applied; one we have had, or that isn't about us, is a success.

    Refuses `bad_signature`, `broken_notice`.
    """
    notice = gateway.notice(body, signature)
    if await orders.take_in_announced(announcements, notice, structs.replace(cause, actor="stripe")):
        return
    told = {"provider_event_id": notice.id, "type": notice.type}
    named = await _named(pool, notice)
    order_id = named.order_id if named else notice.about
    if order_id is None:
        async with pool.acquire() as conn:
            await store.take_in(conn, notice.id, notice.type, None)
        log.info("a webhook about no order", extra={"fields": told})
        return
    async with joining_order(pool, order_id, cause, "webhook", request_id=notice.id) as joined:
        verdict = await _learn(pool, gateway, notice, named, structs.replace(joined, actor="stripe"))
        log.info("a webhook", extra={"fields": told | {"verdict": verdict}})


async def _named(pool: Pool, notice: Notice) -> Payment | None:
    """The payment that a notice names by its intent; None if it is none of ours, or names an order."""
    if notice.intent_id is None:
        return None
    async with pool.acquire() as conn:
        return await store.find_by_intent(conn, notice.intent_id)


async def _learn(pool: Pool, gateway: Gateway, notice: Notice, named: Payment | None, cause: Metadata) -> str:
    if named is not None and notice.dispute is not None:
        return await disputing.learn(pool, notice.dispute, named, cause, notice.id, notice.type)
    if notice.refund is not None:
        return await refunds.learn(pool, notice.refund, cause, notice=notice)
    assert notice.seen is not None
    seen = await _with_card(pool, gateway, notice.seen)
    return await orders.learn(pool, seen, cause, notice=notice)


async def _with_card(pool: Pool, gateway: Gateway, seen: Seen) -> Seen:
    """An intent just authorized, with its card: a webhook names the charge and no more. As it is, if nobody answers."""
    if seen.checks == "off" or seen.status != "requires_capture" or seen.payment_id is None:
        return seen
    async with pool.acquire() as conn:
        payment = await store.find_payment(conn, seen.payment_id)
    if payment is None or payment.state not in ("requested", "pending", "declined"):
        return seen
    try:
        shown = await gateway.read(seen.intent_id)
    except (ProviderDown, ProviderRefused):
        log.warning("a card can't be looked at", extra={"fields": {"payment_id": str(payment.id)}})
        return seen
    return structs.replace(seen, card=shown.card)
