"""An account of somebody who is erased, and what is held on somebody who asks."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared.documents.orders import Address
from shared.envelope import Metadata
from shared.events.accounts import AccountErased
from shared.sealed import unseal
from write_side.accounts import store
from write_side.accounts.domain import Account
from write_side.accounts.letters import store as letters
from write_side.customers import Keyring
from write_side.database import Connection
from write_side.event_log import Positions


class OpenedAccount(NamedTuple):
    """What an account's owner told us, in the clear; of the password only a hash is kept."""

    mail: str | None
    addresses: list[Address]


async def redact(conn: Connection, person_id: UUID, cause: Metadata) -> tuple[bool, Positions]:
    """Empty the account of a person whose key is destroyed, end its sessions; whether there was anything to empty."""
    kept = await store.lock_of_person(conn, person_id)
    if kept is None or kept.account.state == "erased":
        return False, {}
    account, erased = await store.save(conn, kept.account, AccountErased(kept.account.id, person_id))
    await store.set_password(conn, account.id, None)
    await letters.drop_all(conn, person_id, ("confirm", "known", "reset", "changed"))
    ended = await store.end_sessions(conn, account.id, "erased")
    return True, await store.append(conn, [erased, *ended], cause)


async def named_among(conn: Connection, persons: Sequence[UUID]) -> list[UUID]:
    """Those of them whose account was not emptied."""
    return await store.persons_left(conn, persons)


async def of_person(conn: Connection, person_id: UUID) -> Account | None:
    """The account of a person, None if there is none."""
    kept = await store.find_of_person(conn, person_id)
    return None if kept is None else kept.account


async def open_account(keyring: Keyring, account: Account) -> OpenedAccount:
    """Mail and address book in the clear; empty once the person was erased. Raises `KeyringUnavailable`."""
    key = await keyring.key_of(account.person_id)
    if key is None:
        return OpenedAccount(None, [])
    addresses = [store.decoded_address(unseal(key, "address", one.address)) for one in account.addresses]
    return OpenedAccount(unseal(key, "mail", account.mail) if account.mail else None, addresses)
