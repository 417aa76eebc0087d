"""What verification finds: one thing that is not as the log says, named so that a person can go and look."""

from collections.abc import Iterator
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

MISSING = "missing"
# What is wrong with the log itself (`event`, `seal`) is answered by a restore; all else can be made anew from the log.
Kind = Literal["event", "seal", "row", "reservation", "document"]
LOG: tuple[Kind, ...] = ("event", "seal")


class Difference(Struct, frozen=True):
    """`where` names the event, row or document, `field` what of it; `aggregate` whose row it is."""

    kind: Kind
    where: str
    field: str
    expected: str
    found: str
    aggregate: tuple[str, UUID] | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.field} is {self.found}, not {self.expected}"


def brief(value: Any) -> str:
    """A value as it is told."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else f"{text[:197]}…"


def differing(expected: Any, found: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Each field in which two decoded JSON values differ: its path, what it should be, what it is."""
    if expected == found and type(expected) is type(found):
        return
    match expected, found:
        case dict(), dict():
            pairs = [(str(key), key in expected, key in found, key) for key in {**expected, **found}]
        case list(), list():
            longest = range(max(len(expected), len(found)))
            pairs = [(str(n), n < len(expected), n < len(found), n) for n in longest]
        case _:
            yield path, brief(expected), brief(found)
            return
    for name, wanted, there, key in pairs:
        below = f"{path}.{name}" if path else name
        if not wanted:
            yield below, MISSING, brief(found[key])
        elif not there:
            yield below, brief(expected[key]), MISSING
        else:
            yield from differing(expected[key], found[key], below)
