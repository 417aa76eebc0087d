"""Asking to be told, and telling: requests are claimed first, mails are sent outside of any transaction.

One may be sent twice, if the worker dies or the connection breaks while it is under way; the second has the same
Message-ID.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import quote
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.restock_requests import RequesterErased, RequesterMailRefused, RequesterTold, RestockRequested
from shared.ids import uuid7
from shared.locales import wider
from shared.sealed import seal, unseal
from shared.settings import Settings
from write_side import catalog, commands, inventory, metrics
from write_side.commands import Answer
from write_side.customers import Keyring, usable_mail
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.notifications import MailServer, MailTexts, Refused, message_id, tried
from write_side.restock_requests import domain, store
from write_side.restock_requests.domain import Letter, RestockRequest
from write_side.restock_requests.store import Claimed, End
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8  # mails, at once: one after another they'd outlast their claim at a slow server, and go twice
PAUSE = 2.0


class Waiting(Struct, frozen=True):
    """It will be told, once, as soon as there is any. Nobody learns who else waits, or whether they did already."""

    sku: str
    waiting: bool = True


async def request_restock(
    pool: Pool, keyring: Keyring, sku: str, mail: str, cause: Metadata, locale: str = ""
) -> Answer[Waiting]:
    """Tell this person when there is any, in the language that they read ("": the shop's own); a repeat changes
    nothing, by whatever spelling of the mailbox.

    Refuses `unknown_sku`, `made_of_others`, `broken_mail`, `in_stock`, `too_many_restock_requests`,
    `keyring_unavailable`.
    """
    to = usable_mail(mail)
    person = await keyring.person_for(to)
    counted_as = None if person.counted_as == person.id else person.counted_as
    event = RestockRequested(uuid7(), sku, person.id, seal(person.key, person.id, "mail", to), counted_as, locale)

    async def decide(conn: Connection) -> tuple[Waiting, Positions]:
        for_sale = (await catalog.variant_of(conn, sku)).status == "active"
        domain.check_waitable(sku, await inventory.find_bundles(conn, [sku]))
        others = [each for each in await store.waiting_of(conn, person.id, person.counted_as) if each != sku]
        available = await inventory.hold_available(conn, sku)
        domain.check(available if for_sale else 0, len(others))
        # What isn't for sale may have come meanwhile, or comes by the clock: the step looks once this has committed.
        return Waiting(sku), await store.insert(conn, event, cause, due=not for_sale)

    return await commands.run(pool, decide)


def steps(pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings) -> list[Step]:
    """What the worker is to do again and again."""
    return [Step("restock mails", PAUSE, lambda: tell_due(pool, keyring, server, texts, settings))]


async def tell_due(pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings) -> int:
    """Tell who waits for what is there again; answers how many those were."""
    async with pool.acquire() as conn:
        due, oldest = await store.count_due(conn)
        metrics.WAITING.labels("restock_mails_due").set(due)
        metrics.WAITING_AGE.labels("restock_mails_due").set(oldest)
    claimed = await _claimed(pool)
    await asyncio.gather(*(_attempt(pool, keyring, server, texts, settings, one) for one in claimed))
    return len(claimed)


async def _claimed(pool: Pool) -> list[Claimed]:
    """Whom to tell now. One look, a transaction of its own, after another, as long as all it finds waits again."""
    while True:
        async with pool.acquire() as conn, conn.transaction():
            due = await store.due(conn)
            if not due:
                return []
            until = await _until(conn, set(due.values()))
            claimed = await store.claim_due(conn, [id_ for id_, sku in due.items() if sku not in until], AT_ONCE)
            await store.make_more_due(conn, list({one.request.sku for one in claimed}), AT_ONCE)
            wait = await store.wait_again(conn, {id_: until[sku] for id_, sku in due.items() if sku in until})
        if claimed or not wait:
            return claimed


async def _until(conn: Connection, skus: Collection[str]) -> dict[str, datetime | None]:
    """Those of these SKUs that can't be had, and until when to wait: for the moment at which a product comes, or None,
    for stock or for its product."""
    available, sold_from = await inventory.available_of(conn, list(skus)), await catalog.sold_from(conn, list(skus))
    there = {sku for sku in skus if available.get(sku, 0) > 0 and sku in sold_from and sold_from[sku] is None}
    return {sku: sold_from.get(sku) for sku in skus if sku not in there}


async def _attempt(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, claimed: Claimed
) -> None:
    id_ = {"request_id": str(claimed.request.id)}
    pause = growing(1.0, claimed.attempts, store.LONGEST.total_seconds())
    put_off = partial(store.put_off, pool, claimed.request.id, pause)
    tell = partial(log.exception, "a restock mail failed", extra={"fields": id_})
    outcome = await tried(_tell(pool, keyring, server, texts, settings, claimed), put_off, tell)
    metrics.MAILS.labels("back_in_stock", outcome).inc()
    fields = {**id_, "sku": claimed.request.sku, "outcome": outcome}
    log.log(logging.WARNING if outcome == "refused" else logging.INFO, "told who waits", extra={"fields": fields})


async def _tell(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, claimed: Claimed
) -> str:
    request = claimed.request
    key = await keyring.key_of(request.person_id)
    if key is None:
        await _end(pool, RequesterErased(request.id, request.sku))
        return "erased"
    async with pool.acquire() as conn:
        letter = await _letter(conn, request, settings)
    say = texts.voice(request.locale)
    to, id_ = unseal(key, "mail", request.mail), message_id(request.id, settings.mail_from)
    try:
        async with server.connected() as client:
            await server.hand_over(client, domain.written(say, letter, to, settings.mail_from, id_))
    except Refused as refused:
        await _end(pool, RequesterMailRefused(request.id, request.sku, refused.code))
        return "refused"
    await _end(pool, RequesterTold(request.id, request.sku))
    return "sent"


async def _letter(conn: Connection, request: RestockRequest, settings: Settings) -> Letter:
    sold, sku = await catalog.variant_of(conn, request.sku), request.sku
    named = await catalog.names_in(conn, [sku], wider(request.locale)) if request.locale else {}
    link = f"{settings.public_shop_url}/products/{sold.product_id}?sku={quote(sku, safe='')}"
    return Letter(named.get(sku, sold.name), sku, link)


async def _end(pool: Pool, event: End) -> None:
    cause = Metadata(actor="worker", correlation_id=str(event.request_id))
    async with commands.transaction(pool) as conn:
        await store.end(conn, {event.request_id: event}, cause)


# --- erasing and exporting a person -----------------------------------------------------------------------------------


async def redact(conn: Connection, person_id: UUID, cause: Metadata) -> tuple[int, Positions]:
    """Whoever was erased waits for nothing; how many requests ended."""
    waiting = [one for one in await store.of_person(conn, person_id) if one.state == "waiting"]
    ended = {one.id: RequesterErased(one.id, one.sku) for one in waiting}
    return len(ended), await store.end(conn, ended, cause)


async def named_among(conn: Connection, persons: Sequence[UUID]) -> list[UUID]:
    """Those of them who still wait for something."""
    return await store.persons_waiting(conn, persons)


async def awaited_by(conn: Connection, person_id: UUID) -> list[RestockRequest]:
    """What a person asked to be told of."""
    return await store.of_person(conn, person_id)
