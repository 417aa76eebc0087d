"""What staff do with accounts: find one, and say which customer groups it is in."""

from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.accounts import GroupsSet
from write_side import commands
from write_side.accounts import store
from write_side.accounts.domain import Account
from write_side.commands import Answer
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.errors import NotFound
from write_side.event_log import Positions


class UnknownAccount(NotFound):
    """There is no such account."""

    code = "unknown_account"


class AccountState(Struct, frozen=True):
    """An account as staff see it: without anything personal."""

    id: UUID
    person_id: UUID
    state: str
    groups: list[str]
    locale: str | None  # the language that mails are in; null: the shop's own
    open_sessions: int
    version: int


async def find_account(pool: Pool, keyring: Keyring, mail: str) -> AccountState:
    """The account of a mail address; refuses `unknown_account`, `keyring_unavailable`."""
    person_id = await keyring.find(mail)
    kept = None if person_id is None else await store.find_of_person(pool, person_id)
    if kept is None:
        raise UnknownAccount("nobody has an account by this mail address")
    return await show_account(pool, kept.account.id)


async def show_account(pool: Pool, account_id: UUID) -> AccountState:
    """An account; refuses `unknown_account`."""
    async with pool.acquire() as conn:
        kept = await store.find(conn, account_id)
        if kept is None:
            raise _unknown(account_id)
        return await _state(conn, kept.account)


async def set_groups(pool: Pool, account_id: UUID, groups: list[str], cause: Metadata) -> Answer[AccountState]:
    """It is in these groups from now on, and in no others; a repeat changes nothing. Refuses `unknown_account`."""
    wanted = sorted(set(groups))

    async def decide(conn: Connection) -> tuple[AccountState, Positions]:
        kept = await store.lock(conn, account_id)
        if kept is None or kept.account.state == "erased":
            raise _unknown(account_id)
        if kept.account.groups == wanted:
            return await _state(conn, kept.account), {}
        account, event = await store.save(conn, kept.account, GroupsSet(account_id, wanted))
        return await _state(conn, account), await store.append(conn, [event], cause)

    return await commands.run(pool, decide)


async def _state(conn: Connection, account: Account) -> AccountState:
    sessions, reads = await store.count_open(conn, account.id), account.locale or None
    return AccountState(account.id, account.person_id, account.state, account.groups, reads, sessions, account.version)


def _unknown(account_id: UUID) -> UnknownAccount:
    return UnknownAccount(f"there is no account {account_id}")
