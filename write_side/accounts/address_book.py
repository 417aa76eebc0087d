"""The address book of an account: sealed like every address, opened for its owner alone."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from shared.documents.orders import Address
from shared.envelope import Metadata, as_json
from shared.events.accounts import AccountEvent, AddressRemoved, AddressSaved, DefaultAddressSet
from shared.ids import uuid7
from shared.sealed import seal
from write_side import commands
from write_side.accounts import domain, store
from write_side.accounts.desk import Desk
from write_side.accounts.domain import Account, SignedIn
from write_side.accounts.erasing import open_account
from write_side.accounts.staff import UnknownAccount
from write_side.commands import Answer
from write_side.customers import AddressInput, usable_address
from write_side.database import Connection
from write_side.event_log import Positions


class BookEntry(Struct, frozen=True):
    """An address, and whether it is the one that is taken unless told otherwise."""

    id: UUID
    address: Address
    default: bool


class OwnAccount(Struct, frozen=True):
    """An account as its owner sees it."""

    id: UUID
    mail: str
    groups: list[str]
    addresses: list[BookEntry]
    version: int
    locale: str | None = None  # the language that mails are in; null: the shop's own


class SavedAddress(Struct, frozen=True):
    """The entry that was written, changed or removed."""

    id: UUID


async def show(desk: Desk, who: SignedIn) -> OwnAccount:
    """Everything in it, in the clear."""
    kept = await store.find(desk.pool, who.account_id)
    opened = None if kept is None else await open_account(desk.keyring, kept.account)
    if kept is None or opened is None or opened.mail is None:
        raise _gone()
    account = kept.account
    entries = [
        BookEntry(held.id, address, held.id == account.default_address_id)
        for held, address in zip(account.addresses, opened.addresses, strict=True)
    ]
    return OwnAccount(account.id, opened.mail, account.groups, entries, account.version, account.locale or None)


async def save_address(
    desk: Desk, who: SignedIn, address_id: UUID | None, address: AddressInput, cause: Metadata
) -> Answer[SavedAddress]:
    """A new entry, or another address in place of one. Refuses `broken_address`, `unknown_address`,
    `too_many_addresses`, `keyring_unavailable`."""
    text = as_json(usable_address(address)).decode()
    key = await desk.keyring.key_of(who.person_id)
    if key is None:
        raise _gone()
    id_ = address_id or uuid7()
    event = AddressSaved(who.account_id, id_, seal(key, who.person_id, "address", text))

    def check(account: Account) -> None:
        if address_id is None:
            domain.check_room(account)
        else:
            domain.check_entry(account, address_id)

    return await _run(desk, who, event, id_, check, cause)


async def remove_address(desk: Desk, who: SignedIn, address_id: UUID, cause: Metadata) -> Answer[SavedAddress]:
    """An entry less. Refuses `unknown_address`."""
    event = AddressRemoved(who.account_id, address_id)
    return await _run(desk, who, event, address_id, lambda account: domain.check_entry(account, address_id), cause)


async def set_default(desk: Desk, who: SignedIn, address_id: UUID, cause: Metadata) -> Answer[SavedAddress]:
    """The address that is taken unless told otherwise. Refuses `unknown_address`."""
    event = DefaultAddressSet(who.account_id, address_id)
    return await _run(desk, who, event, address_id, lambda account: domain.check_entry(account, address_id), cause)


async def _run(
    desk: Desk, who: SignedIn, event: AccountEvent, id_: UUID, check: Callable[[Account], None], cause: Metadata
) -> Answer[SavedAddress]:
    async def decide(conn: Connection) -> tuple[SavedAddress, Positions]:
        kept = await store.lock(conn, who.account_id)
        if kept is None or kept.account.state == "erased":
            raise _gone()
        check(kept.account)
        if domain.evolve(kept.account, event, kept.account.version) == kept.account:
            return SavedAddress(id_), {}  # it is the default already
        _, new = await store.save(conn, kept.account, event)
        return SavedAddress(id_), await store.append(conn, [new], cause)

    return await commands.run(desk.pool, decide)


def _gone() -> UnknownAccount:
    return UnknownAccount("this account is no more")
