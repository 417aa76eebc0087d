"""What a rehearsal found: figures, targets, and its line of JSON."""

import time
from typing import Any

import msgspec
from msgspec import Struct

from doorbuster.invariants.all import Verdict
from doorbuster.load.shoppers import Result
from doorbuster.rehearsal import confirming, shedding
from doorbuster.rehearsal.percentiles import TO_THE_WORST, percentiles
from doorbuster.rehearsal.reconciling import Books

Told = float | int | None
SHOWN = 10  # differences of a broken invariant that are told
MOST_FAILURES = 0.01  # of all requests


class Note(Struct, frozen=True):
    """Something that was done, so many seconds after the doors opened."""

    at: float
    what: str


class Lag(Struct, frozen=True):
    """From an event's `recorded_at` to the slowest of some read models, in milliseconds; `slices`: the worst of each
    second."""

    events: int
    unseen: int  # events that the watch did not see arrive: no percentile is of them
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    worst: float | None = None
    slices: list[tuple[int, float]] = []

    @property
    def seen(self) -> int:
        """Events that percentiles are of."""
        return self.events - self.unseen

    def told(self) -> dict[str, Any]:
        """All but the curve."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if name != "slices"}

    @classmethod
    def of(cls, ways: list[tuple[float, list[float]]]) -> "Lag":
        """Of (seconds after the doors opened, the event's lag in seconds or nothing)."""
        seen = [(at, lags[0] * 1000) for at, lags in ways if lags]
        worst: dict[int, float] = {}
        for at, lag in seen:
            worst[int(at)] = round(max(worst.get(int(at), 0.0), lag), 1)
        told = percentiles([lag for _, lag in seen], TO_THE_WORST)
        return cls(len(ways), len(ways) - len(seen), **told, slices=sorted(worst.items()))


class Target(Struct, frozen=True):
    """What was to be reached. `judged` is false for speeds, which belong to a machine that does nothing else."""

    name: str
    found: float | None
    limit: float
    unit: str
    judged: bool = False

    @property
    def reached(self) -> bool:
        """Whether it is at or below its limit; what did not happen has broken nothing."""
        return self.found is None or self.found <= self.limit


class Waiting(Struct, frozen=True):
    """A sale by turns: what must hold of it → what contradicts it, and its figures."""

    judged: dict[str, list[str]]
    told: dict[str, Told]


class Report(Struct, frozen=True, kw_only=True):
    """A rehearsal and what came of it. `cores`: how many each program kept busy; `inside`: what our APIs say that
    requests took, of those let in, beside `sides`, what shoppers say. `lag`: until all read models were written;
    `searches`: until what was written was refreshed as well, of `products` and of the slowest index."""

    profile: str
    told: str
    began: str
    setting: dict[str, Any]
    result: Result
    slices: list[dict[str, Any]]
    sides: dict[str, dict[str, float | None]]
    ways: dict[str, dict[str, float | None]]
    lag: Lag
    books: Books
    verdicts: list[Verdict]
    notes: list[Note]
    cores: dict[str, float] = {}
    inside: dict[str, dict[str, float | None]] = {}
    unconfirmed: int = 0  # orders that the provider has the money for, neither confirmed nor given back
    waiting: Waiting | None = None
    searches: dict[str, Lag] = {}

    @property
    def unseen(self) -> int:
        """Events that some read model, or a search, was not seen to show: whether they ever did is not known."""
        return max(each.unseen for each in (self.lag, *self.searches.values()))

    @property
    def failure_share(self) -> float:
        """Failed requests of all requests; without any request everything has failed."""
        total = self.result.total
        return total.failures / total.requests if total.requests else 1.0

    @property
    def shed(self) -> int:
        """Requests that were told to come again later."""
        return self.result.outcomes.get("shed", 0)

    def targets(self) -> list[Target]:
        """What issue and docs promise, beside what was found."""
        judged = self.waiting.judged if self.waiting else {}
        checkout, confirmed = self.ways.get("checkout", {}), self.ways.get(confirming.CONFIRMED, {})
        return [
            Target("orders lost", self.books.lost, 0, "", judged=True),
            Target("units oversold", max(self.books.oversold, -self.books.lowest_left), 0, "", judged=True),
            Target("paid and never confirmed", self.unconfirmed, 0, "", judged=True),
            Target("a crowd that bought nothing", int(not self.books.orders_paid), 0, "", judged=True),
            Target("books that do not add up", len(self.books.differences()), 0, "", judged=True),
            Target("invariants broken", sum(not v.holds for v in self.verdicts), 0, "", judged=True),
            Target("events never seen", self.unseen, 0, "", judged=True),
            Target("failed requests", round(self.failure_share * 100, 3), MOST_FAILURES * 100, "%", judged=True),
            *(Target(name, len(wrong), 0, "", judged=True) for name, wrong in judged.items()),
            Target("checkout p95", checkout.get("p95"), 3000, "ms"),
            Target(f"{confirming.CONFIRMED} p99.9", confirmed.get("p999"), 2000, "ms"),
            Target("commands p95", self.sides.get("command", {}).get("p95"), 200, "ms"),
            Target("event lag p99", self.lag.p99, 1000, "ms"),
        ]

    @property
    def holds(self) -> bool:
        """Whether everything that is judged was reached."""
        return all(target.reached for target in self.targets() if target.judged)


def figures(report: Report) -> dict[str, Any]:
    """All of it as plain data: what `report.json` holds. Times in milliseconds, rates a second."""
    result, books = report.result, msgspec.to_builtins(report.books)
    seconds = result.seconds or 1.0
    return {
        "profile": report.profile,
        "began": report.began,
        **report.setting,
        "seconds": result.seconds,
        "requests": result.total.requests,
        "requests_per_second": round(result.total.requests / seconds, 2),
        "failures": result.total.failures,
        "shed": report.shed,
        "shed_by_rank": {rank: {**msgspec.to_builtins(each), "share": round(each.share, 4)}
                         for rank, each in shedding.by_rank(result.steps).items()},
        "cores": report.cores,
        "orders": report.books.orders_placed,
        "orders_per_second": round(report.books.orders_placed / seconds, 3),
        "sides": report.sides,
        "inside": report.inside,
        "ways": report.ways,
        "steps": msgspec.to_builtins(result.steps),
        "event_lag": report.lag.told(),
        "search_visible": {name: lag.told() for name, lag in report.searches.items()},
        "books": {**books, "differences": report.books.differences()},
        "outcomes": result.outcomes,
        "errors": msgspec.to_builtins(result.errors),
        "invariants": {v.invariant: "holds" if v.holds else v.differences[:SHOWN] for v in report.verdicts},
        "targets": {t.name: {"found": t.found, "limit": t.limit, "unit": t.unit, "reached": t.reached,
                             "judged": t.judged} for t in report.targets()},
        "waiting_room": _waiting(report.waiting),
        "notes": msgspec.to_builtins(report.notes),
        "holds": report.holds,
    }  # fmt: skip


def _waiting(waiting: Waiting | None) -> dict[str, Any] | None:
    if waiting is None:
        return None
    return {"judged": {name: wrong[:SHOWN] for name, wrong in waiting.judged.items()}, "told": waiting.told}


def line(told: dict[str, Any]) -> str:
    """`{"black_friday": {…}}`, all but the curves."""
    return msgspec.json.encode({"black_friday": told}).decode()


def folder_name(profile: str) -> str:
    """Sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{profile}"
