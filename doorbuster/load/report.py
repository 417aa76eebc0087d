"""What a load run found: a table for people, one JSON line for everybody else."""

from typing import Any

import msgspec
from msgspec import Struct

from doorbuster.invariants.all import Verdict
from doorbuster.load.shoppers import Crowd, Figures, Result

SHOWN = 10  # differences of a broken invariant that the table shows


class Report(Struct, frozen=True):
    """A run and its verdicts. `most_failures` is the share of failed requests that is put up with."""

    crowd: Crowd
    result: Result
    lag: dict[str, dict[str, float | None]]
    verdicts: list[Verdict]
    most_failures: float

    @property
    def failure_share(self) -> float:
        """Failed requests of all requests; without any request everything has failed."""
        total = self.result.total
        return total.failures / total.requests if total.requests else 1.0

    @property
    def holds(self) -> bool:
        """Whether few enough requests failed and every invariant holds."""
        return self.failure_share <= self.most_failures and all(verdict.holds for verdict in self.verdicts)


def table(report: Report) -> str:
    """Steps, shares, outcomes, lag, verdicts."""
    result = report.result
    steps = [(step.step, *_cells(step)) for step in result.steps]
    head = ("", "requests", "failed", "p50 ms", "p95 ms", "p99 ms")
    parts = [
        _columns([head, *steps, ("all", *_cells(result.total))]),
        _columns([("page", "share"), *((name, f"{share:.1%}") for name, share in _shares(result).items())]),
        _columns([("what came of it", "times"), *((name, str(n)) for name, n in sorted(result.outcomes.items()))]),
        _columns([("event lag", "p50 ms ≤", "p99 ms ≤"), *_lag_rows(report)]),
        "\n".join(f"{fault.times} × {fault.step}: {fault.error}" for fault in result.errors),
        "\n".join(_told(verdict) for verdict in report.verdicts),
        f"{report.failure_share:.2%} of all requests failed, {report.most_failures:.2%} are put up with",
    ]
    return "\n\n".join(part for part in parts if part)


def line(report: Report) -> str:
    """`{"load": {…}}`. Times in milliseconds, rates per second after the warm-up."""
    crowd, result = report.crowd, report.result
    orders = result.outcomes.get("order placed", 0)
    told = {
        "users": crowd.users,
        "minutes": round(crowd.seconds / 60, 2),
        "haste": crowd.haste,
        "seconds": result.seconds,
        **msgspec.to_builtins(result.total),
        "failure_share": round(report.failure_share, 6),
        "requests_per_second": _rate(result.total.requests, result.seconds),
        "orders": orders,
        "orders_per_second": _rate(orders, result.seconds),
        "pages": {name: round(share, 4) for name, share in _shares(result).items()},
        "outcomes": result.outcomes,
        "event_lag": report.lag,
        "steps": result.steps,
        "errors": result.errors,
        "invariants": {verdict.invariant: "holds" if verdict.holds else verdict.differences[:SHOWN]
                       for verdict in report.verdicts},
        "holds": report.holds,
    }  # fmt: skip
    return msgspec.json.encode({"load": told}).decode()


def _rate(count: int, seconds: float) -> float:
    return round(count / seconds, 2) if seconds else 0.0


def _shares(result: Result) -> dict[str, float]:
    total = sum(result.interactions.values()) or 1
    return {name: count / total for name, count in sorted(result.interactions.items(), key=lambda each: -each[1])}


def _cells(figures: Figures) -> tuple[str, ...]:
    times = (figures.p50, figures.p95, figures.p99)
    return (str(figures.requests), str(figures.failures), *("-" if t is None else f"{t:.0f}" for t in times))


def _lag_rows(report: Report) -> list[tuple[str, ...]]:
    def cell(value: float | None) -> str:
        return "-" if value is None else f"{value:g}"

    return [(model, *(cell(value) for value in bounds.values())) for model, bounds in report.lag.items()]


def _told(verdict: Verdict) -> str:
    if verdict.holds:
        return f"holds   {verdict.invariant}"
    more = len(verdict.differences) - SHOWN
    lines = [f"BROKEN  {verdict.invariant}", *(f"        {each}" for each in verdict.differences[:SHOWN])]
    return "\n".join(lines + ([f"        and {more} more"] if more > 0 else []))


def _columns(rows: list[Any]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_aligned(row, widths) for row in rows)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = zip(row[1:], widths[1:], strict=True)
    return "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in cells)])
