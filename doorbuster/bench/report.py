"""How results are told: JSON lines for programs on standard output, a table for people on standard error."""

import sys
from collections.abc import Sequence

import msgspec

from doorbuster.bench.frame import Result

_HEAD = ("", "ours", "limit", "ratio", "unit", "spread of ours", "of limit", "others' cores", "CPU ms per operation")


def line(result: Result) -> None:
    """One benchmark as a line of JSON."""
    print(msgspec.json.encode(result).decode(), flush=True)


def table(results: Sequence[Result]) -> None:
    """All of them side by side."""
    rows = [_HEAD, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    print("\n" + "\n".join(told), file=sys.stderr)


def _row(result: Result) -> tuple[str, ...]:
    noise = msgspec.to_builtins(result.noise)
    costs = sorted(result.cpu_ms_per_op.items(), key=lambda cost: -cost[1])
    return (
        result.bench,
        f"{result.ours:,g}",
        f"{result.limit:,g}",
        f"{result.ratio:.3f}",
        f"{result.unit} ({result.better} is better)",
        f"{noise['ours']['spread']:.0%}",
        f"{noise['limit']['spread']:.0%}",
        f"{noise['others_cores']['median']:.2f}",
        ", ".join(f"{name} {cost:.3g}" for name, cost in costs),
    )
