"""The SQL of letters that wait to be sent, and of their links."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from write_side.database import Connection, Pool

CLAIM = timedelta(seconds=30)  # for so long a letter is one worker's: longer than a mail takes


class Letter(NamedTuple):
    """A mail to be written to an account's person."""

    id: UUID
    kind: str
    person_id: UUID | None
    attempts: int
    locale: str | None  # that it was asked for in; None: the account's


class UsedLink(NamedTuple):
    """Whose a link was, the hash of the password that was chosen with it, and the language it was asked for in."""

    person_id: UUID
    password_hash: str | None
    locale: str | None


async def queue(
    conn: Connection | Pool, id_: UUID, kind: str, person_id: UUID | None, life: timedelta,
    password_hash: str | None = None, locale: str | None = None,
) -> None:  # fmt: skip
    """A mail to be written; to nobody, if there is no person: that takes as long."""
    await conn.execute(
        """INSERT INTO account_letter (id, kind, person_id, password_hash, expires_at, locale)
           VALUES ($1, $2, $3, $4, clock_timestamp() + $5, $6)""",
        id_, kind, person_id, password_hash, life, locale,
    )  # fmt: skip


async def claim(conn: Connection, limit: int) -> list[Letter]:
    """Those to be sent now, for this worker alone for a while."""
    rows = await conn.fetch(
        """UPDATE account_letter SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2
           WHERE id IN (SELECT id FROM account_letter WHERE next_attempt_at <= clock_timestamp()
                        ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING id, kind, person_id, attempts, locale""",
        limit, CLAIM,
    )  # fmt: skip
    return [Letter(*row) for row in rows]


async def set_token(conn: Connection | Pool, letter_id: UUID, token_sha256: str) -> None:
    """The link in the mail that is about to go out opens it; one that went out before, perhaps, doesn't any more."""
    await conn.execute("UPDATE account_letter SET token_sha256 = $2 WHERE id = $1", letter_id, token_sha256)


async def finish(conn: Connection | Pool, letter_id: UUID) -> None:
    """It went out; the row stays for its link."""
    await conn.execute("UPDATE account_letter SET next_attempt_at = NULL WHERE id = $1", letter_id)


async def put_off(conn: Connection | Pool, letter_id: UUID, pause: timedelta) -> None:
    """It did not go out: try again after a pause."""
    query = "UPDATE account_letter SET next_attempt_at = clock_timestamp() + $2 WHERE id = $1"
    await conn.execute(query, letter_id, pause)


async def drop(conn: Connection | Pool, letter_id: UUID) -> None:
    """Nobody is to get it."""
    await conn.execute("DELETE FROM account_letter WHERE id = $1", letter_id)


async def drop_all(conn: Connection, person_id: UUID, kinds: Sequence[str] = ("confirm", "reset")) -> None:
    """Whatever links a person was sent, or is about to be, open nothing any more."""
    await conn.execute("DELETE FROM account_letter WHERE person_id = $1 AND kind = ANY ($2)", person_id, list(kinds))


async def find_link(conn: Connection | Pool, kind: str, token_sha256: str) -> tuple[UUID, str | None] | None:
    """The person and the password's hash of a link that may still be followed."""
    row = await conn.fetchrow(
        """SELECT person_id, password_hash FROM account_letter
           WHERE token_sha256 = $1 AND kind = $2 AND expires_at > clock_timestamp()""",
        token_sha256, kind,
    )  # fmt: skip
    return None if row is None else (row["person_id"], row["password_hash"])


async def use_link(conn: Connection, kind: str, token_sha256: str) -> UsedLink | None:
    """The same, with its language, and it is gone: of two who follow it at once the second waits for the first, and
    finds none."""
    row = await conn.fetchrow(
        """DELETE FROM account_letter WHERE token_sha256 = $1 AND kind = $2 AND expires_at > clock_timestamp()
           RETURNING person_id, password_hash, locale""",
        token_sha256, kind,
    )  # fmt: skip
    return None if row is None else UsedLink(*row)
