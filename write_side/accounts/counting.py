"""Whom limits count where an account buys."""

from uuid import UUID

from write_side.accounts import store
from write_side.accounts.desk import mail_of
from write_side.customers import Keyring, Person
from write_side.database import Pool


async def counted_as(pool: Pool, keyring: Keyring, account_id: UUID, typed: Person) -> UUID:
    """The account's own person, whoever's mail was `typed`, so that its owner counts as one with themselves as a guest.
    Raises `KeyringUnavailable`."""
    kept = await store.find(pool, account_id)
    assert kept is not None, "an account is emptied, never deleted"
    own = kept.account.person_id
    if own == typed.id:
        return typed.counted_as
    mail = await mail_of(keyring, kept.account)
    found = None if mail is None else await keyring.counted_as(mail)
    return found or own  # somebody who was erased: no sign-in goes on, but carts' secrets do
