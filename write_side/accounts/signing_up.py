"""Signing up, and the confirmation by mail.

Whoever signs up is answered the same whether there is an account by that address or not; the mail tells its owner. A
password counts once it is given again with the link: so nobody can sign somebody else up, wait until they follow the
link, and then know the password of their account.
"""

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.accounts import AccountConfirmed, LanguageChosen, SignedUp
from shared.ids import uuid7
from shared.sealed import seal
from write_side import commands
from write_side.accounts import attempts, domain, store
from write_side.accounts.desk import Desk, NewSession, hash_of, open_session, take
from write_side.accounts.domain import TokenRefused
from write_side.accounts.letters import store as letters
from write_side.commands import Answer, cause_of
from write_side.customers import usable_mail
from write_side.database import Connection
from write_side.event_log import Positions


class Asked(Struct, frozen=True):
    """A mail is on its way, if there is anybody to get it: more is told to nobody who doesn't read it."""

    state: str = "look_into_your_mail"


async def sign_up(
    desk: Desk, mail: str, password: str, client: str, cause: Metadata, locale: str = ""
) -> Answer[Asked]:
    """An account that waits for its confirmation, or a mail to whoever has one already; `locale`: what they read, ""
    the shop's own language.

    Refuses `broken_mail`, `weak_password`, `too_many_attempts`, `busy`, `keyring_unavailable`.
    """
    mail = usable_mail(mail)
    domain.check_password(password, mail)
    await take(desk, attempts.letters(desk.keyring.blinded, mail, client, desk.per_client))
    password_hash = await desk.passwords.hash(password)
    person = await desk.keyring.person_for(mail)
    sealed = seal(person.key, person.id, "mail", mail)

    async def decide(conn: Connection) -> tuple[Asked, Positions]:
        kept = await store.lock_of_person(conn, person.id)
        kind = domain.letter_for(None if kept is None else kept.account)
        confirms = kind == "confirm"
        life = domain.LINK_LIFE.get(kind, domain.NOTE_LIFE)
        if kept is None:
            _, event = await store.save(conn, None, SignedUp(uuid7(), person.id, sealed, locale))
        chosen = (password_hash, locale) if confirms else ()  # of an account that there is, both stay
        await letters.queue(conn, uuid7(), kind, person.id, life, *chosen)
        if kept is None:
            await store.append(conn, [event], cause)
        return Asked(), {}  # where its event stands would tell that there was none

    return await commands.run(desk.pool, decide)


async def confirm(desk: Desk, token: str, password: str, client: str, cause: Metadata) -> Answer[NewSession]:
    """The address is theirs, and so is the account: it opens a session. Refuses `token_refused`."""
    await take(desk, attempts.client_only(desk.keyring.blinded, client, desk.per_client))
    found = await letters.find_link(desk.pool, "confirm", hash_of(token))
    if not await desk.passwords.fits(found[1] if found else None, password):
        raise _refused()

    async def decide(conn: Connection) -> tuple[NewSession, Positions]:
        used = await letters.use_link(conn, "confirm", hash_of(token))
        kept = None if used is None else await store.lock_of_person(conn, used.person_id)
        if used is None or kept is None or kept.account.state != "unconfirmed":
            raise _refused()
        account, confirmed = await store.save(conn, kept.account, AccountConfirmed(kept.account.id))
        events = [confirmed]
        if used.locale is not None and used.locale != account.locale:  # others signed up with this address before
            account, spoken = await store.save(conn, account, LanguageChosen(account.id, used.locale))
            events.append(spoken)
        await store.set_password(conn, account.id, used.password_hash)
        await letters.drop_all(conn, account.person_id)  # others' passwords that wait, too
        session, opened = await open_session(conn, account, "confirmation")
        by = cause_of(domain.actor_of(account.id), cause.correlation_id, cause.traceparent)
        return session, await store.append(conn, [*events, *opened], by)

    return await commands.run(desk.pool, decide)


def _refused() -> TokenRefused:
    return TokenRefused("this link opens nothing, or it goes with another password; sign up again for a new one")
