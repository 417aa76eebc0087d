"""The run: the shop opens once, each scenario is played on it while orders flow, and the oracle looks after each."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from doorbuster import following, tokens
from doorbuster.demo import stampede
from doorbuster.demo.shop import Shop
from doorbuster.faults import report
from doorbuster.faults.judging import Watched, judged, verdict
from doorbuster.faults.scenario import History, Outcome, Scenario, Scene
from doorbuster.faults.shoppers import Shoppers
from doorbuster.faults.stage import HEAL_WITHIN, Stage
from doorbuster.faults.watching import LagWatch, StreamWatch
from doorbuster.faults.witness import WITNESSES
from projector.read_models.all import READ_MODELS

SCOPES = ["catalog:write", "stock:write", "stock:read"]
MODELS = (*READ_MODELS, *WITNESSES)
WARM_SECONDS = 1.0  # of orders before the fault
WARM_UP_SECONDS = 5.0  # before the first scenario


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    seed: int
    rate: float = 10.0  # orders a second
    products: int = 12
    units: int = 100_000
    crowd: int = 1000  # buyers who come for a few units
    haste: float = 1.0  # divides how long a scenario takes at least
    warm_up: bool = True


async def play(stage: Stage, scenarios: Sequence[Scenario], wanted: Wanted, histories: Path) -> list[Outcome]:
    """Each scenario in turn; a line is told as each ends."""
    bearer = await tokens.issue(stage.environment["DATABASE_URL"], "faults", SCOPES)
    if wanted.warm_up:
        await _warmed_up(stage, bearer, wanted, histories)
    outcomes = []
    for scenario in scenarios:
        history = History(histories / f"{scenario.number:02}-{re.sub('[^A-Za-z0-9]+', '-', scenario.name)}.jsonl")
        history.note("begins", fault=scenario.name, expected=scenario.expected, seed=wanted.seed)
        try:
            outcome = await _play(stage, scenario, wanted, bearer, history)
        finally:
            stage.wake()
            history.close()
        report.line(outcome)
        report.say(f"  {outcome.seconds:6.1f} s  {scenario.name:<44} {outcome.verdict}")
        outcomes.append(outcome)
    return outcomes


async def _warmed_up(stage: Stage, bearer: str, wanted: Wanted, histories: Path) -> None:
    """Orders of which nothing is measured: the first of everything takes seconds."""
    history = History(histories / "warm-up.jsonl")
    rehearsal = Scenario(0, "warm-up", "", _nothing, seconds=WARM_UP_SECONDS)
    await _play(stage, rehearsal, wanted, bearer, history)
    history.close()


async def _nothing(_scene: Scene) -> None:
    """No fault."""


async def _play(stage: Stage, scenario: Scenario, wanted: Wanted, bearer: str, history: History) -> Outcome:
    began, used = time.monotonic(), stage.used()
    seed = wanted.seed * 100 + scenario.number
    await asyncio.to_thread(stage.well)
    async with _watching(stage) as watched:
        skus = await _offered(stage, bearer, wanted)
        commands = f"http://127.0.0.1:{stage.commands.port}"
        shoppers = Shoppers(stage.environment, commands, skus, seed, wanted.rate)
        scene = Scene(stage, shoppers, skus, bearer, seed, wanted.haste, wanted.crowd, history)
        scene.streams = watched.streams
        await _acted(scene, scenario, wanted)
        await _calm(stage, watched, history)
    found = await judged(stage, scenario, scene, watched)
    found.seconds = round(time.monotonic() - began, 1)
    found.others_cores = round(stage.used().since(used).others(found.seconds), 2)
    found.verdict = verdict(found)
    history.note("ends", outcome=msgspec.to_builtins(found))
    return found


@asynccontextmanager
async def _watching(stage: Stage) -> AsyncIterator[Watched]:
    conn = await stage.connect()
    base = await conn.fetchval("SELECT coalesce(max(position), 0) FROM event_log")
    shards = await conn.fetchval("SELECT shards FROM log_settings")
    await conn.close()
    with (
        stage.redis() as redis,
        StreamWatch(redis, shards, base) as streams,
        LagWatch(stage.environment["REDIS_URL"], MODELS) as lag,
    ):
        yield Watched(streams, lag, base)


async def _offered(stage: Stage, bearer: str, wanted: Wanted) -> list[str]:
    async with Shop(stage.environment) as shop:
        offers = (stampede.offer(shop, bearer, wanted.units, searchable=False) for _ in range(wanted.products))
        return list(await asyncio.gather(*offers))


async def _acted(scene: Scene, scenario: Scenario, wanted: Wanted) -> None:
    """Orders flow, the fault happens among them; at the end everybody has an answer."""
    shopping = asyncio.create_task(scene.shoppers.shop())
    if scenario.quiet:
        scene.shoppers.end()
    until = time.monotonic() + scenario.seconds / wanted.haste
    try:
        await asyncio.sleep(WARM_SECONDS / wanted.haste)
        await scenario.act(scene)
        await asyncio.sleep(max(0.0, until - time.monotonic()))
    except Exception as error:  # a scenario that can't be played out has not held
        scene.promise(False, f"{type(error).__name__}: {error}")
    finally:
        scene.stage.wake()
        scene.shoppers.end()
        await shopping
    scene.did("orders end", purchases=len(scene.shoppers.purchases), repeats=scene.shoppers.repeats)


async def _calm(stage: Stage, watched: Watched, history: History) -> None:
    """Wait until everything runs, nothing is left to do, and every read model has reached the end of the log."""
    await asyncio.to_thread(stage.well)
    conn = await stage.connect()
    try:
        # Claims of a worker that was killed run out after half a minute: here that time passes at once.
        await conn.execute("UPDATE payment SET next_attempt_at = clock_timestamp() WHERE todo IS NOT NULL")
        await conn.execute("UPDATE mail SET next_attempt_at = clock_timestamp() WHERE state = 'queued'")
        deadline, quiet_since, last = time.monotonic() + HEAL_WITHIN, time.monotonic(), -1
        while time.monotonic() - quiet_since < 0.5 and time.monotonic() < deadline:
            heads = await following.heads(conn)
            busy = await conn.fetchval("SELECT count(*) FROM payment WHERE todo IS NOT NULL AND alarm IS NULL")
            busy += await conn.fetchval("SELECT count(*) FROM mail WHERE state = 'queued'")
            if busy or watched.lag.behind(heads) or max(heads.values()) != last:
                quiet_since, last = time.monotonic(), max(heads.values())
            await asyncio.sleep(0.05)
        history.note("calm", busy=busy, behind=watched.lag.behind(heads))
    finally:
        await conn.close()
