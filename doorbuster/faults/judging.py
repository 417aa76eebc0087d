"""After a scenario: everything that the oracle and the invariants find, made into one outcome."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from doorbuster.faults import oracle, report
from doorbuster.faults.oracle import Count, Event
from doorbuster.faults.scenario import Outcome, Scenario, Scene
from doorbuster.faults.stage import Stage
from doorbuster.faults.watching import LagWatch, StreamWatch
from doorbuster.invariants import all as invariants
from projector.model import REDIS

MOST_TOLD = 20  # of what is broken; all of it is in the history


class Watched(Struct):
    """What looked on, and the last position before."""

    streams: StreamWatch
    lag: LagWatch
    base: int


async def judged(stage: Stage, scenario: Scenario, scene: Scene, watched: Watched) -> Outcome:
    """The outcome, but for how long it took."""
    events, whole = await _log(stage, watched.base)
    in_streams, wrong = oracle.streams(events, watched.streams.entries)
    filled = in_streams.lost
    if scenario.stream_may_miss:
        in_streams.lost = 0
    in_sinks, told = await _sinks(stage, scene, whole)
    wrong += told + oracle.orders(scene.shoppers.purchases, events)
    for verdict in await invariants.verdicts(stage.environment):
        wrong += [f"{verdict.invariant}: {line}" for line in verdict.differences]
    broken = [*scene.broken, *wrong]
    scene.did("log", heads=oracle.heads(events), positions=[event.position for event in events])
    scene.did("purchases", all=msgspec.to_builtins(scene.shoppers.purchases))
    scene.did("judged", broken=broken)
    return _outcome(
        scenario, scene, watched.lag, events, oracle.versions(events) + in_streams + in_sinks, filled, broken
    )


async def _log(stage: Stage, base: int) -> tuple[list[Event], dict[str, list[Event]]]:
    """The events since the scenario began, and all there ever were of the same keys."""
    conn = await stage.connect()
    try:
        everything = await oracle.log_after(conn, 0)
    finally:
        await conn.close()
    events = [event for event in everything if event.position > base]
    keys = {event.key for event in events}
    return events, oracle.by_key(event for event in everything if event.key in keys)


async def _sinks(stage: Stage, scene: Scene, whole: dict[str, list[Event]]) -> tuple[Count, list[str]]:
    total, keys = Count(), sorted(whole)
    wrong: list[str] = []
    with stage.redis() as redis:
        states = {"Redis": oracle.in_redis(redis, keys)}
    async with stage.elasticsearch() as client:
        states["Elasticsearch"] = await oracle.in_elasticsearch(client, keys)
    for name, found in states.items():
        count, told = oracle.sink(name, whole, found)
        scene.did("sink", name=name, **msgspec.to_builtins(count))
        total, wrong = total + count, wrong + told
    return total, wrong


def _outcome(
    scenario: Scenario, scene: Scene, lag: LagWatch, events: Sequence[Event], total: Count, filled: int,
    broken: Sequence[str],
) -> Outcome:  # fmt: skip
    timed = [(event.shard, event.position, event.recorded_at) for event in events]
    worst, slowest = lag.worst(timed)
    limited, _ = lag.worst(timed, REDIS if scenario.elasticsearch_away else "")
    return Outcome(
        fault=scenario.name,
        number=scenario.number,
        seed=scene.seed,
        events=len(events),
        orders=sum(bool(purchase.order_id) for purchase in scene.shoppers.purchases),
        lost=total.lost,
        duplicated=total.duplicated,
        reordered=total.reordered,
        filled=filled,
        worst_lag_ms=round(worst * 1000, 1),
        judged_lag_ms=round(limited * 1000, 1),
        slowest=slowest,
        lag_limit_ms=scenario.lag_ms,
        broken=list(broken[:MOST_TOLD]),
    )


def verdict(outcome: Outcome) -> str:
    """`ok`, or what is wrong in two words."""
    if outcome.lost or outcome.duplicated or outcome.reordered:
        return "events differ"
    if outcome.broken:
        return "broken"
    if report.over_limit(outcome) and not report.disturbed(outcome):
        return "late"
    return "ok" if outcome.events else "no events"
