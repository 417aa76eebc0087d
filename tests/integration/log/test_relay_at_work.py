"""What others do in the middle of a step of the relay: nothing is passed over, told twice or taken back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from shared.envelope import STREAM_FIELD, decode, stream_name
from shared.ids import uuid7
from tests.integration.log.test_publishing_rule import append
from write_side import database, event_log
from write_side.relay import Relay, UnsafePostgres, check_conditions
from write_side.schema.migrate import SHARDS

Interrupted = Callable[[], Awaitable[Any]]


class Reading(asyncpg.Connection):
    """A relay's connection: something may happen right after it has read the log."""

    then: Interrupted | None = None

    async def fetch(self, query: str, *arguments: Any, **options: Any) -> Any:
        rows = await super().fetch(query, *arguments, **options)
        if query == event_log.TAIL and self.then is not None:
            then, self.then = self.then, None
            await then()
        return rows


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    async with Redis.from_url(redis_url, protocol=2) as client:
        yield client


@pytest.fixture
async def connect(database_url: str) -> AsyncIterator[Callable[[], Awaitable[Reading]]]:
    """More connections to the log."""
    opened: list[Reading] = []

    async def another() -> Reading:
        settings = {"role": database.ROLE}
        opened.append(await asyncpg.connect(database_url, connection_class=Reading, server_settings=settings))
        return opened[-1]

    yield another
    for conn in opened:
        await conn.close()


async def told(redis: "Redis") -> list[int]:
    """What stands in the streams."""
    streams: list[Any] = [await redis.xrange(stream_name(shard)) for shard in range(SHARDS)]
    return [decode(entry[STREAM_FIELD]).position for entries in streams for _, entry in entries]


async def safe(conn: Reading) -> int:
    return int(await conn.fetchval("SELECT safe_position FROM relay_state"))


async def test_who_commits_right_after_the_log_was_read_is_not_passed_over(
    connect: Callable[[], Awaitable[Reading]], redis: "Redis"
) -> None:
    """Who holds the sequence's lock is asked ahead of the log: the other way round a hole that was filled in between
    looks as if all who could fill it had ended."""
    slow, fast, conn = await connect(), await connect(), await connect()
    transaction = slow.transaction()
    await transaction.start()
    first = await append(slow, uuid7(), 1)
    second = await append(fast, uuid7(), 1)
    relay = await Relay.start(conn, redis)
    await relay.step()  # a hole is seen
    conn.then = transaction.commit
    await relay.step()
    assert relay.safe < first
    await relay.step()
    assert (await told(redis), await safe(conn)) == ([first, second], second)


async def test_a_relay_that_slept_while_another_led_takes_nothing_back(
    connect: Callable[[], Awaitable[Reading]], redis: "Redis"
) -> None:
    writer, slow, fast = await connect(), await connect(), await connect()
    sleeper, leader = await Relay.start(slow, redis), await Relay.start(fast, redis)
    first = await append(writer, uuid7(), 1)

    async def another_leads() -> None:
        await append(writer, uuid7(), 1)
        assert await leader.step() == 2

    slow.then = another_leads
    assert await sleeper.step() == 1
    assert (await told(redis), await safe(slow)) == ([first, first + 1], first + 1)
    await append(writer, uuid7(), 1)
    await sleeper.step()  # what it has not told yet, the others did; behind that it goes on
    assert (await told(redis), await safe(slow)) == ([first, first + 1, first + 2], first + 2)


async def test_a_sequence_that_hands_out_numbers_in_advance_is_refused(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        await check_conditions(owner)
        await owner.execute("ALTER SEQUENCE event_position CACHE 2")
        with pytest.raises(UnsafePostgres, match="CACHE 1"):
            await check_conditions(owner)
    finally:
        await owner.close()
