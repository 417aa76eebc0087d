"""One kind of question at one size: cold, one client, many clients, and the limit asked as often in turns."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from doorbuster.bench import children, cpu, frame, ground, http_client, placing, wrk
from doorbuster.bench.frame import Invalid, Round, Rounds, Side
from doorbuster.bench.ground import Ground
from doorbuster.bench.growth.filling import PATIENCE
from doorbuster.bench.growth.kinds import Question, Targets
from doorbuster.bench.growth.lines import COLD, Figures, Kind
from doorbuster.bench.growth.stores import ask

CLIENTS = (1, 32)
FIRST = 500  # requests that are asked cold
TRIES = 3  # of one way of asking


def measured(ground_: Ground, question: Question, seconds: float, rounds: int) -> Kind:
    """Each way of asking for itself: where answers are wrong or too slow, that way has no figures and the others have.
    Raises `Invalid` where nothing is answered rightly."""
    ours: dict[str, Figures] = {}
    limit: dict[str, Figures] = {}
    failed: dict[str, str] = {}
    with _told_in(failed, COLD):
        ours[COLD] = _cold(ground_, question.requests[:FIRST])
    targets = question.targets(question.requests)
    for clients in CLIENTS:
        with _told_in(failed, str(clients)):
            done = _in_turns(ground_, targets, clients, seconds, rounds)
            ours[str(clients)] = _middle(done["ours"])
            if "limit" in done:
                limit[str(clients)] = _middle(done["limit"])
    ground_.only("read-api")  # a bare handler has done its work
    return Kind(len(question.requests), ours, limit, failed)


@contextmanager
def _told_in(failed: dict[str, str], way: str) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        failed[way] = str(error)


def _in_turns(ground_: Ground, targets: Targets, clients: int, seconds: float, rounds: int) -> dict[str, list[Round]]:
    sides: dict[str, Side] = {
        name: partial(target.run, clients, seconds, wrk.rate)
        for name, target in zip(("ours", "limit"), targets, strict=True)
        if target is not None
    }
    quiet = partial(ground_.until_quiet, patience=PATIENCE)
    for _ in range(TRIES - 1):
        with suppress(Invalid):  # a busy machine answers a search with 503 now and then
            return frame.in_turns(Rounds(rounds), sides, ground_.roots, quiet)
    return frame.in_turns(Rounds(rounds), sides, ground_.roots, quiet)


def warm_up(ground_: Ground, question: Question, seconds: float) -> None:
    """Ask for so long, for nothing."""
    ground_.only("read-api")
    ours, _ = question.targets(question.requests[:FIRST])
    ours.run(CLIENTS[-1], seconds, wrk.rate)
    ground_.only("read-api")


def _middle(rounds: Sequence[Round]) -> Figures:
    def fact(name: str) -> float:
        return _short(statistics.median(round_.work.facts[name] for round_ in rounds))

    others = statistics.median(round_.others_cores for round_ in rounds)
    cost = frame.cpu_per_op(rounds)
    return Figures(fact("per_second"), fact("p50_ms"), fact("p95_ms"), fact("p99_ms"), cost, _short(others))


# --- cold -------------------------------------------------------------------------------------------------------------


def _cold(ground_: Ground, requests: Sequence[bytes]) -> Figures:
    """Each once, one after the other, of a query API that knows nothing yet and an Elasticsearch without caches. What
    the kernel holds of its files stays held."""
    ground_.only()
    ground_.only("read-api")
    if (answer := ask(ground_.environment["ELASTICSEARCH_URL"], "POST", "/_cache/clear")).status != 200:
        raise Invalid(f"Elasticsearch keeps its caches: {answer.body[:500]!r}")
    ground_.until_quiet(patience=PATIENCE)
    file = ground.own_folder(ground_, "growth") / "cold.requests"
    http_client.write_down(file, requests)
    given = {"url": ground_.environment["READ_API_URL"], "file": str(file)}
    before, began = cpu.used(ground_.roots()), time.monotonic()
    found = children.call("growth.measuring:ask_once", given)
    used, took = cpu.used(ground_.roots()).since(before), time.monotonic() - began
    cost = {name: _short(spent / len(requests)) for name, spent in (used.programs | {"load": found["cpu_ms"]}).items()}
    p50, p95, p99 = (_short(found[name]) for name in ("p50_ms", "p95_ms", "p99_ms"))
    cost = {name: each for name, each in cost.items() if each >= 0.0005}
    return Figures(_short(len(requests) / found["seconds"]), p50, p95, p99, cost, _short(used.others(took)))


async def ask_once(given: dict[str, Any]) -> dict[str, Any]:
    """In a process of its own: all of them over one connection."""
    requests = await asyncio.to_thread(http_client.read_back, given["file"])
    began = time.monotonic()
    timed = await http_client.ask_all(given["url"], requests, 1)
    if wrong := [one.answer for one in timed if one.answer.status != 200]:
        raise Invalid(f"{len(wrong)} of {len(timed)} were answered {wrong[0].status}: {wrong[0].body[:500]!r}")
    return {"seconds": time.monotonic() - began, **placing.quantiles([one.came - one.asked for one in timed])}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
