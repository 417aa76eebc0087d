"""How the outcomes are told: a line of JSON each on stdout, one table for people on stderr."""

import sys
from collections.abc import Sequence

import msgspec

from doorbuster.faults.scenario import Outcome

BUSY_CORES = 0.25
_COLUMNS = ("fault", "events", "orders", "lost", "doubled", "reordered", "filled", "worst lag", "limit", "verdict")
SHOWN = 3


def line(outcome: Outcome) -> None:
    """A line on stdout, at once."""
    print(msgspec.json.encode(outcome).decode(), flush=True)


def say(text: str) -> None:
    """To people."""
    print(text, file=sys.stderr, flush=True)


def over_limit(outcome: Outcome) -> bool:
    """Whether something came later than it may."""
    return outcome.lag_limit_ms is not None and outcome.judged_lag_ms > outcome.lag_limit_ms


def disturbed(outcome: Outcome) -> bool:
    """Whether the machine worked so much for others that no time measured on it says anything."""
    return outcome.others_cores > BUSY_CORES


def table(outcomes: Sequence[Outcome]) -> str:
    """All of them, and what was broken."""
    rows = [_COLUMNS, *map(_row, outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(_aligned(n, cell, widths[n]) for n, cell in enumerate(row)).rstrip() for row in rows]
    if any(over_limit(outcome) and disturbed(outcome) for outcome in outcomes):
        lines.append(f"* over its limit, and not judged: more than {BUSY_CORES} cores worked for somebody else")
    for outcome in outcomes:
        lines += [f"{outcome.fault}: {what}" for what in outcome.broken[:SHOWN]]
        if (left := len(outcome.broken) - SHOWN) > 0:
            lines.append(f"{outcome.fault}: and {left} more, in the history")
    return "\n".join(lines)


def _row(outcome: Outcome) -> tuple[str, ...]:
    limit = "" if outcome.lag_limit_ms is None else f"{outcome.lag_limit_ms:.0f} ms"
    mark = "*" if over_limit(outcome) and disturbed(outcome) else ""
    counts = (outcome.events, outcome.orders, outcome.lost, outcome.duplicated, outcome.reordered, outcome.filled)
    named = f"{outcome.number:>2} {outcome.fault}"
    return (named, *map(str, counts), f"{outcome.worst_lag_ms:.0f} ms{mark}", limit, outcome.verdict)


def _aligned(column: int, cell: str, width: int) -> str:
    return cell.ljust(width) if column in (0, len(_COLUMNS) - 1) else cell.rjust(width)
