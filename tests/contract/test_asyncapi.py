"""The AsyncAPI document: by FastStream's model of AsyncAPI 3.0, and by every event that was ever recorded."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema.schema import ApplicationSchema
from jsonschema_rs import Draft7Validator, Draft202012Validator
from msgspec import Raw
from pydantic import ValidationError

from shared.envelope import Metadata, Recorded, as_json
from shared.ids import uuid7
from shared.schemas import published
from write_side.customers import without_personal
from write_side.feed import asyncapi
from write_side.feed.domain import told

HERE = Path(__file__).parent
DOCUMENT = asyncapi.document()
GOLDEN = sorted((HERE / "golden").glob("*.json"))


def test_the_document_is_what_asyncapi_says_one_is() -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    # The model takes a mapping for it; by the specification it is a list, of references too.
    secured = {name: operation.pop("security") for name, operation in document["operations"].items()}
    assert secured == {"tellPages": [{"$ref": "#/components/securitySchemes/bearer"}], "tellByWebhook": []}
    ApplicationSchema.model_validate(document)
    document["operations"]["tellPages"]["action"] = "shout"
    with pytest.raises(ValidationError):
        ApplicationSchema.model_validate(document)


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
