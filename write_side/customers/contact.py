"""Sealing a contact on the way in, opening it on the way into a mail."""

from uuid import UUID

import msgspec

from shared.documents.orders import Address
from shared.sealed import seal, unseal
from write_side.customers.domain import Contact, SealedContact
from write_side.customers.keyring import Keyring, Person

_address = msgspec.json.Decoder(Address)


def seal_contact(person: Person, contact: Contact) -> SealedContact:
    """Under the key of the person with its mail address."""
    address = msgspec.json.encode(contact.address).decode()
    return SealedContact(
        person.id,
        seal(person.key, person.id, "mail", contact.mail),
        seal(person.key, person.id, "address", address),
    )


async def seal_address(keyring: Keyring, person_id: UUID, address: Address) -> str | None:
    """Another address of somebody we know; None once the person was erased. Raises `KeyringUnavailable`."""
    key = await keyring.key_of(person_id)
    return None if key is None else seal(key, person_id, "address", msgspec.json.encode(address).decode())


async def open_contact(keyring: Keyring, contact: SealedContact) -> Contact | None:
    """In the clear again; None once the person was erased. Raises `KeyringUnavailable`, `BrokenSeal`."""
    key = await keyring.key_of(contact.person_id)
    if key is None:
        return None
    return Contact(unseal(key, "mail", contact.mail), _address.decode(unseal(key, "address", contact.address)))
