"""Versions of a read model change places: nobody waits for what is pending, nothing old is told after something new."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from doorbuster import rebuilding
from doorbuster.invariants.sinks import Stores
from doorbuster.rebuilding import Workshop
from projector.log import EventLog, LogSettings, Pool, open_pool
from projector.noticeboard import Noticeboard
from projector.pace import LOOK_AGAIN
from projector.parking import Parking
from projector.pipeline import Pipeline
from projector.read_models import stock_level
from projector.rebuild import BuildFailed
from projector.redis_sink import RedisSink
from projector.versions import Versions, of_version
from shared.settings import Settings
from tests.faults.processes import Lab
from tests.faults.stock_load import PATIENCE, Load, key_of, settled
from tests.faults.test_rebuild import until

pytestmark = pytest.mark.slow

OLD = stock_level.MODEL
NEW = of_version(OLD, "v1.99")


@pytest.fixture
async def pool(redis_lab: Lab) -> AsyncIterator[Pool]:
    async with await open_pool(redis_lab.environment["DATABASE_URL"], 4, "test") as opened:
        yield opened


class SlowWire(Redis):
    """A Redis whose first transaction is under way for as long as a test wants."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sending, self.arrives = asyncio.Event(), asyncio.Event()

    def pipeline(self, *arguments: Any, **named: Any) -> Any:
        pipe = super().pipeline(*arguments, **named)
        execute = pipe.execute

        async def slowly(*arguments: Any, **named: Any) -> Any:
            if not self.sending.is_set():
                self.sending.set()
                await self.arrives.wait()
            return await execute(*arguments, **named)

        pipe.execute = slowly  # type: ignore[method-assign]
        return pipe


async def test_what_was_under_way_is_never_told_after_a_swap_or_a_deletion(redis_lab: Lab, pool: Pool) -> None:
    redis = redis_lab.redis
    for change in ("serve", "remove"):
        redis.flushall()
        wire = cast("SlowWire", SlowWire.from_url(redis_lab.valkey.url))
        async with wire:
            board = Noticeboard(wire, LogSettings(1, 4, "here"), Parking(pool), lambda: True)
            board.add(NEW)
            board.lead_to(OLD.name, OLD.version)
            board.progress(NEW, 0, 5, ready=True)
            telling = asyncio.create_task(board.run())
            await wire.sending.wait()
            changing = asyncio.create_task(board.serve(NEW) if change == "serve" else board.remove(NEW))
            await asyncio.wait([changing], timeout=0.2)  # on its own connection it would be done by now
            telling_on = asyncio.create_task(_until_told(redis))
            wire.arrives.set()
            await asyncio.gather(changing, telling_on)
            telling.cancel()
            await asyncio.wait([telling])
        if change == "serve":
            assert redis.hget("live", OLD.name) == NEW.version.encode()
        else:
            assert redis.exists(f"{NEW.slot}:shards") == 0


async def _until_told(redis: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not redis.exists("log"):
            await asyncio.sleep(0.01)


async def test_a_takeover_waits_for_no_deletion(redis_lab: Lab) -> None:
    redis_lab.relay()
    conn, load = redis_lab.conn, Load(5)
    await load.open(conn)
    query = "INSERT INTO read_model_version (read_model, version, state) VALUES ($1, $2, 'retired')"
    first = redis_lab.projector()
    await settled(conn, redis_lab.redis)
    first.kill()
    await conn.execute(query, NEW.name, NEW.version)
    async with conn.transaction():
        await conn.execute("SELECT FROM read_model_version WHERE version = $1 FOR UPDATE", NEW.version)
        redis_lab.redis.delete(*redis_lab.redis.keys(f"{OLD.slot}:*"))
        second = redis_lab.projector()
        await until(lambda: second.shows("process_start_time_seconds"))  # a busy machine takes long to start it
        async with asyncio.timeout(9):  # less than a statement may take, and so than the deletion waits for the row
            while not redis_lab.redis.exists(f"{OLD.slot}:shards"):
                await asyncio.sleep(0.05)


async def test_a_followers_key_is_healed_while_its_leader_stands_still(redis_lab: Lab, pool: Pool) -> None:
    redis_lab.relay()
    load = Load(1)
    await load.open(redis_lab.conn)
    shard = await redis_lab.conn.fetchval("SELECT shard FROM event_log WHERE partition_key = $1", key_of("SKU-0"))
    log, parking = EventLog(pool), Parking(pool)
    settings = await log.settings()
    async with Redis.from_url(redis_lab.valkey.url) as redis:
        sink = RedisSink(redis, settings.store)

        async def no_keys(_persons: Any) -> dict[Any, Any]:
            return {}

        leader, follower = (
            Pipeline(model, shard, sink, log, parking, no_keys, asyncio.Semaphore(1)) for model in (OLD, NEW)
        )
        follower.leader = leader
        at_work = asyncio.create_task(follower.run())
        await follower.opened.wait()
        async with asyncio.timeout(PATIENCE):
            while not (heads := await log.heads(settings.shards))[shard]:
                await asyncio.sleep(0.05)
            follower.offer([await log.slice(shard, 0, heads[shard], OLD.contexts, 100)])
            await follower.moves(LOOK_AGAIN)  # it does not: it has them in its hands, or has put them back
            await follower.heal(key_of("SKU-0"))
        assert follower.at == 0
        at_work.cancel()
        await asyncio.wait([at_work])
        await sink.close()


async def workshop_of(lab: Lab, pool: Pool, redis: "Redis") -> Workshop:
    stores = Stores.of(lab.environment)
    return Workshop(Settings.read(lab.environment), stores, pool, Versions(pool), redis, lambda _: None)


async def test_a_rollback_that_nobody_carries_out_leaves_all_as_it_was(
    redis_lab: Lab, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PATIENCE", 0.2)
    conn, state = redis_lab.conn, "SELECT state FROM read_model_version WHERE version = $1"
    insert = "INSERT INTO read_model_version (read_model, version, state, served_at) VALUES ($1, $2, $3, now())"
    await conn.execute(insert, OLD.name, OLD.version, "live")
    await conn.execute(insert, NEW.name, NEW.version, "kept")
    async with Redis.from_url(redis_lab.valkey.url) as redis:
        shop = await workshop_of(redis_lab, pool, redis)
        with pytest.raises(BuildFailed, match="did not swap"):
            await rebuilding.roll_back(shop, [OLD])
        assert await conn.fetchval(state, NEW.version) == "kept"
        await conn.execute("UPDATE read_model_version SET state = 'next' WHERE version = $1", NEW.version)  # a kill
        with pytest.raises(BuildFailed, match="did not delete"):
            await rebuilding.clean_up(shop, [OLD])
        assert await conn.fetchval(state, NEW.version) == "retired"
        assert await conn.fetchval(state, OLD.version) == "live"
