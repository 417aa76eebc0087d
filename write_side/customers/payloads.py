"""Personal data in the payloads of events: left out for most, opened for those who may see it.

A sealed field is recognized by how it is spelled, not by the event's type: so nothing sealed ever goes out unseen, not
even in an event that only a newer release knows.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from shared.envelope import as_json
from shared.sealed import BrokenSeal, unseal
from write_side.customers.keyring import Keyring

# `"mail":"s1.<person>.<base64url>"`. Within a text quotes are escaped, so nothing that somebody typed looks like it.
_SEALED = re.compile(rb'"(\w+)":"(s1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w=-]*)"')

Personal = Literal["none", "hidden", "shown", "erased", "broken"]
Keys = Mapping[UUID, bytes]


class Payload(NamedTuple):
    """A payload as somebody may see it, and what became of the personal data in it."""

    data: bytes
    personal: Personal


def without_personal(payload: bytes) -> Payload:
    """Sealed fields become empty texts: they keep their type, and ciphertext is nobody's business."""
    data, found = _SEALED.subn(rb'"\1":""', payload)
    return Payload(data, "hidden" if found else "none")


async def with_personal(keyring: Keyring, payloads: Sequence[bytes]) -> list[Payload]:
    """Sealed fields in the clear; empty and marked for an erased person. Raises `KeyringUnavailable`."""
    persons = {UUID(found[3].decode()) for payload in payloads for found in _SEALED.finditer(payload)}
    keys = await keyring.keys_of(sorted(persons)) if persons else {}
    return [_opened(payload, keys) for payload in payloads]


def _opened(payload: bytes, keys: Keys) -> Payload:
    outcomes: set[Personal] = set()

    def open_one(found: re.Match[bytes]) -> bytes:
        text, outcome = _text(found, keys)
        outcomes.add(outcome)
        return b'"%b":%b' % (found[1], as_json(text))

    data = _SEALED.sub(open_one, payload)
    worst: Sequence[Personal] = ("broken", "erased", "shown")
    return Payload(data, next((outcome for outcome in worst if outcome in outcomes), "none"))


def _text(found: re.Match[bytes], keys: Keys) -> tuple[str, Personal]:
    key = keys.get(UUID(found[3].decode()))
    if key is None:
        return "", "erased"
    try:
        return unseal(key, found[1].decode(), found[2].decode()), "shown"
    except BrokenSeal:
        return "", "broken"
