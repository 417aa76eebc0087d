"""The AsyncAPI document: by AsyncAPI's own JSON Schema, and by every event that was ever recorded.

asyncapi-3.0.0.schema.json.gz is `3.0.0-without-$id.json` of the npm package @asyncapi/specs 6.11.1 (Apache-2.0).
"""

import copy
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator, Draft202012Validator, validator_for
from msgspec import Raw

from shared.envelope import Metadata, Recorded, as_json
from shared.ids import uuid7
from shared.schemas import published
from write_side.customers import without_personal
from write_side.feed import asyncapi
from write_side.feed.domain import told

HERE = Path(__file__).parent
DOCUMENT = asyncapi.document()
GOLDEN = sorted((HERE / "golden").glob("*.json"))


def official() -> Any:
    """AsyncAPI's own schema."""
    return validator_for(json.loads(gzip.decompress((HERE / "asyncapi-3.0.0.schema.json.gz").read_bytes())))


def test_the_document_is_what_asyncapi_says_one_is() -> None:
    validator = official()
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []
    broken = copy.deepcopy(DOCUMENT)
    broken["operations"]["tellPages"]["action"] = "shout"
    assert not validator.is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [one for inner in value.values() for one in references(inner)]
        return [one for inner in value for one in references(inner)] if isinstance(value, list) else []

    found = references(DOCUMENT)
    assert len(found) > 100
    for reference in found:
        place: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_type_with_its_version_is_a_message_of_both_channels() -> None:
    types = published().keys()
    assert DOCUMENT["components"]["messages"].keys() == types
    for channel in DOCUMENT["channels"].values():
        assert channel["messages"].keys() == types
    assert {schema["$id"] for schema in asyncapi.schemas().values()} == {f"urn:doorbuster:event:{one}" for one in types}


@pytest.mark.parametrize("file", GOLDEN, ids=[file.stem for file in GOLDEN])
def test_what_others_are_told_of_an_event_fits_its_message(file: Path) -> None:
    payload = json.dumps(json.loads(file.read_bytes())).encode()
    recorded = Recorded(
        1, 0, 0, "key", "kind", uuid7(), 1, uuid7(), file.stem, datetime.now(UTC), Raw(payload),
        Raw(as_json(Metadata("test", "test"))),
    )  # fmt: skip
    event = json.loads(as_json(told(recorded, without_personal(payload), 1, sequence=7)))
    schema = DOCUMENT["components"]["messages"][file.stem]["payload"]
    whole = {**schema, "components": DOCUMENT["components"]}
    assert [error.message for error in Draft7Validator(whole).iter_errors(event)] == []
    assert not Draft7Validator(whole).is_valid(event | {"data": {"type": "another"}})
    assert Draft202012Validator(asyncapi.schemas()[file.stem]).is_valid(event["data"])
