"""Sending what the ledger holds: claimed first, sent outside of any transaction, and the outcome written down."""

import asyncio
import logging
import time
from collections.abc import Mapping
from email.message import EmailMessage
from uuid import UUID

from msgspec import structs

from shared.envelope import Metadata, Recorded
from shared.events.notifications import MailRefused, MailSent
from shared.http import tracing
from shared.money import Money
from shared.settings import Settings
from write_side import (
    commands,
    customers,
    event_log,
    fulfilment,
    gift_cards,
    invoices,
    metrics,
    orders,
    payments,
    refunds,
    returns,
)
from write_side.causes import continuing
from write_side.customers import Contact, Keyring, SealedContact
from write_side.database import Connection, Pool
from write_side.notifications import domain, ending_letters, fresh_links, letters, return_letters, store
from write_side.notifications.domain import Mail
from write_side.notifications.gateway import MailServer, NotSent, Refused, Unclear
from write_side.notifications.letters import Letter, Recipient
from write_side.notifications.store import Claimed
from write_side.notifications.texts import MailTexts, Voice
from write_side.orders import Order
from write_side.refunds import Refund
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8
PAUSE = 0.2
BOOKS_PAUSE = 5.0
LINKS_PAUSE = 1.0
LEVELS = {"left": logging.ERROR, "unclear": logging.WARNING, "refused": logging.WARNING}
ERASED = 0  # the code of a mail whose recipient was erased before it went out
BLOCKED = 1  # … and of one with the code of a gift card that pays nothing any more
OUTDATED = 2  # … and of one that asks for money which is there by now
_UNSENT = {ERASED: "erased", BLOCKED: "blocked", OUTDATED: "outdated"}


