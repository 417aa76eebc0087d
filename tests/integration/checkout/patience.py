"""The same shop where nobody gives up waiting: races are played to their end however slow the machine is."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.http.pools import bounded_pool
from tests.integration.checkout.shop import Shop
from write_side.database import LIMITS, Connection, Pool

WAITING = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE NOT l.granted AND a.datname = current_database()"""
_FOR_EVER = {"transaction_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}


@asynccontextmanager
async def patient(shop: Shop) -> AsyncIterator[Shop]:
    """A shop on a pool of its own, without limits of time."""
    limits = LIMITS | _FOR_EVER
    url = shop.settings.database_url
    async with bounded_pool(
        url, name="patient", size=16, connect_seconds=60, command_seconds=120, settings=limits, wait_seconds=60
    ) as pool:
        yield Shop(pool, shop.keyring, shop.providers, shop.settings)


async def meeting(shop: Shop, table: str, calls: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What becomes of calls that all have read what they decide from, or wait for their turn to, before the first of
    them writes into a table."""
    async with shop.pool.acquire() as conn, conn.transaction():
        await conn.execute(f"LOCK TABLE {table} IN SHARE MODE")
        under_way = [asyncio.ensure_future(call) for call in calls]
        await until_waiting(shop.pool, len(calls), under_way)
    return await asyncio.gather(*under_way, return_exceptions=True)


async def until_waiting(asked: Pool | Connection, count: int, calls: Sequence[asyncio.Future[Any]] = ()) -> None:
    """So many wait for a lock in this database; or one of these calls waits for none, and is done."""
    async with asyncio.timeout(60):
        while await asked.fetchval(WAITING) < count and not any(each.done() for each in calls):
            await asyncio.sleep(0.005)


async def all_while_the_stock_is_held(shop: Shop, calls: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What becomes of calls that are all in the middle of placing an order, at its stock, before the first gets on."""
    held = await asyncpg.connect(shop.settings.database_url)
    async with held.transaction():
        await held.execute("SELECT FROM stock_item FOR UPDATE")
        placing = [asyncio.create_task(call) for call in calls]
        await until_waiting(shop.pool, len(placing))
    await held.close()
    return await asyncio.gather(*placing)


async def waits_ahead_of_the_stock(shop: Shop, held: str, call: Coroutine[Any, Any, Any]) -> None:
    """A call that finds the rows of a table held, or what a query holds, waits for it, and holds no stock yet: whoever
    places an order holds that first and the stock then."""
    holder = await asyncpg.connect(shop.settings.database_url)
    holding = holder.transaction()
    await holding.start()
    await holder.execute(held if " " in held else f"SELECT FROM {held} FOR UPDATE")
    waiting = asyncio.ensure_future(call)
    await until_waiting(shop.pool, 1, [waiting])
    try:
        assert not waiting.done(), "it needs none of them"
        await holder.execute("SELECT FROM stock_item FOR UPDATE NOWAIT")
    finally:
        await holding.rollback()
        await holder.close()
        await waiting
