"""Signing in and out. A wrong password and an unknown address are one refusal, after the same work."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from shared.bearer import SESSION, presented
from shared.envelope import Metadata
from shared.events.accounts import SignInFailed
from shared.ids import uuid7
from write_side import commands
from write_side.accounts import attempts, domain, store
from write_side.accounts.desk import Desk, NewSession, open_session, take
from write_side.accounts.domain import SignedIn, WrongCredentials
from write_side.accounts.store import Kept
from write_side.commands import Answer, cause_of
from write_side.database import Connection, Pool
from write_side.event_log import Positions


class SignedOut(Struct, frozen=True):
    """How many sessions were ended just now."""

    ended: int


async def sign_in(desk: Desk, mail: str, password: str, client: str, cause: Metadata) -> Answer[NewSession]:
    """A session for whoever knows the password. Refuses `wrong_credentials`, `too_many_attempts`, `busy`."""
    await take(desk, attempts.sign_in(desk.keyring.blinded, mail, client, desk.per_client))
    person_id = await desk.keyring.find(mail)
    kept = await store.find_of_person(desk.pool, person_id or uuid7())  # nobody's account takes as long to find
    if not await desk.passwords.fits(kept.password_hash if kept else None, password):
        await _note_failure(desk, kept, cause)
        raise WrongCredentials("no account has this mail address and this password")
    assert kept is not None
    answer = await _open(desk, kept, cause)
    # The client's own try is gone: else one account would do to keep the threads that hash, and the log, busy for ever.
    await store.give_back(desk.pool, attempts.own(desk.keyring.blinded, mail, client))
    return answer


async def _open(desk: Desk, seen: Kept, cause: Metadata) -> Answer[NewSession]:
    by = cause_of(domain.actor_of(seen.account.id), cause.correlation_id, cause.traceparent)

    async def decide(conn: Connection) -> tuple[NewSession, Positions]:
        kept = await store.lock(conn, seen.account.id)
        # Reset or erased since we looked: the password that was right then opens nothing any more.
        if kept is None or kept.account.state != "confirmed" or kept.password_hash != seen.password_hash:
            raise WrongCredentials("no account has this mail address and this password")
        session, events = await open_session(conn, kept.account, "password")
        return session, await store.append(conn, events, by)

    return await commands.run(desk.pool, decide)


async def _note_failure(desk: Desk, kept: Kept | None, cause: Metadata) -> None:
    account_id = None if kept is None else kept.account.id
    by = cause_of(domain.unproven(account_id), cause.correlation_id, cause.traceparent)

    async def decide(conn: Connection) -> tuple[SignedOut, Positions]:
        failed = await store.insert_session(conn, SignInFailed(uuid7(), account_id))
        return SignedOut(0), await store.append(conn, [failed], by)

    await commands.run(desk.pool, decide)


async def sign_out(pool: Pool, who: SignedIn, cause: Metadata) -> Answer[SignedOut]:
    """End this very session."""
    return await _end(pool, who, "signed_out", who.session_id, cause)


async def sign_out_everywhere(pool: Pool, who: SignedIn, cause: Metadata) -> Answer[SignedOut]:
    """End every session of the account, this one too."""
    return await _end(pool, who, "signed_out_everywhere", None, cause)


async def _end(pool: Pool, who: SignedIn, reason: str, only: UUID | None, cause: Metadata) -> Answer[SignedOut]:
    async def decide(conn: Connection) -> tuple[SignedOut, Positions]:
        await store.lock(conn, who.account_id)
        ended = await store.end_sessions(conn, who.account_id, reason, only=only)
        return SignedOut(len(ended)), await store.append(conn, ended, cause)

    return await commands.run(pool, decide)


async def signed_in(conn: Connection | Pool, authorization: str | None) -> SignedIn | None:
    """Who an Authorization header's session stands for, None if nobody: one look-up by two primary keys."""
    shown = presented(authorization, SESSION)
    found = None if shown is None else await store.find_session(conn, shown.token_id)
    if shown is None or found is None:
        return None
    return domain.holder(*found, shown, datetime.now(UTC))
