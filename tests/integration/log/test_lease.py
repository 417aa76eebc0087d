"""One owner at a time: by the clock of the database, and by its connection."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from shared.ids import uuid7
from write_side.database import Connection

ACQUIRE = "SELECT lease_acquire('relay', $1, interval '1 hour')"
RENEW = "SELECT lease_renew('relay', $1, $2, interval '1 hour')"


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[tuple[Connection, Connection]]:
    """Connections of two that want to own the same."""
    found = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    yield found
    for conn in found:
        await conn.close()


async def expire(conn: Connection) -> None:
    """As if its time were over."""
    await conn.execute("UPDATE lease SET expires_at = clock_timestamp() - interval '1 microsecond'")


async def acquired(conn: Connection, owner: UUID) -> int | None:
    epoch: int | None = await conn.fetchval(ACQUIRE, owner)
    return epoch


async def test_a_lease_is_one_owners_until_its_time_is_over(two: tuple[Connection, Connection]) -> None:
    (one, other), first, second = two, uuid7(), uuid7()
    assert await acquired(one, first) == 1
    assert await acquired(other, second) is None
    assert await one.fetchval(RENEW, first, 1)
    await expire(one)
    assert not await one.fetchval(RENEW, first, 1), "somebody may have it by now"
    assert await acquired(other, second) == 2
    assert not await one.fetchval(RENEW, first, 1)
    assert await acquired(one, first) is None


async def test_a_lease_is_free_at_once_when_its_owners_connection_is_gone(two: tuple[Connection, Connection]) -> None:
    one, other = two
    pid = one.get_server_pid()
    assert await acquired(one, uuid7()) == 1
    await other.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
    assert await acquired(other, uuid7()) == 2


async def test_an_owner_that_slept_ends_nobodys_lease_but_its_own(two: tuple[Connection, Connection]) -> None:
    (one, other), first, second = two, uuid7(), uuid7()
    await acquired(one, first)
    await expire(one)
    await acquired(other, second)
    await one.execute("SELECT lease_release('relay', $1, 1)", first)
    assert await acquired(one, first) is None
