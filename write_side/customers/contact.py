"""How a customer is reached: in the clear only here, on the way in and on the way into a mail."""

from uuid import UUID

import msgspec
from msgspec import Struct

from shared.documents.orders import Address
from shared.sealed import seal, unseal
from write_side.customers.keyring import Keyring

_address = msgspec.json.Decoder(Address)


class Contact(Struct, frozen=True):
    """Mail and address as the customer gave them. Never in a log line, an event or a row."""

    mail: str
    address: Address


class SealedContact(Struct, frozen=True):
    """The same as it stands in events and rows; each seal is another ciphertext, so it is made once."""

    person_id: UUID
    mail: str
    address: str


async def seal_contact(keyring: Keyring, contact: Contact) -> SealedContact:
    """Under the key of the person with this mail address; raises `KeyringUnavailable`."""
    person = await keyring.person_for(contact.mail)
    address = msgspec.json.encode(contact.address).decode()
    return SealedContact(
        person.id,
        seal(person.key, person.id, "mail", contact.mail),
        seal(person.key, person.id, "address", address),
    )


async def open_contact(keyring: Keyring, contact: SealedContact) -> Contact | None:
    """In the clear again; None once the person was erased. Raises `KeyringUnavailable`, `BrokenSeal`."""
    key = await keyring.key_of(contact.person_id)
    if key is None:
        return None
    return Contact(unseal(key, "mail", contact.mail), _address.decode(unseal(key, "address", contact.address)))
