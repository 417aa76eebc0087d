"""What is kept of a run: a line of JSON for each size, so that a run that dies keeps what it had."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

Line = TypeVar("Line", bound=Struct)

COLD = "cold"  # the query API just started, Elasticsearch's caches emptied, each request for the first time, one client


class Figures(Struct, frozen=True):
    """One way of asking: `cpu_ms` is of one answer, by process; `others_cores` worked for none of us meanwhile."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]
    others_cores: float


class Kind(Struct, frozen=True):
    """One kind of question. The keys are how it was asked: `COLD`, or how many clients at once ("1", "32")."""

    asked: int  # different requests
    ours: dict[str, Figures]
    limit: dict[str, Figures] = {}
    failed: dict[str, str] = {}  # ways of asking that could not be measured, and why


class Portion(Struct, frozen=True):
    """A part of a filling; CPU milliseconds of all of it by process."""

    until: int  # products that the shop had then
    added: int
    events: int
    import_seconds: float
    projection_seconds: float
    cpu_ms: dict[str, float]


class Filling(Struct, frozen=True):
    """How the shop came to this size from the one before; CPU milliseconds of a product by process."""

    products: int  # that were added
    events: int
    import_seconds: float
    projection_seconds: float  # from the first event to the last checkpoint of the slowest read model
    cpu_ms: dict[str, float]


class Size(Struct, frozen=True):
    """A size of the shop, and all that was measured there."""

    products: int
    at: str  # when, ISO 8601
    machine: str
    seconds: float  # of one round
    rounds: int
    filling: Filling
    stores: dict[str, dict[str, int]]  # bytes: store → part → so many
    kinds: dict[str, Kind]
    failed: dict[str, str] = {}  # kinds that could not be measured, and why


def failed(size: Size) -> dict[tuple[str, str], str]:
    """What has no figures, and why: (kind, way of asking); a kind that failed as a whole has no way."""
    ways = {(name, way): why for name, kind in size.kinds.items() for way, why in kind.failed.items()}
    return {(name, ""): why for name, why in size.failed.items()} | ways


def read(file: Path) -> list[Size]:
    """All lines, the smallest size first; the last line of a size stands."""
    found = {size.products: size for size in _lines(file, Size)}
    return [found[products] for products in sorted(found)]


def read_portions(file: Path) -> list[Portion]:
    """All lines, in the order in which they were filled."""
    return list(_lines(file, Portion))


def _lines(file: Path, type_: type[Line]) -> Iterator[Line]:
    """A line that was cut off is none."""
    for line in file.read_bytes().splitlines() if file.exists() else ():
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=type_)


def append(file: Path, line: Size | Portion) -> None:
    """Keep one more; it begins a line of its own, whatever the one before it came to."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as kept:
        kept.write(b"\n" * (kept.tell() > 0) + msgspec.json.encode(line))
