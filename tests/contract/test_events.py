"""The log is for ever: each event type ever written has a golden file, which must decode to the same facts for ever.

A golden file is added with its type and never edited, and stays when a new version takes the type's place. A new field
needs a default, or old events could not be read; a change of meaning is a new version of the tag (docs/events.md).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.codec import EVENT_TYPES, UnknownEventType, decode_events, encode_event
from shared.schemas import published
from shared.upcasting import UPCASTERS

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))
TODAY = [file for file in FILES if file.stem not in UPCASTERS]


def test_every_event_type_has_its_golden_file_and_none_was_forgotten() -> None:
    assert {file.stem for file in FILES} == EVENT_TYPES.keys() | UPCASTERS.keys() == published().keys()


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_golden_event_of_any_version_is_read_as_events_of_today(file: Path) -> None:
    assert decode_events(file.stem, file.read_bytes()) != ()


@pytest.mark.parametrize("file", TODAY, ids=[file.stem for file in TODAY])
def test_a_golden_event_decodes_to_its_facts(file: Path) -> None:
    [event] = decode_events(file.stem, file.read_bytes())
    written, golden = json.loads(encode_event(event)), json.loads(file.read_text())
    assert _as_old(written, golden) == golden, "no fact of an old event may change or go"


def _as_old(written: Any, golden: Any) -> Any:
    """What was written, without the fields that the golden one does not know, however deep."""
    if isinstance(golden, dict):
        return {name: _as_old(written[name], known) for name, known in golden.items()}
    if isinstance(golden, list) and len(golden) == len(written):
        return [_as_old(one, known) for one, known in zip(written, golden, strict=True)]
    return written


@pytest.mark.parametrize("file", TODAY, ids=[file.stem for file in TODAY])
def test_an_event_carries_its_own_tag(file: Path) -> None:
    other = next(tag for tag in EVENT_TYPES if tag != file.stem)
    with pytest.raises(ValueError, match="Invalid value"):
        decode_events(other, file.read_bytes())


def test_an_unknown_tag_is_told_apart_from_a_broken_payload() -> None:
    with pytest.raises(UnknownEventType):
        decode_events("orders.order_teleported.v1", b"{}")
