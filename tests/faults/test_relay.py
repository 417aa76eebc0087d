"""The relay killed, stopped and woken, its Redis emptied and killed, under load: the streams stay in order.

The oracle is the log itself, shard by shard, compared with the exact entries of each stream.
"""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from shared import envelope
from tests.faults.lab import Lab, lab_in
from tests.faults.stock_load import Load

pytestmark = pytest.mark.slow


def entries(redis: "Redis", shard: int) -> list[envelope.Recorded]:
    found: Any = redis.xrange(envelope.stream_name(shard))
    return [envelope.decode(fields[b"e"]) for _, fields in found]


async def logged(conn: Any, shard: int) -> list[int]:
    rows = await conn.fetch("SELECT position FROM event_log WHERE shard = $1 ORDER BY position", shard)
    return [row["position"] for row in rows]


async def until(what: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.02)


def tails(redis: "Redis") -> list[int]:
    """The last position of each stream."""
    found = []
    for shard in range(4):
        last: Any = redis.xrevrange(envelope.stream_name(shard), count=1)
        found.append(int(last[0][0].split(b"-")[0]) if last else 0)
    return found


async def leader_of(conn: Any) -> int:
    """The pid of the process that holds the relay's lease."""
    async with asyncio.timeout(20):
        while True:
            pid = await conn.fetchval(
                """SELECT a.client_port FROM lease l JOIN pg_stat_activity a ON a.pid = l.backend_pid
                   WHERE l.name = 'relay' AND l.expires_at > clock_timestamp()"""
            )
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.05)


async def assert_streams_are_the_log(lab: Lab, conn: Any) -> None:
    with lab.redis() as redis:
        heads = [max(await logged(conn, shard), default=0) for shard in range(4)]
        await until(lambda: tails(redis) == heads)
        for shard in range(4):
            found = entries(redis, shard)
            assert [e.position for e in found] == await logged(conn, shard)
            assert [e.previous for e in found] == [0, *(e.position for e in found[:-1])]


async def test_a_killed_relay_is_replaced_and_the_streams_hold_every_event_once(tmp_path: Path) -> None:
    with lab_in(tmp_path) as lab:
        await lab.start_stores()
        workers = [lab.python("write_side", "worker") for _ in range(2)]
        conn, writer = await lab.connect(), await lab.connect()
        load = Load(20)
        await load.open(writer)
        await leader_of(conn)
        writing = asyncio.create_task(load.write_for(writer, 6))
        for worker in workers:
            await asyncio.sleep(1.5)
            worker.kill()
            lab.python("write_side", "worker")
        await writing
        await assert_streams_are_the_log(lab, conn)
        await asyncio.gather(conn.close(), writer.close())


async def test_a_stopped_leader_that_wakes_up_after_its_takeover_changes_nothing(tmp_path: Path) -> None:
    with lab_in(tmp_path) as lab:
        await lab.start_stores()
        first = lab.python("write_side", "worker")
        conn, writer = await lab.connect(), await lab.connect()
        load = Load(20)
        await load.open(writer)
        before = await leader_of(conn)
        lab.python("write_side", "worker")
        writing = asyncio.create_task(load.write_for(writer, 6))
        await asyncio.sleep(1)
        first.send(signal.SIGSTOP)
        async with asyncio.timeout(10):
            while await leader_of(conn) == before:
                await asyncio.sleep(0.05)
        epoch = await conn.fetchval("SELECT epoch FROM lease WHERE name = 'relay'")
        await asyncio.sleep(1)
        first.send(signal.SIGCONT)
        await writing
        await assert_streams_are_the_log(lab, conn)
        assert epoch == await conn.fetchval("SELECT epoch FROM lease WHERE name = 'relay'"), "it did not take it back"
        await asyncio.gather(conn.close(), writer.close())


async def test_an_emptied_or_killed_redis_stops_neither_the_relay_nor_the_safe_position(tmp_path: Path) -> None:
    with lab_in(tmp_path) as lab:
        await lab.start_stores()
        lab.python("write_side", "worker")
        conn, writer = await lab.connect(), await lab.connect()
        load = Load(20)
        await load.open(writer)
        await leader_of(conn)
        writing = asyncio.create_task(load.write_for(writer, 5))
        await asyncio.sleep(1)
        with lab.redis() as redis:
            redis.flushall()
        await asyncio.sleep(1)
        assert lab.valkey_process is not None
        lab.valkey_process.kill()
        await asyncio.sleep(0.5)
        down_at = await conn.fetchval("SELECT safe_position FROM relay_state")
        await asyncio.sleep(1)
        assert await conn.fetchval("SELECT safe_position FROM relay_state") > down_at, "the log goes on without Redis"
        lab.start_valkey()
        await writing
        await assert_chained_as_the_log(lab, conn)
        await asyncio.gather(conn.close(), writer.close())


async def assert_chained_as_the_log(lab: Lab, conn: Any) -> None:
    """After a loss the streams may have holes, but each entry tells the true position before it, up to the end."""
    with lab.redis() as redis:
        for shard in range(4):
            positions = await logged(conn, shard)
            before = dict(zip(positions, [0, *positions[:-1]], strict=True))

            def ended(shard: int = shard, head: int = max(positions)) -> bool:
                try:
                    return tails(redis)[shard] == head
                except (RedisError, OSError):
                    return False

            await until(ended)
            found = entries(redis, shard)
            assert all(e.previous == before[e.position] for e in found)
            assert [e.position for e in found] == sorted({e.position for e in found})


async def test_a_relay_that_starts_while_redis_hangs_leads_all_the_same(tmp_path: Path) -> None:
    with lab_in(tmp_path) as lab:
        await lab.start_stores()
        assert lab.valkey_process is not None
        lab.valkey_process.send(signal.SIGSTOP)
        lab.python("write_side", "worker")
        conn, writer = await lab.connect(), await lab.connect()
        load = Load(20)
        await load.open(writer)
        head = await conn.fetchval("SELECT max(position) FROM event_log")
        async with asyncio.timeout(15):
            while await conn.fetchval("SELECT safe_position FROM relay_state") < head:
                await asyncio.sleep(0.05)
        lab.valkey_process.send(signal.SIGCONT)
        await load.write_for(writer, 4)  # beyond the second for which the relay leaves a broken Redis alone
        await assert_chained_as_the_log(lab, conn)
        await asyncio.gather(conn.close(), writer.close())
