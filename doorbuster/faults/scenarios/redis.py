"""Faults of Redis: replies and connections lost, killed, emptied, trimmed, its groups destroyed."""

import asyncio
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from doorbuster.faults.pages import Pages
from doorbuster.faults.scenario import Scenario, Scene
from doorbuster.faults.scenarios.log import append, connected
from projector.transport import GROUP
from shared.envelope import stream_name
from shared.ids import uuid7

SHARDS = 4
QUIET_ROUNDS = 5


async def _a_reply_is_lost_on_a_quiet_shard(scene: Scene) -> None:
    """One event, whose delivery is lost, and nothing after it."""
    proxy = scene.stage.streams
    async with connected(scene, 1) as (writer,):
        for _ in range(QUIET_ROUNDS):
            lost = proxy.lost
            proxy.lose(b"XREADGROUP", b"events:")
            position = await append(writer, uuid7(), 1)
            async with asyncio.timeout(10):
                while proxy.lost == lost:
                    await asyncio.sleep(0.01)
            scene.did("a delivery is lost", position=position)
            await asyncio.sleep(1.5)


async def _killed(scene: Scene) -> None:
    async with Pages(scene) as pages:
        for _ in range(scene.rounds(2)):
            scene.stage.kill("valkey")
            scene.did("killed")
            await asyncio.sleep(3)
            await asyncio.to_thread(scene.stage.well)
        await asyncio.sleep(1)
    pages.none_was_denied()


async def _emptied(scene: Scene) -> None:
    async with Pages(scene) as pages:
        for _ in range(3):
            await asyncio.to_thread(_with_redis, scene, lambda redis: redis.flushall())
            scene.did("FLUSHALL")
            await asyncio.sleep(1.5)
    pages.none_was_denied()


async def _trimmed(scene: Scene) -> None:
    """For three seconds hardly an entry lives long enough to be read."""

    def trim(redis: "Redis") -> int:
        return sum(int(redis.xtrim(stream_name(s), maxlen=0, approximate=False)) for s in range(SHARDS))

    gone, before = 0, await scene.stage.counted("doorbuster_projector_chain_breaks_total")
    for _ in range(150):
        gone += await asyncio.to_thread(_with_redis, scene, trim) or 0
        await asyncio.sleep(0.02)
    holes = await scene.stage.counted("doorbuster_projector_chain_breaks_total") - before
    scene.did("trimmed", entries=gone, holes=holes)
    scene.promise(holes > 0, f"{gone} entries were trimmed, and none of them was unread")


async def _groups_destroyed(scene: Scene) -> None:
    def destroy(redis: "Redis") -> None:
        for shard in range(SHARDS):
            redis.xgroup_destroy(stream_name(shard), GROUP)

    for _ in range(3):
        await asyncio.to_thread(_with_redis, scene, destroy)
        scene.did("XGROUP DESTROY")
        await asyncio.sleep(1.5)


async def _connections_killed(scene: Scene) -> None:
    for _ in range(15):
        await asyncio.to_thread(_with_redis, scene, lambda redis: redis.client_kill_filter(_type="normal", skipme=True))
        await asyncio.sleep(scene.random.uniform(0.1, 0.4))
    scene.did("every connection was killed 15 times")


def _with_redis(scene: Scene, do: Callable[["Redis"], Any]) -> Any:
    with scene.stage.redis() as redis:
        try:
            return do(redis)
        except ResponseError:  # a stream that is not there at the moment
            return None
        except (RedisError, OSError) as error:
            scene.did("Redis answers nothing", error=repr(error))
            return None


SCENARIOS = (
    Scenario(
        8, "a delivery is lost on a quiet shard", "the look at the tail brings it, though nothing comes after it",
        _a_reply_is_lost_on_a_quiet_shard, lag_ms=1000, stream_may_miss=True, quiet=True,
    ),
    Scenario(
        9, "Redis killed", "what it lost is filled from the log; no page that exists is denied",
        _killed, stream_may_miss=True,
    ),
    Scenario(
        10, "Redis emptied", "everything comes back without an operator; no page that exists is denied",
        _emptied, stream_may_miss=True,
    ),
    Scenario(
        11, "streams trimmed of unread entries", "holes in the chain are filled from the log",
        _trimmed, lag_ms=1500, stream_may_miss=True,
    ),
    Scenario(
        11, "groups destroyed", "the readers begin anew where the read models are",
        _groups_destroyed, lag_ms=2500, stream_may_miss=True,
    ),
    Scenario(
        11, "every Redis connection killed", "nothing is lost or doubled by it",
        _connections_killed, lag_ms=3000, stream_may_miss=True,
    ),
)  # fmt: skip
