"""The mails of accounts: claimed first, sent outside of any transaction.

The token of a link is made when its mail is sent and stands nowhere but there: of what waits to be sent, nobody who
reads the database can make a link. A mail may go out twice if the worker dies meanwhile; then the second one's link
counts.
"""

import asyncio
import logging
import os
from base64 import urlsafe_b64encode
from email.message import EmailMessage
from functools import partial
from uuid import UUID

from shared.settings import Settings
from write_side import metrics
from write_side.accounts import store as accounts
from write_side.accounts.desk import hash_of, mail_of
from write_side.accounts.domain import Account
from write_side.accounts.letters import store
from write_side.accounts.letters.store import Letter
from write_side.customers import Keyring
from write_side.database import Pool
from write_side.notifications import MailServer, MailTexts, Refused, Voice, addressed, message_id, tried
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8  # letters, at once: one after another they'd outlast their claim at a slow server
PAUSE = 0.2
FORGET_PAUSE = 600.0
MOST_ATTEMPTS = 20  # of a mail that can't be handed over; its link would be old by then


PAGES = {"confirm": "confirm", "reset": "reset"}  # of the shop, where links lead; the other mails have none


def steps(pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about accounts."""
    return [
        Step("account letters", PAUSE, lambda: send_due(pool, keyring, server, texts, settings)),
        Step("old account letters", FORGET_PAUSE, lambda: forget_old(pool)),
    ]


async def send_due(pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings) -> int:
    """Send what is due; answers how many letters that were."""
    async with pool.acquire() as conn:
        due = await store.claim(conn, AT_ONCE)
    await asyncio.gather(*(_attempt(pool, keyring, server, texts, settings, letter) for letter in due))
    return len(due)


async def forget_old(pool: Pool) -> int:
    """Drop letters whose time is over, and tries that don't count any more."""
    async with pool.acquire() as conn:
        return await accounts.forget_old(conn)


async def _attempt(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, letter: Letter
) -> None:
    id_ = {"letter_id": str(letter.id)}
    put_off = partial(store.put_off, pool, letter.id, growing(0.5, letter.attempts, 300))
    tell = partial(log.exception, "a letter failed", extra={"fields": id_})
    outcome = await tried(_send(pool, keyring, server, texts, settings, letter), put_off, tell)
    metrics.MAILS.labels(f"account_{letter.kind}", outcome).inc()
    fields = {**id_, "kind": letter.kind, "outcome": outcome}
    log.log(logging.WARNING if outcome == "refused" else logging.INFO, "tried a letter", extra={"fields": fields})


async def _send(
    pool: Pool, keyring: Keyring, server: MailServer, texts: MailTexts, settings: Settings, letter: Letter
) -> str:
    account = None if letter.person_id is None else await _account(pool, letter.person_id)
    to = None if account is None else await mail_of(keyring, account)
    if account is None or to is None or letter.attempts > MOST_ATTEMPTS:
        await store.drop(pool, letter.id)
        return "nobody" if to is None else "given_up"
    say = texts.voice(account.locale if letter.locale is None else letter.locale)
    try:
        async with server.connected() as client:
            await server.hand_over(client, await _written(pool, say, settings, letter, to))
    except Refused:
        await store.drop(pool, letter.id)
        return "refused"
    await store.finish(pool, letter.id)
    return "sent"


async def _account(pool: Pool, person_id: UUID) -> Account | None:
    kept = await accounts.find_of_person(pool, person_id)
    return None if kept is None else kept.account


async def _written(pool: Pool, say: Voice, settings: Settings, letter: Letter, to: str) -> EmailMessage:
    kind, page = f"account_{letter.kind}", PAGES.get(letter.kind)
    id_ = message_id(letter.id, settings.mail_from)
    message = addressed(to, say(f"{kind}.subject"), settings.mail_from, id_)
    text = say(f"{kind}.text", link=await _link(pool, settings, letter, page)) if page else say(f"{kind}.text")
    message.set_content(f"{say('mail.hello')}\n\n{text}\n", cte="quoted-printable")
    message["Content-Language"] = say.locale  # last: setting a content drops such headers
    return message


async def _link(pool: Pool, settings: Settings, letter: Letter, page: str) -> str:
    token = urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    await store.set_token(pool, letter.id, hash_of(token))
    # Behind a #: browsers send that to no server, so it stands in nobody's log.
    return f"{settings.public_shop_url}/{page}#token={token}"
