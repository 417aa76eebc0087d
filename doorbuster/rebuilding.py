"""A rebuild from its beginning to its end: build beside the served version, compare with the log, serve; and back.

The table `read_model_version` is how this process and the projector talk. Whatever is cut short here leaves the served
version as it was, and what was half built is found by the next one.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg
from redis.asyncio import Redis

from doorbuster import gate
from doorbuster.invariants.sinks import Stores
from doorbuster.missing_prices import missing_prices
from projector.log import ROLE, Pool, open_pool
from projector.model import ReadModel
from projector.read_models.all import READ_MODELS
from projector.rebuild import Build, BuildFailed, Told
from projector.redis_sink import connect
from projector.versions import State, Version, Versions, of_version, ours
from shared.documents.layout import shards_key
from shared.settings import Settings
from write_side.parked import all_parked

PATIENCE = 60.0  # seconds that the projector may take for what it is asked
# An index of products is served once it has the prices of price lists, too: of all products, perhaps. So long it may
# take until some more have them.
FILLING_PATIENCE = 300.0
LOOK_SECONDS = 0.05
# What is said on the way, the second and the third in whatever order.
FILLED = "filled; it is compared with the log while the projector takes over"
TAKEN_UP = "the projector has taken over"
COMPARED = "it is what the log says"
ALL_PRICED = "no price is missing any more: the projector is to swap"

Say = Callable[[str], None]


class Refused(Exception):
    """It can't be done as things stand; nothing was changed."""


class Workshop(NamedTuple):
    """What a rebuild works with; there is one at a time."""

    settings: Settings
    stores: Stores
    pool: Pool
    versions: Versions
    redis: "Redis"
    say: Say


@asynccontextmanager
async def workshop(environment: Mapping[str, str], say: Say) -> AsyncIterator[Workshop]:
    """The only one: who finds another at work is refused. The lock ends with the process, however that ends."""
    settings = Settings.read(environment)
    lock = await asyncpg.connect(settings.database_url, server_settings={"role": ROLE})
    try:
        if not await lock.fetchval("SELECT pg_try_advisory_lock(hashtext('doorbuster rebuild'))"):
            raise Refused("another rebuild is at work")
        async with await open_pool(settings.database_url, 6, "rebuild") as pool, connect(settings.redis_url) as redis:
            yield Workshop(settings, Stores.of(environment), pool, Versions(pool), redis, say)
    finally:
        await lock.close()


