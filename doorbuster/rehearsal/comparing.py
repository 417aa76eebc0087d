"""This run beside an earlier one."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from doorbuster.rehearsal.confirming import CONFIRMED

REPORT = "report.json"
ALIKE = 0.1  # by so much two runs differ that say the same


class Beside(Struct, frozen=True):
    """A figure of both runs. `better` is None where they are alike, or where neither way is better."""

    name: str
    before: float | None
    now: float | None
    better: bool | None


# Path through the figures → whether less is better.
_FIGURES: dict[str, tuple[tuple[str, ...], bool]] = {
    "requests a second": (("requests_per_second",), False),
    "orders a second": (("orders_per_second",), False),
    "failed requests": (("failures",), True),
    "shed requests": (("shed",), True),
    "queries p95 (ms)": (("sides", "query", "p95"), True),
    "commands p95 (ms)": (("sides", "command", "p95"), True),
    "commands p99 (ms)": (("sides", "command", "p99"), True),
    "checkout p95 (ms)": (("ways", "checkout", "p95"), True),
    f"{CONFIRMED} p99.9 (ms)": (("ways", CONFIRMED, "p999"), True),
    "event lag p99 (ms)": (("event_lag", "p99"), True),
    "worst event lag (ms)": (("event_lag", "worst"), True),
    "products visible to searches p99 (ms)": (("search_visible", "products", "p99"), True),
}


def last_of(profile: str, runs: Path, than: Path) -> Path | None:
    """The report of the run of this profile before this one."""
    found = sorted(runs.glob(f"*-{profile}/{REPORT}"))
    earlier = [report for report in found if report.parent.name < than.name]
    return earlier[-1] if earlier else None


def read(report: Path) -> dict[str, Any]:
    """An earlier report's figures; raises `OSError`, and `ValueError` for what is none."""
    file = report / REPORT if report.is_dir() else report
    try:
        found = msgspec.json.decode(file.read_bytes())
    except msgspec.DecodeError as error:
        raise ValueError(f"{file} is no report of a rehearsal: {error}") from None
    if not isinstance(found, dict) or not {"profile", "began"} <= found.keys():
        raise ValueError(f"{file} is no report of a rehearsal")
    return found


def compared(before: dict[str, Any], now: dict[str, Any]) -> list[Beside]:
    """Figure by figure."""
    return [_beside(name, _at(before, path), _at(now, path), less) for name, (path, less) in _FIGURES.items()]


def unlike(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What was set otherwise: figures of different settings say little about each other."""
    names = ("profile", "users", "minutes", "haste", "eagerness", "units", "generators", "per_minute")
    found = [name for name in names if before.get(name) != now.get(name)]
    if not _alike(_at(before, ("products",)), _at(now, ("products",))):  # each run puts one in: its offer
        found.append("products")
    return [f"{name}: {before.get(name)}, now {now.get(name)}" for name in found]


def _at(figures: dict[str, Any], path: tuple[str, ...]) -> float | None:
    found: Any = figures
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, int | float) else None


def _alike(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return abs(now - before) <= ALIKE * max(abs(before), abs(now))


def _beside(name: str, before: float | None, now: float | None, less: bool) -> Beside:
    if before is None or now is None or _alike(before, now):
        return Beside(name, before, now, None)
    return Beside(name, before, now, (now < before) == less)
