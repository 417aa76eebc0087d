"""What is sealed in a payload never goes out as it is, and what only looks like it is left alone."""

import json
from uuid import UUID

from shared.ids import uuid7
from shared.sealed import new_key, seal
from write_side.customers.payloads import _opened, without_personal

PERSON, KEY = uuid7(), new_key()
MAIL = seal(KEY, PERSON, "mail", 'ada"\n@example.org')


def payload(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def opened(data: bytes, keys: dict[UUID, bytes]) -> tuple[dict[str, object], str]:
    found = _opened(data, keys)
    return json.loads(found.data), found.personal


def test_ciphertext_is_left_out_wherever_it_stands() -> None:
    found = without_personal(payload(number="A-1", mail=MAIL, deep=[{"address": MAIL}]))
    assert json.loads(found.data) == {"number": "A-1", "mail": "", "deep": [{"address": ""}]}
    assert found.personal == "hidden"


def test_a_payload_without_personal_data_is_the_very_same() -> None:
    plain = payload(name=f'a text with "mail":"{MAIL}" in it', sku="s1.lamp")
    assert without_personal(plain) == (plain, "none")
    assert opened(plain, {PERSON: KEY})[1] == "none"


def test_a_key_opens_what_was_sealed_for_that_field_alone() -> None:
    assert opened(payload(mail=MAIL), {PERSON: KEY}) == ({"mail": 'ada"\n@example.org'}, "shown")
    assert opened(payload(address=MAIL), {PERSON: KEY}) == ({"address": ""}, "broken")
    assert opened(payload(mail=MAIL), {PERSON: new_key()}) == ({"mail": ""}, "broken")
    assert opened(payload(mail=MAIL), {}) == ({"mail": ""}, "erased")
