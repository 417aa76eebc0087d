"""The SQL of the mail ledger."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.notifications import MailQueued, MailRefused, MailSent
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent
from write_side.notifications.domain import Mail

# For so long a mail is one worker's. Sending takes less (gateway.LONGEST), so whoever finds one left over knows that
# its sender is gone.
CLAIM = timedelta(seconds=30)
_MAIL = "id, order_id, kind, message_id, state, version, subject_id"


class Claimed(NamedTuple):
    """A mail to send, how often that was tried, and how often it stayed unknown whether it went out."""

    mail: Mail
    attempts: int
    doubts: int


async def queue(conn: Connection, event: MailQueued, cause: Metadata) -> None:
    """The row of a mail to be sent, and its event; one of each kind per order and subject."""
    done = await conn.execute(
        """INSERT INTO mail (id, order_id, kind, message_id, subject_id, state, version)
           VALUES ($1, $2, $3, $4, $5, 'queued', 1) ON CONFLICT (order_id, kind, subject_id) DO NOTHING""",
        event.mail_id, event.order_id, event.kind, event.message_id, event.subject_id,
    )  # fmt: skip
    if done == "INSERT 0 1":
        new = NewEvent("mail", event.mail_id, 1, order_key(event.order_id), event)
        await event_log.append(conn, [new], cause)


class Wish(NamedTuple):
    """Somebody wants a fresh link to an order; `person_id`: of the mail that was typed, if anybody ever came by it."""

    id: UUID
    number: str
    person_id: UUID | None


async def wish_for_link(conn: Connection, wish: Wish) -> None:
    """To be looked into; a wish of nobody's as well: that takes as long."""
    await conn.execute("INSERT INTO order_link_wish (id, number, person_id) VALUES ($1, $2, $3)", *wish)


async def take_wishes(conn: Connection, most: int) -> list[Wish]:
    """So many wishes, which are this transaction's to work off: they are gone with its commit."""
    query = """DELETE FROM order_link_wish WHERE id IN (
                   SELECT id FROM order_link_wish ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING id, number, person_id"""
    return [Wish(*row) for row in await conn.fetch(query, most)]


async def claim_due(conn: Connection, limit: int) -> list[Claimed]:
    """Mails to send now, for this worker alone for a while; one that was left half sent counts as in doubt."""
    rows = await conn.fetch(
        f"""UPDATE mail SET doubts = doubts + (sending_since IS NOT NULL)::int, attempts = attempts + 1,
                            sending_since = NULL, next_attempt_at = clock_timestamp() + $2
            WHERE id IN (SELECT id FROM mail WHERE state = 'queued' AND next_attempt_at <= clock_timestamp()
                         ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING {_MAIL}, attempts, doubts""",  # noqa: S608
        limit, CLAIM,
    )  # fmt: skip
    return [Claimed(Mail(*list(row.values())[:7]), row["attempts"], row["doubts"]) for row in rows]


async def begin(conn: Connection, mail_id: UUID) -> None:
    """It is handed to the server now: until somebody writes down how that ended, nobody knows whether it went out."""
    await conn.execute("UPDATE mail SET sending_since = clock_timestamp() WHERE id = $1", mail_id)


async def put_off(conn: Connection, mail_id: UUID, pause: timedelta) -> None:
    """It certainly did not go out: try again after a pause."""
    query = "UPDATE mail SET sending_since = NULL, next_attempt_at = clock_timestamp() + $2 WHERE id = $1"
    await conn.execute(query, mail_id, pause)


async def count_waiting(conn: Connection) -> tuple[int, float, int]:
    """Mails that are due, for how many seconds the first of them has been, and those left because they may be out."""
    row = await conn.fetchrow(
        """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)), 0)::float8,
                  (SELECT count(*) FROM mail WHERE state = 'queued' AND next_attempt_at IS NULL)
           FROM mail WHERE state = 'queued' AND next_attempt_at <= clock_timestamp()"""
    )
    assert row is not None
    return row[0], row[1], row[2]


async def leave(conn: Connection, mail_id: UUID) -> None:
    """Nobody knows whether it went out, and it was repeated already: never again by itself."""
    await conn.execute("UPDATE mail SET next_attempt_at = NULL WHERE id = $1", mail_id)


async def finish(conn: Connection, mail: Mail, event: MailSent | MailRefused, cause: Metadata) -> None:
    """The row of a mail that was sent or refused for good, and its event. Only the first to say so is heard."""
    state = "sent" if isinstance(event, MailSent) else "refused"
    version: int | None = await conn.fetchval(
        """UPDATE mail SET state = $2, version = version + 1, sending_since = NULL, next_attempt_at = NULL
           WHERE id = $1 AND state = 'queued' RETURNING version""",
        mail.id, state,
    )  # fmt: skip
    if version is not None:
        await event_log.append(conn, [NewEvent("mail", mail.id, version, order_key(mail.order_id), event)], cause)


async def all_mails(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Mail]:
    """Every mail's row, or those of some, for the comparison with the log."""
    return [Mail(*row) for row in await conn.fetch(*among(f"SELECT {_MAIL} FROM mail", ids))]  # noqa: S608


async def rewrite_mail(conn: Connection, mail: Mail) -> None:
    """Make the row say this, for a repair. A queued mail whose row was lost may be out: a person looks at it."""
    await overwrite(conn, "mail", msgspec.structs.asdict(mail), {"next_attempt_at": None})
