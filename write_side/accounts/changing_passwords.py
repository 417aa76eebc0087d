"""A new password: by whoever knows the old one, or by a link in a mail. Either ends the sessions of everybody else."""

from typing import Literal

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.accounts import AccountConfirmed, LanguageChosen, PasswordChanged
from shared.ids import uuid7
from write_side import commands
from write_side.accounts import attempts, domain, store
from write_side.accounts.desk import Desk, NewSession, count_letter, hash_of, mail_of, open_session, take
from write_side.accounts.domain import Account, SignedIn, TokenRefused, WrongCredentials
from write_side.accounts.letters import store as letters
from write_side.accounts.signing_up import Asked
from write_side.commands import Answer, cause_of
from write_side.customers import usable_mail
from write_side.database import Connection
from write_side.event_log import NewEvent, Positions


class PasswordIsNew(Struct, frozen=True):
    """How many other sessions were ended."""

    ended: int


async def ask_for_reset(desk: Desk, mail: str, client: str) -> Answer[Asked]:
    """A link by mail, if anybody has an account by that address; which is looked into later, by the worker, so that
    neither answer nor time tells. Refuses `broken_mail`, `too_many_attempts`, `keyring_unavailable`."""
    mail = usable_mail(mail)
    await count_letter(desk, mail, client)
    person_id = await desk.keyring.find(mail)

    async def decide(conn: Connection) -> tuple[Asked, Positions]:
        await letters.queue(conn, uuid7(), "reset", person_id, domain.LINK_LIFE["reset"])
        return Asked(), {}

    return await commands.run(desk.pool, decide)


async def reset(desk: Desk, token: str, password: str, client: str, cause: Metadata) -> Answer[NewSession]:
    """A new password by a link: all sessions end, one is opened, and nobody's tries stand in the owner's way any more.

    Refuses `token_refused`, `weak_password`, `too_many_attempts`, `busy`, `keyring_unavailable`.
    """
    domain.check_password(password)
    await take(desk, attempts.client_only(desk.keyring.blinded, client, desk.per_client))
    found = await letters.find_link(desk.pool, "reset", hash_of(token))
    kept = None if found is None else await store.find_of_person(desk.pool, found[0])
    if kept is None:
        raise _refused()
    mail = await mail_of(desk.keyring, kept.account)
    if mail is None:
        raise _refused()
    domain.check_password(password, mail)
    password_hash = await desk.passwords.hash(password)

    async def decide(conn: Connection) -> tuple[NewSession, Positions]:
        used = await letters.use_link(conn, "reset", hash_of(token))
        locked = None if used is None else await store.lock_of_person(conn, used.person_id)
        if used is None or locked is None or locked.account.state == "erased":
            raise _refused()
        account, events = await _changed(conn, locked.account, password_hash, "reset")
        ended = await store.end_sessions(conn, account.id, "password_changed")
        await store.empty(conn, attempts.own(desk.keyring.blinded, mail, client))
        session, opened = await open_session(conn, account, "reset")
        by = cause_of(domain.actor_of(account.id), cause.correlation_id, cause.traceparent)
        return session, await store.append(conn, [*events, *ended, *opened], by)

    return await commands.run(desk.pool, decide)


async def change_password(
    desk: Desk, who: SignedIn, current: str, new: str, client: str, cause: Metadata
) -> Answer[PasswordIsNew]:
    """Every session but this one ends. Refuses `wrong_credentials`, `weak_password`, `too_many_attempts`, `busy`."""
    seen = await store.find(desk.pool, who.account_id)
    mail = None if seen is None else await mail_of(desk.keyring, seen.account)
    if seen is None or mail is None:
        raise _wrong()
    domain.check_password(new, mail)
    await take(desk, attempts.sign_in(desk.keyring.blinded, mail, client, desk.per_client))
    if not await desk.passwords.fits(seen.password_hash, current):
        raise _wrong()
    password_hash = await desk.passwords.hash(new)

    async def decide(conn: Connection) -> tuple[PasswordIsNew, Positions]:
        kept = await store.lock(conn, who.account_id)
        if kept is None or kept.password_hash != seen.password_hash:
            raise _wrong()
        account, events = await _changed(conn, kept.account, password_hash, "changed")
        ended = await store.end_sessions(conn, account.id, "password_changed", but=who.session_id)
        await store.give_back(conn, attempts.own(desk.keyring.blinded, mail, client))
        return PasswordIsNew(len(ended)), await store.append(conn, [*events, *ended], cause)

    return await commands.run(desk.pool, decide)


async def _changed(
    conn: Connection, account: Account, password_hash: str, how: Literal["changed", "reset"]
) -> tuple[Account, list[NewEvent]]:
    """The account with its new password, its owner told by mail; who got a link has the mailbox, and so confirms it."""
    events = []
    if account.state == "unconfirmed":
        account, confirmed = await store.save(conn, account, AccountConfirmed(account.id))
        events.append(confirmed)
        if account.locale:  # chosen by whoever signed up, which need not be who has the mailbox
            account, unsaid = await store.save(conn, account, LanguageChosen(account.id, ""))
            events.append(unsaid)
    account, changed = await store.save(conn, account, PasswordChanged(account.id, how))
    await store.set_password(conn, account.id, password_hash)
    await letters.drop_all(conn, account.person_id)
    await letters.queue(conn, uuid7(), "changed", account.person_id, domain.NOTE_LIFE)
    return account, [*events, changed]


def _refused() -> TokenRefused:
    return TokenRefused("this link opens nothing (any more); ask for another one")


def _wrong() -> WrongCredentials:
    return WrongCredentials("this is not the account's password")
