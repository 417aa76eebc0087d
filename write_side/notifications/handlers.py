"""Sending what the ledger holds: claimed first, sent outside of any transaction, and the outcome written down."""

import asyncio
import logging
from datetime import timedelta

from shared.envelope import Metadata
from shared.events.notifications import MailRefused, MailSent
from shared.links import order_token
from shared.settings import Settings
from write_side import commands, customers, orders
from write_side.customers import Contact, Keyring, SealedContact
from write_side.database import Pool
from write_side.notifications import domain, store
from write_side.notifications.domain import Confirmation, Line
from write_side.notifications.gateway import MailServer, NotSent, Refused, Unclear
from write_side.notifications.store import Claimed
from write_side.orders import Order
from write_side.steps import Step

log = logging.getLogger(__name__)

AT_ONCE = 8
PAUSE = 0.2
ERASED = 0  # the code of a mail whose recipient was erased before it went out


def steps(pool: Pool, keyring: Keyring, server: MailServer, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about mails."""
    return [Step("mails", PAUSE, lambda: send_due(pool, keyring, server, settings))]


async def send_due(pool: Pool, keyring: Keyring, server: MailServer, settings: Settings) -> int:
    """Send what is due; answers how many mails that were."""
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, AT_ONCE)
    await asyncio.gather(*(_attempt(pool, keyring, server, settings, claimed) for claimed in due))
    return len(due)


async def _attempt(
    pool: Pool, keyring: Keyring, server: MailServer, settings: Settings, claimed: Claimed
) -> None:
    """One attempt; a row left as it is (killed, or the connection broke) is sent once more when its claim is over."""
    mail = claimed.mail
    if claimed.doubts > domain.MOST_DOUBTS:
        log.error("a mail may have been lost", extra={"fields": {"mail_id": str(mail.id)}})
        async with pool.acquire() as conn:
            return await store.leave(conn, mail.id)
    try:
        outcome = await _send(pool, keyring, server, settings, claimed)
    except NotSent:
        return await _put_off(pool, claimed)
    except Unclear:
        log.warning("the mail server went away", extra={"fields": {"mail_id": str(mail.id)}})
        return
    except Exception:  # before anything was handed to the server: the keyring is down, an address can't be written
        log.exception("a mail failed", extra={"fields": {"mail_id": str(mail.id)}})
        return await _put_off(pool, claimed)
    cause = Metadata(actor="worker", correlation_id=str(mail.order_id))
    async with commands.transaction(pool) as conn:
        await store.finish(conn, mail, outcome, cause)


async def _send(
    pool: Pool, keyring: Keyring, server: MailServer, settings: Settings, claimed: Claimed
) -> MailSent | MailRefused:
    mail = claimed.mail
    async with pool.acquire() as conn:
        order = await orders.find_order(conn, mail.order_id)
    assert order is not None
    contact = await customers.open_contact(keyring, SealedContact(order.person_id, order.mail, order.address))
    if contact is None:
        return MailRefused(mail.id, mail.order_id, mail.kind, ERASED)
    message = domain.confirmation(_content(order, contact, settings), mail, settings.mail_from)
    client = await server.connect()
    try:
        async with pool.acquire() as conn:
            await store.begin(conn, mail.id)  # only from here on it may be out without our knowing
        await server.hand_over(client, message)
    except Refused as refused:
        return MailRefused(mail.id, mail.order_id, mail.kind, refused.code)
    finally:
        client.close()
    return MailSent(mail.id, mail.order_id, mail.kind)


async def _put_off(pool: Pool, claimed: Claimed) -> None:
    pause = timedelta(seconds=min(0.5 * 2 ** min(claimed.attempts, 12), 300))
    async with pool.acquire() as conn:
        await store.put_off(conn, claimed.mail.id, pause)


def _content(order: Order, contact: Contact, settings: Settings) -> Confirmation:
    address, totals = contact.address, order.totals
    token = order_token(settings.link_secret, order.id)
    return Confirmation(
        order.number,
        contact.mail,
        address.name,
        [part for part in (address.name, address.line1, address.line2, f"{address.postal_code} {address.city}",
                           address.region, address.country) if part],
        [Line(line.name, line.quantity, line.total_minor) for line in order.lines],
        totals.currency, totals.lines_minor, totals.shipping_minor, totals.tax_minor, totals.total_minor,
        f"{settings.public_read_url}/v1/orders/{order.id}?token={token}",
    )  # fmt: skip
