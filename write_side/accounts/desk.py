"""What commands of accounts work with, and what they have in common: counted tries, and opening a session."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.bearer import SESSION, kept_of, spelled
from shared.events.accounts import SessionOpened
from shared.ids import uuid7
from shared.sealed import unseal
from write_side.accounts import attempts, domain, store
from write_side.accounts.attempts import Bucket
from write_side.accounts.domain import Account, TooManyAttempts
from write_side.accounts.passwords import Passwords
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent


class Desk(NamedTuple):
    """The pool, the keys of persons, where passwords are hashed, and how often a client may try, a minute."""

    pool: Pool
    keyring: Keyring
    passwords: Passwords
    per_client: int


class NewSession(Struct, frozen=True):
    """A session; the one time that its token is shown."""

    id: UUID
    account_id: UUID
    token: str
    expires_at: datetime


@asynccontextmanager
async def open_desk(pool: Pool, keyring: Keyring, per_client: int) -> AsyncIterator[Desk]:
    """The desk, and the threads that hash."""
    passwords = Passwords()
    try:
        yield Desk(pool, keyring, passwords, per_client)
    finally:
        passwords.close()


async def take(desk: Desk, buckets: Sequence[Bucket]) -> None:
    """Count a try; refuses `too_many_attempts`."""
    if wait := await store.take(desk.pool, buckets):
        raise TooManyAttempts("this was tried too often; wait a while", retry_after=wait)


async def count_letter(desk: Desk, mail: str, client: str) -> None:
    """Count a mail that somebody asks for, to an address whose owner they need not be; refuses `too_many_attempts`."""
    await take(desk, attempts.letters(desk.keyring.blinded, mail, client, desk.per_client))


async def count_try(desk: Desk, client: str) -> None:
    """Count something else that a client guesses at; refuses `too_many_attempts`."""
    await take(desk, attempts.client_only(desk.keyring.blinded, client, desk.per_client))


async def open_session(
    conn: Connection, account: Account, how: Literal["password", "confirmation", "reset"]
) -> tuple[NewSession, list[NewEvent]]:
    """A session of an account whose row is held, and the events: it ends the oldest if there are too many."""
    session_id, secret = uuid7(), os.urandom(32)
    expires_at = datetime.now(UTC) + domain.SESSION_LIFE
    opened = SessionOpened(session_id, account.id, account.person_id, kept_of(secret), expires_at, how)
    ended = await store.end_sessions(conn, account.id, "too_many", keep=domain.MOST_SESSIONS - 1)
    new = NewSession(session_id, account.id, spelled(session_id, secret, SESSION), expires_at)
    return new, [*ended, await store.insert_session(conn, opened)]


async def mail_of(keyring: Keyring, account: Account) -> str | None:
    """Its mail address in the clear, None once the person was erased."""
    key = await keyring.key_of(account.person_id)
    return None if key is None or not account.mail else unseal(key, "mail", account.mail)


def hash_of(token: str) -> str:
    """What is kept of a link's token: plain SHA-256 is enough for 256 random bits."""
    return sha256(token.encode()).hexdigest()
