"""Faults of the relay: killed at the worst moment, asleep through its takeover, its replies lost."""

import asyncio

from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.scenarios.log import append, connected
from shared.ids import uuid7

ROUNDS = 3
ASLEEP = 8.0


async def _killed_between_append_and_cursor(scene: Scene) -> None:
    """The row of the safe position is locked, so the leader gets stuck behind its append, where SIGKILL finds it."""
    for _ in range(scene.rounds(ROUNDS)):
        await asyncio.to_thread(scene.stage.well)
        leader = await scene.stage.leader("relay")
        async with connected(scene, 2) as (locker, looker), locker.transaction():
            safe = await locker.fetchval("SELECT safe_position FROM relay_state FOR UPDATE")
            await append(looker, uuid7(), 1)
            published = await _published_beyond(scene, safe)
            scene.stage.kill(leader)
        scene.did("killed", leader=leader, safe=safe, published=published)
        scene.promise(published > safe, f"the relay was killed before it appended: {published} is not beyond {safe}")
        scene.did("taken over", leader=await scene.stage.taken_over("relay", leader))


async def _published_beyond(scene: Scene, safe: int) -> int:
    assert scene.streams is not None
    for _ in range(200):
        last = max((entries[-1].position for entries in scene.streams.entries.values() if entries), default=0)
        if last > safe:
            return last
        await asyncio.sleep(0.005)
    return 0


async def _asleep_through_its_takeover(scene: Scene) -> None:
    sleeper = await scene.stage.leader("relay")
    with scene.stage.paused(sleeper):
        scene.did("asleep", leader=sleeper)
        await scene.stage.taken_over("relay", sleeper)
        epoch = await scene.stage.fetchval("SELECT epoch FROM lease WHERE name = 'relay'")
        await asyncio.sleep(ASLEEP)
    scene.did("awake")
    await asyncio.sleep(2)
    now = await scene.stage.fetchval("SELECT epoch FROM lease WHERE name = 'relay'")
    scene.promise(epoch == now, "the sleeper took the lease back")


async def _replies_to_the_relay_are_lost(scene: Scene) -> None:
    proxy = scene.stage.streams
    for _ in range(ROUNDS):
        lost = proxy.lost
        proxy.lose(b"EVALSHA")
        async with asyncio.timeout(10):
            while proxy.lost == lost:
                await asyncio.sleep(0.01)
        scene.did("the reply to an append is lost")
        await asyncio.sleep(1.5)  # beyond the second for which the relay leaves a broken Redis alone


SCENARIOS = (
    Scenario(
        6, "relay killed between append and cursor", "its successor's repeats are refused; it takes over at once",
        _killed_between_append_and_cursor, lag_ms=1000,
    ),
    Scenario(
        7, f"relay asleep for {ASLEEP:.0f} s, then awake", "what the sleeper still appends is refused",
        _asleep_through_its_takeover, lag_ms=2500,
    ),
    Scenario(
        8, "replies to the relay are lost", "no event comes twice; what it left out meanwhile, the log brings",
        _replies_to_the_relay_are_lost, lag_ms=2000, stream_may_miss=True,
    ),
)  # fmt: skip
