"""Persons: their keys, and the personal data of an order under them."""

from write_side.customers.contact import open_contact, seal_address, seal_contact
from write_side.customers.domain import (
    LONGEST_FIELD,
    LONGEST_MAIL,
    MAIL_PATTERN,
    AddressInput,
    BrokenAddress,
    BrokenMail,
    Contact,
    SealedContact,
    usable_mail,
)
from write_side.customers.keyring import Keyring, KeyringUnavailable, Person, open_keyring
from write_side.customers.payloads import Payload, Personal, with_personal, without_personal
from write_side.customers.postal import contact, known_region, usable_address

__all__ = [
    "LONGEST_FIELD", "LONGEST_MAIL", "MAIL_PATTERN", "AddressInput", "BrokenAddress", "BrokenMail", "Contact",
    "Keyring", "KeyringUnavailable", "Payload", "Person", "Personal", "SealedContact", "contact", "known_region",
    "open_contact", "open_keyring", "seal_address", "seal_contact", "usable_address", "usable_mail", "with_personal",
    "without_personal",
]  # fmt: skip
