"""How long an event takes until every read model shows it, while orders arrive at a fixed rate, answered or not.

An event's lag runs from its `recorded_at`, which is before its commit, to the moment the checkpoint that the projector
publishes in Redis was seen to cover it. Nothing is taken from that: the commit itself and the 5 ms between two looks at
Redis are in it. There is no bare program to compare with: `limit` is the target.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from doorbuster.bench import children, frame, ground, http_client, placing
from doorbuster.bench.frame import Result, Work
from doorbuster.bench.ground import MOST_PATIENCE, Ground
from doorbuster.bench.http_client import Connection, Timed
from doorbuster.bench.options import Options
from doorbuster.bench.watching import Checkpoints, Timeline
from projector.model import ELASTICSEARCH, ReadModel
from projector.read_models.all import READ_MODELS
from shared.position import Position

TARGET_MS = 250.0
LEAST_RATE = 500  # orders/s
PILOT = 300
CONNECTIONS = 64
KEPT_UP_SECONDS = 0.5  # after the last order was due, all must be answered: else the rate was more than is possible

Events = Sequence[tuple[int, int, float]]  # shard, position, since when (seconds since 1970)


def run(ground_: Ground, options: Options) -> list[Result]:
    """At 500 orders/s, or half of what `place_order` reaches if that is more; further rates stand under `at`."""
    ground_.use("event_lag")
    ground_.filled()
    first, *others = options.arrivals or (_rate(ground_, options),)
    ground_.only("write-api", "worker", "projector", "read-api")
    result = _at(ground_, options, first)
    at = {str(rate): _told(_at(ground_, options, rate)) for rate in others}
    return [structs.replace(result, further={**result.further, "at": at})]


def _rate(ground_: Ground, options: Options) -> int:
    reached = ground_.reached.get("place_order")
    if reached is None:
        ground_.only("write-api")
        pilot = placing.prepare(ground_, min(PILOT, options.most_orders))
        reached = placing.work(ground_, pilot, options.buyers[0]).value
    return max(LEAST_RATE, round(reached / 2))


def _told(result: Result) -> dict[str, object]:
    names = ("ours", "limit", "ratio", "cpu_ms_per_op", "noise", "further")
    return {name: getattr(result, name) for name in names}


def _at(ground_: Ground, options: Options, rate: int) -> Result:
    """One rate of arrivals: rounds of its own, each after the one before was digested."""
    orders = min(round(rate * options.seconds), options.most_orders)
    quotes = [placing.prepare(ground_, orders) for _ in range(options.turns().total)]
    done = frame.in_turns(
        options.turns(), {"ours": lambda: _round(ground_, quotes.pop(), rate)}, ground_.roots, ground_.until_quiet
    )
    setting = {"orders_per_second": rate, "orders_a_round": orders, "target_ms": TARGET_MS}
    pair = {"ours": done["ours"], "limit": [frame.target(round_, TARGET_MS) for round_ in done["ours"]]}
    late = max(round_.work.facts["late_seconds"] for round_ in done["ours"])
    further = {"kept_up": late <= KEPT_UP_SECONDS}
    return frame.result("event_lag", pair, unit="ms, p99", better="lower", setting=setting, further=further)


def _round(ground_: Ground, prepared: Sequence[placing.Prepared], rate: int) -> Work:
    url = ground_.environment["WRITE_API_URL"]
    file = ground.own_folder(ground_, "event_lag") / "orders.requests"
    http_client.write_down(file, [placing.placement(url, one) for one in prepared])
    [row] = ground_.fetch("SELECT coalesce(max(position), 0) AS last FROM event_log")
    with Timeline(Checkpoints(ground_.environment["REDIS_URL"])) as timeline:
        found = children.call("event_lag:arrive", {"url": url, "file": str(file), "rate": rate})
        heads = ground_.heads()  # the worker may go on; what it does from now on is not looked at
        timeline.wait(heads, MOST_PATIENCE)
    rows = ground_.fetch("SELECT shard, position, recorded_at FROM event_log WHERE position > $1", row["last"])
    recorded = [(r["shard"], r["position"], r["recorded_at"].timestamp()) for r in rows]
    answered = [
        (shard, at, came) for came, token in found["answers"] for shard, at in Position.parse(token).shards.items()
    ]
    return _work(found, timeline, [event for event in recorded if event[1] <= heads[event[0]]], answered)


def _work(found: Mapping[str, Any], timeline: Timeline, recorded: Events, answered: Events) -> Work:
    """The figure is the p99 of the read model that is worst, searches' visibility apart."""
    lags = {model.name: placing.quantiles(_lags(timeline, model, recorded)) for model in READ_MODELS}
    worst = max(lags.values(), key=lambda told: told["p99_ms"])
    facts = {name: found[name] for name in ("answered_per_second", "late_seconds", "answer_p50_ms", "answer_p99_ms")}
    facts |= {name: worst[name] for name in ("p50_ms", "p99_ms")}
    facts |= {f"{name}_p99_ms": told["p99_ms"] for name, told in lags.items()}
    facts |= _worst("from_answer", [_lags(timeline, model, answered) for model in READ_MODELS])
    searched = [model for model in READ_MODELS if model.sink == ELASTICSEARCH]
    facts |= _worst("search_visible", [_lags(timeline, model, recorded, seen=True) for model in searched])
    return Work(found["orders"], found["seconds"], worst["p99_ms"], found["cpu_ms"], facts)


def _lags(timeline: Timeline, model: ReadModel, events: Events, *, seen: bool = False) -> list[float]:
    """Seconds from each event to when it was covered; what was covered before its answer came lagged by nothing."""
    return [max(0.0, timeline.covered(model, shard, at, seen=seen) - since) for shard, at, since in events]


def _worst(name: str, lags: Sequence[Sequence[float]]) -> dict[str, float]:
    worst = max((placing.quantiles(each) for each in lags), key=lambda told: told["p99_ms"])
    return {f"{name}_{which}": worst[which] for which in ("p50_ms", "p99_ms")}


async def arrive(given: dict[str, Any]) -> dict[str, Any]:
    """The load generator: orders arrive at random, so many a second on average, whatever became of those before."""
    requests = http_client.read_back(given["file"])
    random_ = random.Random(6)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await http_client.connect(given["url"]))
    cpu, began = time.process_time(), time.monotonic()
    wall = time.time() - began
    due, tasks = began, []
    for raw in requests:
        due += random_.expovariate(given["rate"])
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.append(asyncio.create_task(_place(free, raw, due)))
    timed = await asyncio.gather(*tasks)
    seconds, cpu_ms = max(one.came for one in timed) - began, (time.process_time() - cpu) * 1000
    answers = [(one.came + wall, placing.placed(one.answer).position) for one in timed]
    took = placing.quantiles([one.came - one.asked for one in timed])
    return {
        "orders": len(answers), "seconds": seconds, "cpu_ms": cpu_ms, "answers": answers,
        "answered_per_second": len(answers) / seconds, "late_seconds": began + seconds - due,
        "answer_p50_ms": took["p50_ms"], "answer_p99_ms": took["p99_ms"],
    }  # fmt: skip


async def _place(free: "asyncio.Queue[Connection]", raw: bytes, due: float) -> Timed:
    """Asked since it was due: waiting for a free connection counts."""
    connection = await free.get()
    try:
        return Timed(await connection.ask(raw), due, time.monotonic())
    finally:
        free.put_nowait(connection)
