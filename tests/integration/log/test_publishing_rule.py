"""The relay reads the log so that nothing is lost and no aggregate's events change places, whoever commits when."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.envelope import Metadata
from shared.events.access import TokenRevoked
from shared.ids import uuid7
from tests.integration.log.readers import AfterLast, BelowXmin, SequenceLockFence
from write_side import database, event_log
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent

CAUSE = Metadata("test", "test")
WRITERS = 48
AGGREGATES = 12
SECONDS = 4.0


async def append(conn: Connection, aggregate: UUID, version: int) -> int:
    event = TokenRevoked(aggregate, "a test")
    return max((await event_log.append(conn, [NewEvent("test", aggregate, version, "test", event)], CAUSE)).values())


async def polled(reader: Any, url: str, times: int = 3) -> list[int]:
    conn = await asyncpg.connect(url)
    try:
        return [position for _ in range(times) for position in await reader.poll(conn)]
    finally:
        await conn.close()


async def polled_until(count: int, reader: Any, url: str) -> list[int]:
    """Polls until so many were seen: transactions in other databases of the server hold a rule by xmin back."""
    seen: list[int] = []
    async with asyncio.timeout(30):
        while len(seen) < count:
            seen += await polled(reader, url, times=1)
    return seen


async def late_commit(reader: Any, url: str) -> list[int]:
    """One transaction draws number 1 and holds it while another draws and commits number 2; then the first commits."""
    slow, fast = await asyncpg.connect(url), await asyncpg.connect(url)
    transaction = slow.transaction()
    await transaction.start()
    await append(slow, uuid7(), 1)
    async with fast.transaction():
        await append(fast, uuid7(), 1)
    seen = await polled(reader, url)
    await transaction.commit()
    seen += await polled(reader, url)
    await asyncio.gather(slow.close(), fast.close())
    return seen


async def inverted_transaction_ids(reader: Any, url: str) -> list[int]:
    """A checkout begins (and gets its xid by an earlier write), waits for a stock row, and only then appends version 2;
    the transaction it waited for began later and appended version 1."""
    aggregate = uuid7()
    early, late = await asyncpg.connect(url), await asyncpg.connect(url)
    waiting, blocking = early.transaction(), late.transaction()
    await waiting.start()
    await early.execute("SELECT pg_current_xact_id()")
    await blocking.start()
    await append(late, aggregate, 1)
    await blocking.commit()
    await append(early, aggregate, 2)
    await waiting.commit()
    seen = await polled_until(2, reader, url)
    await asyncio.gather(early.close(), late.close())
    return seen


@pytest.mark.parametrize("situation", [late_commit, inverted_transaction_ids])
async def test_the_fence_publishes_both_events_in_order(
    database_url: str, situation: Callable[[Any, str], Any]
) -> None:
    assert await situation(SequenceLockFence(), database_url) == [1, 2]


async def test_after_last_loses_the_late_commit(database_url: str) -> None:
    assert await late_commit(AfterLast(), database_url) == [2], "if this rule were right, ours would be needless"


async def test_below_xmin_puts_version_two_before_version_one(database_url: str) -> None:
    assert await inverted_transaction_ids(BelowXmin(), database_url) == [2, 1]


async def test_a_rolled_back_number_is_passed_over(database_url: str, pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with pool.acquire() as conn, conn.transaction():
            await append(conn, uuid7(), 1)
            raise ZeroDivisionError
    async with pool.acquire() as conn, conn.transaction():
        await append(conn, uuid7(), 1)
    assert await polled(SequenceLockFence(), database_url) == [2]


async def test_a_savepoint_rolled_back_keeps_its_number_until_the_transaction_ends(database_url: str) -> None:
    reader, conn = SequenceLockFence(), await asyncpg.connect(database_url)
    outer = conn.transaction()
    await outer.start()
    with pytest.raises(ZeroDivisionError):
        async with conn.transaction():
            await append(conn, uuid7(), 1)
            raise ZeroDivisionError
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await append(other, uuid7(), 1)
    assert await polled(reader, database_url) == [], "the lock outlives the savepoint: number 1 can't be judged yet"
    await outer.rollback()
    assert await polled(reader, database_url) == [2]
    await asyncio.gather(conn.close(), other.close())


class Writers:
    """48 writers on a few aggregates: each locks its aggregate, appends, dawdles, and one in seven rolls back."""

    def __init__(self) -> None:
        self.committed: dict[int, tuple[UUID, int]] = {}
        self._heads = {uuid7(): 0 for _ in range(AGGREGATES)}
        self._locks = {aggregate: asyncio.Lock() for aggregate in self._heads}
        self._dice = random.Random(7)

    async def write(self, pool: Pool, until: float) -> None:
        while time.monotonic() < until:
            aggregate = self._dice.choice(list(self._heads))
            async with pool.acquire() as conn:
                transaction = conn.transaction()
                await transaction.start()
                await conn.execute("SELECT pg_current_xact_id()")  # as the idempotency row of a checkout does
                await asyncio.sleep(self._dice.random() * 0.010)
                async with self._locks[aggregate]:  # the aggregate's row lock
                    version = self._heads[aggregate] + 1
                    position = await append(conn, aggregate, version)
                    await asyncio.sleep(self._dice.random() * 0.004)
                    if self._dice.random() < 0.15:
                        await transaction.rollback()
                        continue
                    await transaction.commit()
                    self._heads[aggregate] = version
                    self.committed[position] = (aggregate, version)


async def test_48_writers_beside_a_long_transaction_lose_nothing_and_reorder_nothing(database_url: str) -> None:
    writers, reader, seen = Writers(), SequenceLockFence(), []
    async with database.open_pool(database_url, WRITERS, "writers") as pool:
        long = await asyncpg.connect(database_url)
        unrelated = long.transaction()
        await unrelated.start()
        await long.execute("SELECT pg_current_xact_id()")
        until = time.monotonic() + SECONDS
        tasks = [asyncio.create_task(writers.write(pool, until)) for _ in range(WRITERS)]
        conn = await asyncpg.connect(database_url)
        while time.monotonic() < until - SECONDS / 4:
            seen += await reader.poll(conn)
            await asyncio.sleep(0.01)
        before_it_ended = len(seen)
        await asyncio.gather(*tasks)
        await unrelated.rollback()
        for _ in range(5):
            seen += await reader.poll(conn)
        await asyncio.gather(long.close(), conn.close())
    assert before_it_ended > 100, "an unrelated transaction of three seconds holds nothing up"
    assert seen == sorted(writers.committed), "nothing lost, nothing twice, in the order of the log"
    versions = defaultdict(list)
    for position in seen:
        aggregate, version = writers.committed[position]
        versions[aggregate].append(version)
    assert all(found == sorted(found) for found in versions.values())
