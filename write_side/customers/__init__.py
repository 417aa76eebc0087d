"""Persons: their keys, and the personal data of an order under them."""

from write_side.customers.contact import open_contact, seal_contact
from write_side.customers.domain import AddressInput, BrokenAddress, BrokenMail, Contact, SealedContact, contact
from write_side.customers.keyring import Keyring, KeyringUnavailable, open_keyring

__all__ = [
    "AddressInput", "BrokenAddress", "BrokenMail", "Contact", "Keyring", "KeyringUnavailable", "SealedContact",
    "contact", "open_contact", "open_keyring", "seal_contact",
]  # fmt: skip
