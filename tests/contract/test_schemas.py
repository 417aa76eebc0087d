"""The published schemas of the events are promises: what would break one is refused, with the place it is at."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema_rs import validator_for
from msgspec import Struct, defstruct

from doorbuster.event_schemas import broken_promises, rendered
from shared import schemas
from shared.codec import EVENT_TYPES
from shared.upcasting import UPCASTERS, Upcaster

GOLDEN = Path(__file__).parent / "golden"
TAG = "stores.door_opened.v1"
FIELDS: dict[str, Any] = {"door": str, "width": int, "state": Literal["open", "ajar"], "hinges": list[int]}


class Handle(Struct, frozen=True):
    metal: str
    screws: int = 2


def kind(fields: dict[str, Any], **defaults: Any) -> type[Struct]:
    """An event type with these fields; those with a default come last."""
    plain = [(name, type_) for name, type_ in fields.items() if name not in defaults]
    given = [(name, fields[name], default) for name, default in defaults.items()]
    return defstruct("DoorOpened", [*plain, *given], frozen=True, tag=TAG)


PUBLISHED = {TAG: schemas.schema_of(kind(FIELDS | {"handle": Handle, "floor": int}, floor=0))}


def broken_by(fields: dict[str, Any], **defaults: Any) -> list[str]:
    """What is said of a release in which the type has these fields."""
    return broken_promises(PUBLISHED, {TAG: kind(fields | {"handle": Handle}, **defaults)}, {})


def test_no_promise_is_broken_and_what_is_published_is_what_is_written() -> None:
    published = schemas.published()
    assert broken_promises(published, EVENT_TYPES, UPCASTERS) == []
    today = {name: (Path(str(schemas.folder())) / f"{name}.json").read_text() for name in EVENT_TYPES}
    assert today == {name: rendered(kind) for name, kind in EVENT_TYPES.items()}, "make schemas"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_golden_event_is_valid_by_the_schema_of_its_version(file: Path) -> None:
    assert validator_for(schemas.published()[file.stem], validate_formats=True).is_valid(_read(file))


def _read(file: Path) -> Any:
    return {"type": file.stem} | json.loads(file.read_text())


def test_a_field_with_a_default_may_be_added() -> None:
    assert broken_by(FIELDS | {"floor": int, "colour": str}, floor=0, colour="") == []


@pytest.mark.parametrize(
    ("fields", "defaults", "told"),
    [
        ({"door": str, "state": FIELDS["state"], "hinges": list[int]}, {"floor": 0}, "/width: was removed or renamed"),
        (FIELDS | {"width": float}, {"floor": 0}, '/width: was {"type":"integer"}, is {"type":"number"}'),
        (FIELDS | {"width": int | None}, {"floor": 0}, "/width: was"),
        (FIELDS | {"state": Literal["open", "ajar", "shut"]}, {"floor": 0}, "/state: was"),
        (FIELDS | {"hinges": list[str]}, {"floor": 0}, "/hinges/*: was"),
        (FIELDS | {"colour": str}, {"floor": 0}, "/colour: is new and has no default"),
        (FIELDS, {"floor": 1}, "/floor: was"),
        (FIELDS, {}, "/floor: had a default"),
    ],
)
def test_a_broken_promise_is_told(fields: dict[str, Any], defaults: dict[str, Any], told: str) -> None:
    *_, found = broken_by(fields | {"floor": int}, **defaults)
    assert found.startswith(f"{TAG} {told}")


def test_a_promise_broken_deep_inside_is_told() -> None:
    class Handle(Struct, frozen=True):
        metal: int
        screws: int = 2

    today = {TAG: kind(FIELDS | {"handle": Handle, "floor": int}, floor=0)}
    (found,) = broken_promises(PUBLISHED, today, {})
    assert found.startswith(f"{TAG} /handle/metal: was")


def test_a_type_may_go_only_if_something_reads_it() -> None:
    (found,) = broken_promises(PUBLISHED, {}, {})
    assert found == f"{TAG}: has vanished; the log holds it, so it needs an upcaster"
    door = {"stores.door_moved.v1": kind(FIELDS)}
    assert broken_promises(PUBLISHED, door, {TAG: Upcaster(("stores.door_moved.v1",), lambda _: [])}) == []


def test_an_upcaster_leads_to_a_type_of_its_own_context() -> None:
    far = {"garden.gate_moved.v1": kind(FIELDS)}
    (found,) = broken_promises(PUBLISHED, far, {TAG: Upcaster(("garden.gate_moved.v1",), lambda _: [])})
    assert "of another context" in found
    (found,) = broken_promises(PUBLISHED, {}, {TAG: Upcaster(("stores.door_moved.v1",), lambda _: [])})
    assert "which nobody knows" in found


def test_what_is_written_today_has_no_upcaster() -> None:
    today = {TAG: kind(FIELDS | {"handle": Handle, "floor": int}, floor=0)}
    (found,) = broken_promises(PUBLISHED, today, {TAG: Upcaster((TAG,), lambda _: [])})
    assert "nobody would ever call" in found
