"""`doorbuster trace ORDER`: one order's whole way with times, from the log."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from doorbuster import environment

if TYPE_CHECKING:  # loaded when the word is used: the other words need not wait for it
    from doorbuster.order_trace import Applied, OrderTrace, Step

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    trace = words.add_parser("trace", help="one order's whole way with times; exit code 1 if there is no such order")
    trace.add_argument("order", help="its id, or its number such as 7F3K-29QM")
    trace.add_argument("--json", action="store_true")
    trace.set_defaults(run=_trace)


def _trace(given: argparse.Namespace) -> int:
    url = environment.database_url()
    if url is None:
        return 2
    import msgspec

    from doorbuster.order_trace import UnknownOrder, trace
    from shared.http.pools import POSTGRES_FAILS

    try:
        found = asyncio.run(trace(url, given.order))
    except UnknownOrder as unknown:
        print(unknown, file=sys.stderr)
        return 1
    except POSTGRES_FAILS as error:
        print(f"the log can't be read: {type(error).__name__}", file=sys.stderr)
        return 2
    print(msgspec.json.format(msgspec.json.encode(found)).decode() if given.json else "\n".join(_lines(found)))
    return 0


def _lines(found: "OrderTrace") -> list[str]:
    head = f"order {found.number}  {found.order_id}  correlation {found.correlation_id}"
    rows: list[tuple[str, ...]] = [("position", "time (UTC)", "+ms", "event", "v", "actor", "correlation", "")]
    rows += [_row(step) for step in found.steps]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = (0, 2, 4)
    table = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    published = "all of it is published" if found.published else "the relay has not published all of it yet"
    reactions = [f"reaction {name}: {'done' if done else 'behind'}" for name, done in found.reactions.items()]
    return [head, "", *table, "", published, *reactions, *map(_standing, found.read_models)]


def _row(step: "Step") -> tuple[str, ...]:
    facts = " ".join(f"{name}={value}" for name, value in step.facts.items())
    asked = f"request={step.request_id} " if step.request_id else ""
    time = f"{step.at:%H:%M:%S}.{step.at.microsecond // 1000:03}"
    type_ = step.type.rpartition(".")[0]
    actor, correlation_id = step.actor, step.correlation_id
    return str(step.position), time, f"+{step.ms:.1f}", type_, str(step.version), actor, correlation_id, asked + facts


def _standing(model: "Applied") -> str:
    name = f"read model {model.read_model}:{model.version}: "
    match model.state:
        case "applied":
            return f"{name}applied, by {model.by:%H:%M:%S} at the latest"
        case "parked":
            return f"{name}PARKED, {model.why}"
    return f"{name}behind, {model.behind} of these events are missing"
