"""The mails of accounts: claimed first, sent outside of any transaction.

The token of a link is made when its mail is sent and stands nowhere but there: of what waits to be sent, nobody who
reads the database can make a link. A mail may go out twice if the worker dies meanwhile; then the second one's link
counts.
"""

import logging
import os
from base64 import urlsafe_b64encode
from email.message import EmailMessage
from typing import NamedTuple
from uuid import UUID

from shared.settings import Settings
from write_side import metrics
from write_side.accounts import store as accounts
from write_side.accounts.desk import hash_of, mail_of
from write_side.accounts.letters import store
from write_side.accounts.letters.store import Letter
from write_side.customers import Keyring
from write_side.database import Pool
from write_side.notifications import MailServer, NotSent, Refused, Unclear, addressed, message_id
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8
PAUSE = 0.2
FORGET_PAUSE = 600.0
MOST_ATTEMPTS = 20  # of a mail that can't be handed over; its link would be old by then


class Text(NamedTuple):
    """What a mail says; `{link}` stands for its link."""

    subject: str
    body: str
    page: str = ""  # of the shop, where its link leads


TEXTS = {
    "confirm": Text(
        "Confirm your mail address",
        "somebody, hopefully you, has signed up with this mail address. To confirm it, open this page within two days "
        "and give the password that you chose:\n\n{link}\n\nIf that wasn't you, leave it: without the password that "
        "was chosen nothing comes of it.",
        "confirm",
    ),
    "known": Text(
        "You have an account already",
        "somebody, hopefully you, wanted to sign up with this mail address. There is an account already: sign in, or "
        "ask for a new password if you have forgotten yours. If that wasn't you, there is nothing to do.",
    ),
    "reset": Text(
        "A new password",
        "somebody, hopefully you, has asked for a new password. To choose one, open this page within an hour:\n\n{link}"
        "\n\nIf that wasn't you, leave it: your password stays as it is.",
        "reset",
    ),
    "changed": Text(
        "Your password was changed",
        "the password of your account was changed just now, and everybody else who was signed in was signed out. If "
        "that wasn't you, ask for a new password at once.",
    ),
}


def steps(pool: Pool, keyring: Keyring, server: MailServer, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about accounts."""
    return [
        Step("account letters", PAUSE, lambda: send_due(pool, keyring, server, settings)),
        Step("old account letters", FORGET_PAUSE, lambda: forget_old(pool)),
    ]


async def send_due(pool: Pool, keyring: Keyring, server: MailServer, settings: Settings) -> int:
    """Send what is due; answers how many letters that were."""
    async with pool.acquire() as conn:
        due = await store.claim(conn, AT_ONCE)
    for letter in due:
        outcome = await _send(pool, keyring, server, settings, letter)
        metrics.MAILS.labels(f"account_{letter.kind}", outcome).inc()
        fields = {"letter_id": str(letter.id), "kind": letter.kind, "outcome": outcome}
        log.log(logging.WARNING if outcome == "refused" else logging.INFO, "tried a letter", extra={"fields": fields})
    return len(due)


async def forget_old(pool: Pool) -> int:
    """Drop letters whose time is over, and tries that don't count any more."""
    async with pool.acquire() as conn:
        return await accounts.forget_old(conn)


async def _send(pool: Pool, keyring: Keyring, server: MailServer, settings: Settings, letter: Letter) -> str:
    to = None if letter.person_id is None else await _mailbox(pool, keyring, letter.person_id)
    if to is None or letter.attempts > MOST_ATTEMPTS:
        await store.drop(pool, letter.id)
        return "nobody" if to is None else "given_up"
    try:
        async with server.connected() as client:
            await server.hand_over(client, await _written(pool, settings, letter, to))
    except (NotSent, Unclear):
        await store.put_off(pool, letter.id, growing(0.5, letter.attempts, 300))
        return "put_off"
    except Refused:
        await store.drop(pool, letter.id)
        return "refused"
    await store.finish(pool, letter.id)
    return "sent"


async def _mailbox(pool: Pool, keyring: Keyring, person_id: UUID) -> str | None:
    kept = await accounts.find_of_person(pool, person_id)
    return None if kept is None else await mail_of(keyring, kept.account)


async def _written(pool: Pool, settings: Settings, letter: Letter, to: str) -> EmailMessage:
    text = TEXTS[letter.kind]
    token = urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    if text.page:
        await store.set_token(pool, letter.id, hash_of(token))
    message = addressed(to, text.subject, settings.mail_from, message_id(letter.id, settings.mail_from))
    # Behind a #: browsers send that to no server, so it stands in nobody's log.
    link = f"{settings.public_shop_url}/{text.page}#token={token}"
    message.set_content(f"Hello,\n\n{text.body.replace('{link}', link)}\n", cte="quoted-printable")
    return message