def steps(pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about mails."""
    return [
        Step("mails", PAUSE, lambda: send_due(pool, keyring, server, texts, settings)),
        Step("fresh links", LINKS_PAUSE, lambda: fresh_links.work_off(pool, settings.mail_from)),
        Step("mails waiting", BOOKS_PAUSE, lambda: count_waiting(pool)),
    ]


async def send_due(pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings) -> int:
    """Send what is due; answers how many mails that were."""
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, AT_ONCE)
        queued = await event_log.latest_of(conn, "mail", [claimed.mail.id for claimed in due])
    await asyncio.gather(*(_attempt(pool, keyring, server, texts, settings, claimed, queued) for claimed in due))
    return len(due)


async def count_waiting(pool: Pool) -> int:
    """Tell the metrics what waits, for the worker or for a person; answers 0, there is nothing to go on with."""
    async with pool.acquire() as conn:
        due, oldest, left = await store.count_waiting(conn)
    metrics.WAITING.labels("mails_due").set(due)
    metrics.WAITING_AGE.labels("mails_due").set(oldest)
    metrics.WAITING.labels("mails_left").set(left)
    return 0


async def _attempt(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, claimed: Claimed,
    queued: Mapping[UUID, Recorded],
) -> None:  # fmt: skip
    mail = claimed.mail
    ids = {"order_id": mail.order_id, "mail_id": mail.id}
    with continuing(queued[mail.id], f"mail {mail.kind}", **ids) as cause:
        outcome = await _outcome(pool, keyring, server, texts, settings, claimed, cause)
        metrics.MAILS.labels(mail.kind, outcome).inc()
        fields = {name: str(id_) for name, id_ in ids.items()} | {"kind": mail.kind, "outcome": outcome}
        log.log(LEVELS.get(outcome, logging.INFO), "tried a mail", extra={"fields": fields})


async def _outcome(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, claimed: Claimed,
    cause: Metadata,
) -> str:  # fmt: skip
    """One attempt; a row left as it is (killed, or the connection broke) is sent once more when its claim is over."""
    mail = claimed.mail
    if claimed.doubts > domain.MOST_DOUBTS:
        async with pool.acquire() as conn:
            await store.leave(conn, mail.id)
        return "left"
    try:
        event = await _send(pool, keyring, server, texts, settings, claimed, cause)
    except NotSent:
        await _put_off(pool, claimed)
        return "put_off"
    except Unclear:
        return "unclear"
    except Exception:  # before anything was handed to the server: the keyring is down, an address can't be written
        log.exception("a mail failed", extra={"fields": {"mail_id": str(mail.id)}})
        await _put_off(pool, claimed)
        return "failed"
    async with commands.transaction(pool) as conn:
        await store.finish(conn, mail, event, cause)
        if mail.kind == domain.GIFT_CARD and mail.subject_id is not None:
            await gift_cards.forget_key(conn, mail.subject_id)
    return "sent" if isinstance(event, MailSent) else _UNSENT.get(event.code, "refused")


async def _send(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, claimed: Claimed,
    cause: Metadata,
) -> MailSent | MailRefused:  # fmt: skip
    mail = claimed.mail
    async with pool.acquire() as conn:
        order = await orders.find_order(conn, mail.order_id)
    assert order is not None
    contact = await customers.open_contact(keyring, SealedContact(order.person_id, order.mail, order.address))
    if contact is None:
        return MailRefused(mail.id, mail.order_id, mail.kind, ERASED)
    if mail.kind == domain.GIFT_CARD and mail.subject_id and await gift_cards.is_blocked(pool, mail.subject_id):
        return MailRefused(mail.id, mail.order_id, mail.kind, BLOCKED)  # refunded before its mail went
    if await _is_outdated(pool, mail, order):
        return MailRefused(mail.id, mail.order_id, mail.kind, OUTDATED)
    say = texts.voice(order.locale, number=letters.NUMBER)
    letter = await _letter(pool, say, mail, orders.as_read(order), settings)
    to = _recipient(order, contact, settings)
    if mail.kind == domain.GIFT_CARD and contact.address.gift_card_mail:
        to = _given_to(to, contact.address.gift_card_mail)
    message = letters.written(say, letter, to, mail, settings.mail_from, cause.correlation_id)
    with metrics.MAIL_SECONDS.labels(mail.kind).time(), tracing.span("smtp", kind="client"):
        return await _deliver(pool, server, mail, message)


async def _is_outdated(pool: Pool, mail: Mail, order: Order) -> bool:
    """Whether it asks for what was paid, or is not to be paid any more: it was queued, and then the server was down."""
    async with pool.acquire() as conn:
        if mail.kind == domain.PAYMENT_DECLINED:
            state, _ = await payments.shown(conn, order.payment_id)
            return state != "declined" or order.state != "pending_payment"
        if mail.kind == domain.OVERDUE and mail.subject_id is not None:
            invoice = await invoices.find(conn, mail.subject_id)
            return invoice is not None and not invoice.open_minor
    return False


async def _deliver(pool: Pool, server: MailServer, mail: Mail, message: EmailMessage) -> MailSent | MailRefused:
    try:
        async with server.connected() as client:
            async with pool.acquire() as conn:
                await store.begin(conn, mail.id)  # only from here on it may be out without our knowing
            await server.hand_over(client, message)
    except Refused as refused:
        return MailRefused(mail.id, mail.order_id, mail.kind, refused.code)
    return MailSent(mail.id, mail.order_id, mail.kind)


async def _put_off(pool: Pool, claimed: Claimed) -> None:
    async with pool.acquire() as conn:
        await store.put_off(conn, claimed.mail.id, growing(0.5, claimed.attempts, 300))


async def _letter(pool: Pool, say: Voice, mail: Mail, order: Order, settings: Settings) -> Letter:
    if mail.kind == domain.ORDER_CONFIRMATION:
        return letters.confirmation(
            say, order.sold, order.totals, order.taxes, order.charged_minor, order.credit_minor,
            duties_due=order.duties_due,
        )
    if mail.kind == domain.PAYMENT_DECLINED:
        async with pool.acquire() as conn:
            _, reason = await payments.shown(conn, order.payment_id)
        return letters.declined(say, reason, order.expires_at)
    if mail.kind == domain.COMPLETED:
        return letters.completed(say)
    if mail.kind == domain.ENDED:
        return ending_letters.ended(say, order)
    if mail.kind in (domain.ADDED, domain.LEFT_WITHOUT):
        return await _about_addition(pool, say, mail, order)
    if mail.kind == domain.READDRESSED:
        return letters.readdressed(say)
    if mail.kind == domain.FRESH_LINK:
        return letters.fresh_link(say)
    assert mail.subject_id is not None
    if mail.kind == domain.GIFT_CARD:
        return letters.gift_card(say, *await gift_cards.letter_of(pool, settings.master_key, mail.subject_id))
    if mail.kind in (domain.SHIPPED, domain.DELIVERED):
        return await _about_parcel(pool, say, mail.subject_id, order, arrived=mail.kind == domain.DELIVERED)
    if mail.kind == domain.REPLACED or mail.kind in return_letters.KINDS:
        return await _about_return(pool, say, mail, order)
    if mail.kind in (domain.INVOICE, domain.OVERDUE):
        async with pool.acquire() as conn:
            invoice = await invoices.find(conn, mail.subject_id)
        assert invoice is not None
        amount = Money(invoice.open_minor, invoice.currency)
        return letters.invoiced(say, invoice.number, amount, invoice.due_at, late=mail.kind == domain.OVERDUE)
    assert mail.kind in (domain.REFUND, domain.RELEASED)
    async with pool.acquire() as conn:
        refund = await refunds.find(conn, mail.subject_id)
        assert refund is not None
        if mail.kind == domain.RELEASED:
            return letters.released(say, refund.amount_minor, refund.currency, refund.lines, order.lines)
        moved_minor = refund.moved_minor + await _taken_again(conn, refund)
        note = await invoices.note_of_refund(conn, refund.id)
    return letters.refunded(
        say, refund.amount_minor, refund.currency, refund.lines, order.lines, moved_minor=moved_minor, note=note
    )


async def _taken_again(conn: Connection, refund: Refund) -> int:
    """What of it went to gift cards and was taken from them again, for what is sent instead."""
    for each in await returns.of_order(conn, refund.order_id):
        if each.refund_id == refund.id and each.replacement_id is not None:
            new = await orders.find_head(conn, each.replacement_id)
            return gift_cards.paid_by(new.gift_cards) if new else 0
    return 0


async def _about_parcel(pool: Pool, say: Voice, parcel_id: UUID, order: Order, *, arrived: bool) -> Letter:
    async with pool.acquire() as conn:
        parcel = await fulfilment.find(conn, parcel_id)
    assert parcel is not None
    return letters.shipped(say, parcel.carrier, parcel.tracking_number, parcel.lines, order.lines, arrived=arrived)


async def _about_addition(pool: Pool, say: Voice, mail: Mail, order: Order) -> Letter:
    assert order.adds_to is not None
    async with pool.acquire() as conn:
        first = await orders.find_head(conn, order.adds_to)
        payment = await payments.find_payment(conn, order.payment_id)
    assert first is not None
    assert payment is not None
    if mail.kind == domain.LEFT_WITHOUT:
        return letters.left_without(say, first.number)
    charged = Money(order.charged_minor, order.totals.currency)
    on_invoice = payments.can(payment.method).on_credit
    return letters.added(say, first.number, charged, order.expires_at, on_invoice=on_invoice)


async def _about_return(pool: Pool, say: Voice, mail: Mail, order: Order) -> Letter:
    assert mail.subject_id is not None
    async with pool.acquire() as conn:
        each = await returns.find(conn, mail.subject_id)
        payment = await payments.find_payment(conn, order.payment_id)
    assert each is not None
    assert payment is not None
    if mail.kind == domain.REPLACED:
        return return_letters.replaced(
            say, each, order.charged_minor, order.totals.currency, order.expires_at,
            on_invoice=payments.can(payment.method).on_credit,
        )  # fmt: skip
    return return_letters.about(say, mail.kind, each, order.lines)


def _given_to(buyer: Recipient, mail: str) -> Recipient:
    """Whom a gift card is for: they get the code, and nothing that leads to the order."""
    return structs.replace(buyer, to=mail, name="", address=[], status_url="")


def _recipient(order: Order, contact: Contact, settings: Settings) -> Recipient:
    address = contact.address
    token = settings.order_links.token(order.id, order.state, time.time())
    return Recipient(
        order.number,
        contact.mail,
        address.name,
        [part for part in (address.name, address.line1, address.line2, f"{address.postal_code} {address.city}",
                           address.region, address.country) if part],
        f"{settings.public_read_url}/v1/orders/{order.id}?token={token}",
    )  # fmt: skip
