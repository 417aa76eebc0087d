"""What no release may do to events: the code of today held against the schemas that were published (docs/events.md).

A published version is a promise twice over: to our own log, whose payloads must stay readable for ever, and to whoever
reads events by their schema. So a version may gain fields that have a default, and nothing else about it may change.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shared import schemas
from shared.schemas import Json
from shared.upcasting import Upcaster

_WORDS = ("description", "title", "$schema")  # for people: may be put better at any time
_LOOKED_INTO = ("$ref", "properties", "required", "items", "anyOf", "additionalProperties", "prefixItems")


def broken_promises(
    published: Mapping[str, Json], today: Mapping[str, type[Struct]], upcasters: Mapping[str, Upcaster]
) -> list[str]:
    """What a reader of the log would stumble over, a line each; `today` are the types that are written now."""
    return [
        told
        for name, schema in published.items()
        for told in _of_type(name, schema, today.get(name), upcasters.get(name), today.keys() | upcasters.keys())
    ]


def _of_type(
    name: str, schema: Json, kind: type[Struct] | None, upcaster: Upcaster | None, known: set[str]
) -> Iterator[str]:
    if kind is not None and upcaster is not None:
        yield f"{name}: is written today and has an upcaster, which nobody would ever call"
    elif kind is not None:
        yield from (f"{name}{told}" for told in changes(schema, schemas.schema_of(kind)))
    elif upcaster is None:
        yield f"{name}: has vanished; the log holds it, so it needs an upcaster"
    else:
        yield from (f"{name}: becomes {into}, which nobody knows" for into in upcaster.into if into not in known)
        context = name.partition(".")[0]
        yield from (
            f"{name}: becomes {into}, of another context, whose read models do not listen to it"
            for into in upcaster.into
            if into.partition(".")[0] != context
        )


def changes(old: Json, new: Json) -> list[str]:
    """What `new` breaks of `old`, each as ` /path/to/field: what`."""
    return list(_changes(old, new, _Roots(old, new), "", frozenset()))


class _Roots:
    """The two whole schemas, in which references are looked up."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old.get("$defs", {}), new.get("$defs", {})

    def resolved(self, old: Json, new: Json) -> tuple[Json, Json]:
        return _followed(old, self._old), _followed(new, self._new)


def _followed(schema: Json, defs: Json) -> Json:
    while "$ref" in schema:
        schema = defs[schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _changes(old: Json, new: Json, roots: _Roots, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
    pair = (str(old.get("$ref")), str(new.get("$ref")))
    if "$ref" in old and pair in seen:
        return
    old, new = roots.resolved(old, new)
    seen |= {pair}
    if _plain(old) != _plain(new):
        yield f" {at or '/'}: was {_told(old)}, is {_told(new)}"
        return
    yield from _of_fields(old, new, roots, at, seen)
    for part in ("items", "additionalProperties"):
        yield from _of_one(old.get(part), new.get(part), roots, f"{at}/*", seen)
    for part in ("anyOf", "prefixItems"):
        before, after = old.get(part, []), new.get(part, [])
        if len(before) != len(after):
            yield f" {at or '/'}: was {_told(old)}, is {_told(new)}"
            continue
        for one, other in zip(before, after, strict=True):
            yield from _changes(one, other, roots, at, seen)


def _of_one(old: Any, new: Any, roots: _Roots, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _changes(old, new, roots, at, seen)
    elif old != new:
        yield f" {at}: was {_told(old)}, is {_told(new)}"


def _of_fields(old: Json, new: Json, roots: _Roots, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        if name not in after:
            yield f" {at}/{name}: was removed or renamed"
        else:
            yield from _changes(before[name], after[name], roots, f"{at}/{name}", seen)
    for name in new.get("required", []):
        if name not in before:
            yield f" {at}/{name}: is new and has no default, which events of the past lack"
        elif name not in old.get("required", []):
            yield f" {at}/{name}: had a default, which events of the past rely on"


def _plain(schema: Json) -> Json:
    """All that is not looked into further: type, format, enum, bounds, default."""
    return {name: value for name, value in schema.items() if name not in (*_WORDS, *_LOOKED_INTO, "$defs")}


def _told(schema: Any) -> str:
    if not isinstance(schema, dict):
        return str(schema)
    shown = {name: value for name, value in schema.items() if name not in (*_WORDS, "$defs", "properties", "required")}
    return msgspec.json.encode(shown).decode()


def bring_up_to_date(folder: Path, today: Mapping[str, type[Struct]]) -> list[str]:
    """Write what is new or differs; answers the names of these types. To be called where no promise is broken."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, kind in today.items():
        file, body = folder / f"{name}.json", rendered(kind)
        if not file.exists() or file.read_text() != body:
            file.write_text(body)
            written.append(name)
    return written


def rendered(kind: type[Struct]) -> str:
    """The text of a published schema."""
    return msgspec.json.format(msgspec.json.encode(schemas.schema_of(kind)), indent=2).decode() + "\n"
