"""What happened when: requests in slices of time, by who answered them. Pure; Locust brings the requests."""

from collections import Counter
from typing import Any

from loadtests import steps

QUERY, COMMAND, PROVIDER, SHED = "query", "command", "provider", "shed"
MOST_SLICES = 200


def answered_by(step: str, method: str) -> str:
    """Which side a request went to: both of our APIs are asked by GET, one of them by POST alone, but for a place in
    line. What was shed stands apart."""
    if step.startswith(steps.SHED):
        return SHED
    if step == steps.DRAW:
        return QUERY
    if step.startswith("Stripe"):
        return PROVIDER
    return COMMAND if method != "GET" or step == "cart" else QUERY


def percentiles(values: list[float]) -> dict[str, float | None]:
    """p50, p95, p99 and p99.9."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
    return {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None
            for name, share in at.items()}  # fmt: skip


class Timeline:
    """Slices of `width` seconds. What it holds can be sent from process to process and added up."""

    def __init__(self, width: float = 1.0) -> None:
        self.width = width
        self._times: dict[tuple[int, str], list[float]] = {}
        self._counts: Counter[tuple[int, str]] = Counter()
        self.ways: dict[str, list[float]] = {}

    def request(self, at: float, side: str, milliseconds: float, *, failed: bool) -> None:
        """One request, `at` seconds after the beginning."""
        self._times.setdefault((int(at / self.width), side), []).append(milliseconds)
        self._counts[int(at / self.width), "failures"] += failed

    def count(self, at: float, what: str, many: int = 1) -> None:
        """Something else that happened."""
        self._counts[int(at / self.width), what] += many

    def way(self, name: str, milliseconds: float) -> None:
        """How long something took that is more than one request."""
        self.ways.setdefault(name, []).append(milliseconds)

    def told(self) -> dict[str, Any]:
        """Everything, as JSON, for another process; from here on this one has nothing."""
        told = {
            "times": [[at, side, values] for (at, side), values in self._times.items()],
            "counts": [[at, what, many] for (at, what), many in self._counts.items()],
            "ways": self.ways,
        }
        self._times, self._counts, self.ways = {}, Counter(), {}
        return told

    def add(self, told: dict[str, Any]) -> None:
        """What another process told."""
        for at, side, values in told["times"]:
            self._times.setdefault((at, side), []).extend(values)
        for at, what, many in told["counts"]:
            self._counts[at, what] += many
        for name, values in told["ways"].items():
            self.ways.setdefault(name, []).extend(values)

    def slices(self) -> list[dict[str, Any]]:
        """One line a slice: requests a second and p95 of each side, and the counts."""
        ends = max([at for at, _ in (*self._times, *self._counts)], default=-1) + 1
        return [self._slice(at) for at in range(ends)]

    def _slice(self, at: int) -> dict[str, Any]:
        line: dict[str, Any] = {"at": at * self.width}
        for side in (QUERY, COMMAND, PROVIDER):
            values = self._times.get((at, side), [])
            line[f"{side}_rate"] = round(len(values) / self.width, 2)
            line[f"{side}_p95"] = percentiles(values)["p95"]
        return line | {what: many for (when, what), many in self._counts.items() if when == at}

    def sides(self) -> dict[str, dict[str, float | None]]:
        """Percentiles of each side over all of the time."""
        found: dict[str, list[float]] = {}
        for (_, side), values in self._times.items():
            found.setdefault(side, []).extend(values)
        return {side: {"requests": len(values), **percentiles(values)} for side, values in sorted(found.items())}
