"""A migration that can't have a table lets those through who can, and comes again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from write_side.schema import migrate as migrating
from write_side.schema.migrate import MigrationFailed, migrate

HELD = 4.0  # seconds
INDEX = "customer_order_by_counted_as"
LAST = "0097b"  # makes that index, for which nobody may write orders meanwhile


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "_WAIT_MS", 300)
    monkeypatch.setattr(migrating, "_PAUSE", 0.3)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    conn = await asyncpg.connect(url)
    try:
        yield conn
    finally:
        await conn.close()


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[None]:
    """Somebody whose transaction has written orders, and goes on for long."""
    async with connected(url) as conn, conn.transaction():
        await conn.execute("LOCK TABLE customer_order IN ROW EXCLUSIVE MODE")
        yield


async def undo(url: str) -> None:
    """As it was before the last migration that concerns orders."""
    async with connected(url) as conn:
        await conn.execute(f"DROP INDEX {INDEX}")
        await conn.execute("DELETE FROM migration WHERE name = $1", LAST)


async def is_done(url: str) -> bool:
    async with connected(url) as conn:
        return bool(await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", INDEX))


async def longest_wait(url: str, until: "asyncio.Task[None]") -> float:
    """Of those who write orders while a migration is at it."""
    longest = 0.0
    async with connected(url) as conn:
        while not until.done():
            began = time.monotonic()
            async with conn.transaction():
                await conn.execute("LOCK TABLE customer_order IN ROW EXCLUSIVE MODE")
            longest = max(longest, time.monotonic() - began)
            await asyncio.sleep(0.02)
    return longest


async def test_who_writes_orders_does_not_wait_for_a_migration_that_waits(database_url: str, keyring_url: str) -> None:
    await undo(database_url)
    async with writing(database_url):
        task = asyncio.create_task(migrate(database_url, keyring_url))
        others = asyncio.create_task(longest_wait(database_url, task))
        await asyncio.sleep(HELD)
        assert not task.done()
    await task
    assert await others < HELD / 2
    assert await is_done(database_url)


async def test_a_migration_that_never_gets_its_table_says_so_and_can_be_run_again(
    database_url: str, keyring_url: str
) -> None:
    await undo(database_url)
    async with writing(database_url):
        with pytest.raises(MigrationFailed, match=f"{LAST}.*somebody holds its tables"):
            await migrate(database_url, keyring_url, patience=0.5)
    assert not await is_done(database_url)
    await migrate(database_url, keyring_url)
    assert await is_done(database_url)
