"""Personal data under a key per person (AES-256-GCM): how it stands in the log, in Postgres, and nowhere in the clear.

A sealed field is the text `s1.<person id>.<base64url of nonce and ciphertext>`, with the field's name as associated
data, so a sealed mail can't be passed off as an address. The person's key is itself wrapped by the master key and kept
in the keyring, another server than the log's; destroying it erases the person from all history at once.
"""

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import new as hmac
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12  # bytes
_SEALED = re.compile(r"s1\.[0-9a-f-]{36}\.[A-Za-z0-9_=-]+")
_GMAIL = ("gmail.com", "googlemail.com")  # one provider's: the same mailboxes, and dots in their names mean nothing


class BrokenSeal(ValueError):
    """Not a sealed field, or not under this key."""


def new_key() -> bytes:
    """A fresh 256-bit key for a person."""
    return AESGCM.generate_key(bit_length=256)


def wrap(master_key: bytes, person_id: UUID, key: bytes) -> bytes:
    """A person's key as the keyring stores it."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(master_key).encrypt(nonce, key, person_id.bytes)


def unwrap(master_key: bytes, person_id: UUID, wrapped: bytes) -> bytes:
    """A person's key from the keyring's bytes; raises `BrokenSeal`."""
    try:
        return AESGCM(master_key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], person_id.bytes)
    except InvalidTag as error:
        raise BrokenSeal(f"the key of person {person_id} is not wrapped by this master key") from error


def seal(key: bytes, person_id: UUID, field: str, text: str) -> str:
    """`text` as a sealed field; each call gives another ciphertext, so seal once and store the same everywhere."""
    nonce = os.urandom(_NONCE)
    body = nonce + AESGCM(key).encrypt(nonce, text.encode(), field.encode())
    return f"s1.{person_id}.{urlsafe_b64encode(body).decode()}"


def unseal(key: bytes, field: str, sealed: str) -> str:
    """The text of a sealed field; raises `BrokenSeal`."""
    try:
        version, _, body = sealed.split(".")
        raw = urlsafe_b64decode(body)
        if version != "s1":
            raise BrokenSeal(f"unknown seal {version}")
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], field.encode()).decode()
    except (ValueError, InvalidTag) as error:
        raise BrokenSeal(f"{field} does not open under this key") from error


def is_sealed(text: str) -> bool:
    """Whether a text is a sealed field: what of it is shown to anybody is that it is one."""
    return _SEALED.fullmatch(text) is not None


def normalized_mail(mail: str) -> str:
    """The form by which a mail address is recognized: trimmed, case folded."""
    return mail.strip().casefold()


def canonical_mail(mail: str) -> str:
    """The form that spellings of one mailbox have in common, for counting alone: normalized, without what stands behind
    a `+` in the local part, and for Gmail without its dots. Not everywhere is that the same mailbox, so nothing of
    anybody's is ever opened by it. A local part of which nothing would be left stays."""
    normalized = normalized_mail(mail)
    local, at, domain = normalized.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", "") or local, _GMAIL[0]
    return local + at + domain


def mail_fingerprint(master_key: bytes, mail: str) -> str:
    """The keyed hash by which a person is looked up: tells nothing without the master key."""
    key = hmac(master_key, b"mail-fingerprint", sha256).digest()
    return hmac(key, normalized_mail(mail).encode(), sha256).hexdigest()
