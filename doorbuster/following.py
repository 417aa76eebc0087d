"""Waiting until the read models have followed the log up to some positions."""

import asyncio
import time

import asyncpg

from doorbuster.invariants.sinks import RedisView
from projector.log import open_pool
from projector.model import ReadModel
from projector.read_models.all import READ_MODELS
from projector.redis_sink import connect
from projector.versions import Versions
from write_side.event_log import Positions

# One look into the index for each shard: grouping would read the whole log.
HEADS = """SELECT shard, at FROM log_settings, generate_series(0, shards - 1) AS s (shard),
                LATERAL (SELECT max(position) AS at FROM event_log e WHERE e.shard = s.shard) AS head
           WHERE at IS NOT NULL"""


class Behind(RuntimeError):
    """The read models don't follow the log: documents still show what was before."""


async def kept_up(database_url: str) -> list[ReadModel]:
    """All versions that follow the log, those kept for the way back included."""
    async with await open_pool(database_url, 1, "following") as pool:
        return await Versions(pool).kept_up_of(READ_MODELS)


async def until_followed(database_url: str, redis_url: str, positions: Positions, seconds: float) -> None:
    """Returns once every version has applied these positions (by shard); raises `Behind` after so many seconds."""
    deadline = time.monotonic() + seconds
    async with connect(redis_url) as redis:
        view = RedisView(redis)
        for model in await kept_up(database_url):
            while _lack(await view.checkpoints(model), positions):
                if time.monotonic() > deadline:
                    raise Behind(f"{model.name} does not follow the log: see `doorbuster status` and `parked list`")
                await asyncio.sleep(0.05)


async def until_all_followed(database_url: str, redis_url: str, seconds: float) -> None:
    """As `until_followed`, for all that is in the log by now."""
    conn = await asyncpg.connect(database_url)
    try:
        ends = await heads(conn)
    finally:
        await conn.close()
    await until_followed(database_url, redis_url, ends, seconds)


async def heads(conn: "asyncpg.Connection[asyncpg.Record]") -> dict[int, int]:
    """The last position of each shard that has events."""
    return {row["shard"]: row["at"] for row in await conn.fetch(HEADS)}


def _lack(checkpoints: Positions, positions: Positions) -> bool:
    return any(checkpoints.get(shard, 0) < at for shard, at in positions.items())
