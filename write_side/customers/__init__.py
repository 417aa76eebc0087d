"""Persons: their keys, and the personal data of an order under them."""

from write_side.customers.contact import Contact, SealedContact, open_contact, seal_contact
from write_side.customers.keyring import Keyring, KeyringUnavailable, open_keyring

__all__ = [
    "Contact", "Keyring", "KeyringUnavailable", "SealedContact", "open_contact", "open_keyring", "seal_contact",
]  # fmt: skip
