"""The projector, its Redis and its streams are emptied, trimmed and paused under load; afterwards, documents = fold.

The scenarios that kill them are in `test_suite.py`.
"""

import asyncio

import pytest

from shared.envelope import stream_name
from tests.faults.processes import Lab, Ours
from tests.faults.stock_load import Load, settled
from tests.faults.test_rebuild import until
from tests.faults.watcher import SHARDS, Watcher

pytestmark = pytest.mark.slow


async def test_flushall_under_load_is_healed_and_never_a_404(redis_lab: Lab) -> None:
    redis_lab.relay()
    projector = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(40)
    await load.open(conn)
    await load.write(conn, 1500)  # a refill that takes longer than a blink
    await settled(conn, redis)
    with Watcher(redis_lab.valkey.url, load.skus) as watcher:
        writing = asyncio.create_task(load.write_for(conn, 3))
        for _ in range(2):
            await asyncio.sleep(1)
            redis.flushall()
        await writing
        await settled(conn, redis)
        await _until_ready(redis_lab)  # a shard is said to be ready behind its last document
    assert watcher.missing == []
    assert projector.metric("doorbuster_projector_resets_total") >= SHARDS
    await until(lambda: projector.metric("doorbuster_projector_transport_restarts_total") >= 1)


async def test_flushall_of_a_quiet_store_is_noticed_without_an_event(redis_lab: Lab) -> None:
    redis_lab.relay()
    redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(20)
    await load.open(conn)
    await settled(conn, redis)
    await _until_ready(redis_lab)
    redis.flushall()
    await settled(conn, redis)
    await _until_ready(redis_lab)
    assert redis.hgetall("log") == {b"epoch": b"1", b"shards": str(SHARDS).encode()}


async def test_an_owner_that_slept_through_its_takeover_changes_nothing(redis_lab: Lab) -> None:
    redis_lab.relay()
    first = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(40)
    await load.open(conn)
    await settled(conn, redis)
    second = redis_lab.projector()
    writing = asyncio.create_task(load.write_for(conn, 10))
    await asyncio.sleep(1)
    first.pause()  # with batches in its hands
    await until(lambda: second.metric("doorbuster_projector_owner"))
    await asyncio.sleep(1)
    checkpoints = _checkpoints(redis_lab)
    first.resume()
    for _ in range(20):
        await asyncio.sleep(0.05)
        now = _checkpoints(redis_lab)
        assert all(now[shard] >= at for shard, at in checkpoints.items()), "a checkpoint went back"
        checkpoints = now
    await writing
    await settled(conn, redis)
    await until(lambda: _knows_that_it_is(first, owner=False))  # once it runs again, which a busy machine puts off
    await until(lambda: _knows_that_it_is(second, owner=True))


async def test_a_stream_trimmed_of_unread_entries_is_filled_from_the_log(redis_lab: Lab) -> None:
    redis_lab.relay()
    projector = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(40)
    await load.open(conn)
    await settled(conn, redis)
    projector.pause()
    await load.write(conn, 200)
    for shard in range(SHARDS):
        redis.xtrim(stream_name(shard), maxlen=1, approximate=False)
    projector.resume()
    await settled(conn, redis)


async def test_without_any_stream_the_log_alone_is_enough(redis_lab: Lab) -> None:
    redis_lab.relay()
    redis_lab.environment["STREAMS_URL"] = "redis://127.0.0.1:9/0"
    redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(40)
    await load.open(conn)
    await settled(conn, redis)
    await load.write(conn, 200)
    await settled(conn, redis)


def _knows_that_it_is(ours: Ours, *, owner: bool) -> bool:
    """What somebody who is none knew of how far it lags must not stand still."""
    says = ours.shows("doorbuster_projector_owner") and ours.metric("doorbuster_projector_owner") == owner
    return says and ours.shows("doorbuster_projector_lag_positions") == owner


def _checkpoints(lab: Lab) -> dict[int, int]:
    told = lab.redis.hmget("stock_level:v1:shards", [str(shard) for shard in range(SHARDS)])
    return {shard: int(at or 0) for shard, at in enumerate(told)}


async def _ready(lab: Lab) -> bool:
    return all(lab.redis.hget("stock_level:v1:shards", f"ready:{shard}") == b"1" for shard in range(SHARDS))


async def _until_ready(lab: Lab) -> None:
    await until(lambda: _ready(lab))


async def test_documents_of_another_store_are_deleted_not_mixed(redis_lab: Lab) -> None:
    redis_lab.relay()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    redis.hset("stock_level:v1:shards", mapping={"0": 10**9, "ready:0": 1, "store": "1.2.3"})
    redis.set("stock_level:v1:doc:GHOST", b"x")
    redis.set("stock_level:v1:state:SKU-1", b'{"position":1000000000}')
    redis_lab.projector()
    await load.open(conn)
    await load.write(conn, 50)
    await settled(conn, redis)
    assert redis.get("stock_level:v1:doc:GHOST") is None