def models_named(names: Sequence[str]) -> list[ReadModel]:
    """The read models of these names, all for `all`."""
    known = {model.name: model for model in READ_MODELS}
    if unknown := set(names) - {*known, "all"}:
        raise Refused(f"no read model {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return list(READ_MODELS) if "all" in names else [known[name] for name in dict.fromkeys(names)]


async def rebuild(shop: Workshop, models: Sequence[ReadModel], told: Told) -> list[ReadModel]:
    """Build, compare, serve; answers the new versions. Raises `BuildFailed`, and then what was built is retired."""
    await retire(shop, await abandoned(shop))
    new: list[ReadModel] = []
    try:
        for model in models:
            new.append(await shop.versions.begin(model))
        async with gate.opened(shop.stores, new) as comparing:
            await Build(shop.settings, shop.pool, new, told).run()
            await _move_all(shop, new, "building", "beside")
            shop.say(FILLED)
            taking_up = asyncio.create_task(_taken_up(shop, new))
            try:
                await pass_gate(shop, new, comparing)
                await taking_up
            finally:
                taking_up.cancel()
            await _parked(shop, new)  # nor may the projector have parked others meanwhile
        await _move_all(shop, new, "beside", "next")
        await until_served(shop, new)
    except BaseException:
        await asyncio.shield(_give_up(shop, new))
        raise
    return new


async def _taken_up(shop: Workshop, new: Sequence[ReadModel]) -> None:
    await _until(lambda: _kept_up(shop, new), "the projector did not take the new versions up: does it run?")
    shop.say(TAKEN_UP)


async def pass_gate(shop: Workshop, new: Sequence[ReadModel], comparing: gate.Gate) -> None:
    """The new versions against a fold of the log that shares no batch, cache or checkpoint with how they were built:
    every state, document and name. Keys may only be parked where the served version has them parked, too."""
    found = await comparing.differences(await _parked(shop, new))
    if found:
        raise BuildFailed("\n".join([f"{len(found)} differences to the log", *found[:20]]))
    shop.say(COMPARED)


async def _parked(shop: Workshop, new: Sequence[ReadModel]) -> dict[str, dict[str, int]]:
    """The parked keys of the new versions. `BuildFailed`: the served ones have them not so."""
    parked: dict[str, dict[str, int]] = defaultdict(dict)
    async with shop.pool.acquire() as conn:
        for key in await all_parked(conn):
            parked[key.read_model][key.key] = key.position
    await shop.versions.look()
    for model in new:
        served = parked[f"{model.name}:{shop.versions.served.get(model.name)}"]
        if fallen := staler(parked[model.slot], served):
            raise BuildFailed(f"{model.slot}: {len(fallen)} keys are parked that are not so now: {min(fallen)}, …")
    return {model.slot: parked[model.slot] for model in new}


def staler(new: Mapping[str, int], served: Mapping[str, int]) -> set[str]:
    """Keys that are parked in the new version from an event on that the served one has, or may still take."""
    return {key for key, position in new.items() if position < served.get(key, position + 1)}


async def roll_back(shop: Workshop, models: Sequence[ReadModel]) -> list[ReadModel]:
    """Serve again what was served before; answers it. The way back from it is the same."""
    versions = await shop.versions.look()
    kept = {each.read_model: each for each in versions if each.state == "kept" and ours(READ_MODELS, each)}
    if missing := [model.name for model in models if model.name not in kept]:
        raise Refused(f"nothing is kept to go back to: {', '.join(missing)}")
    back = [of_version(model, kept[model.name].version) for model in models]
    # What a broken-off rebuild left stands in the way: only one version of a model may be coming.
    await retire(shop, [each for each in await abandoned(shop) if each.read_model in kept])
    try:
        await _move_all(shop, back, "kept", "next")
        await until_served(shop, back)
    except BaseException:
        await asyncio.shield(_keep_again(shop, back))
        raise
    return back


async def clean_up(shop: Workshop, models: Sequence[ReadModel]) -> list[Version]:
    """Versions that are kept for the way back, and what broken-off rebuilds left, go; answers which."""
    names = {model.name for model in models}
    kept = [each for each in await shop.versions.look() if each.state == "kept"]
    gone = [each for each in [*kept, *await abandoned(shop)] if each.read_model in names]
    await retire(shop, gone)
    return gone


async def abandoned(shop: Workshop) -> list[Version]:
    """Versions that nobody builds or waits for any longer: we are the only rebuild there is."""
    return [each for each in await shop.versions.look() if each.state in ("building", "beside", "next")]


async def retire(shop: Workshop, versions: Sequence[Version]) -> None:
    """Have the projector delete these, and wait until it has."""
    slots: set[tuple[str, str]] = set()
    for each in versions:
        shop.say(f"{each.read_model} {each.version} goes ({each.state} since {each.since:%Y-%m-%d %H:%M:%S} UTC)")
        model = next(model for model in READ_MODELS if model.name == each.read_model)
        if await shop.versions.move(of_version(model, each.version), each.state, "retired"):
            slots.add((each.read_model, each.version))  # else it was swapped just now, and stays

    async def are_gone() -> bool:
        return not slots & {(each.read_model, each.version) for each in await shop.versions.look()}

    await _until(are_gone, "the projector did not delete them: does it run?")


async def _give_up(shop: Workshop, new: Sequence[ReadModel]) -> None:
    """What is not served yet never will be. The projector deletes it in its own time."""
    states: tuple[State, ...] = ("building", "beside", "next")
    for model in new:
        for state in states:
            await shop.versions.move(model, state, "retired")


async def _keep_again(shop: Workshop, back: Sequence[ReadModel]) -> None:
    """What was not swapped in time stays what it was."""
    for model in back:
        await shop.versions.move(model, "next", "kept")


async def _move_all(shop: Workshop, models: Sequence[ReadModel], before: State, after: State) -> None:
    for model in models:
        if not await shop.versions.move(model, before, after):
            raise BuildFailed(f"{model.slot} is not {before} any more")


async def _kept_up(shop: Workshop, models: Sequence[ReadModel]) -> bool:
    """Whether the projector has them as far as the log, on every shard."""
    shards = await shop.pool.fetchval("SELECT shards FROM log_settings WHERE id = 1")
    for model in models:
        told = await shop.redis.hgetall(shards_key(model.slot))
        if not all(told.get(b"ready:%d" % shard) == b"1" for shard in range(shards)):
            return False
    return True


async def _served(shop: Workshop, models: Sequence[ReadModel]) -> bool:
    there = {(each.read_model, each.version): each for each in await shop.versions.look()}
    found = [there.get((model.name, model.version)) for model in models]
    if any(each is None or each.state not in ("next", "live") for each in found):
        raise BuildFailed("somebody else moved the versions")
    return all(each is not None and each.state == "live" and each.served_at is not None for each in found)


async def until_served(shop: Workshop, models: Sequence[ReadModel]) -> None:
    """Wait for the swap: as long as indices get the prices that they lack, and then as long as a swap may take. Raises
    `BuildFailed`."""
    async with missing_prices(shop.settings, shop.redis, models) as missing:
        began, left = time.monotonic(), 0
        while not await _served(shop, models):
            if (now_left := await missing.look()) != left:
                began, left = time.monotonic(), now_left
                shop.say(f"{left:,} prices are still to be filled in before it is served" if left else ALL_PRICED)
            waited = time.monotonic() - began
            if left and waited > FILLING_PATIENCE:
                raise BuildFailed(f"{left:,} prices were missing, and none was filled in for {waited:.0f} s")
            if not left and waited > PATIENCE:
                raise BuildFailed("the projector did not swap the versions: does it run?")
            await asyncio.sleep(LOOK_SECONDS)


async def _until(asked: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await asked():
        if time.monotonic() > deadline:
            raise BuildFailed(otherwise)
        await asyncio.sleep(LOOK_SECONDS)
