"""The same shop where nobody gives up waiting: races are played to their end however slow the machine is."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.http.pools import bounded_pool
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_racing import WAITING
from write_side.database import LIMITS

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
        while await shop.pool.fetchval(WAITING) < len(calls) and not any(each.done() for each in under_way):
            await asyncio.sleep(0.01)
    return await asyncio.gather(*under_way, return_exceptions=True)


async def until_waiting(shop: Shop, count: int) -> None:
    """So many calls wait for a lock."""
    async with asyncio.timeout(20):
        while await shop.pool.fetchval(WAITING) < count:
            await asyncio.sleep(0.005)


async def all_while_the_stock_is_held(shop: Shop, calls: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What becomes of calls that are all in the middle of placing an order, at its stock, before the first gets on."""
    held = await asyncpg.connect(shop.settings.database_url)
    async with held.transaction():
        await held.execute("SELECT FROM stock_item FOR UPDATE")
        placing = [asyncio.create_task(call) for call in calls]
        await until_waiting(shop, len(placing))
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
    while await shop.pool.fetchval(WAITING) < 1 and not waiting.done():
        await asyncio.sleep(0.01)
    try:
        assert not waiting.done(), "it needs none of them"
        await holder.execute("SELECT FROM stock_item FOR UPDATE NOWAIT")
    finally:
        await holding.rollback()
        await holder.close()
        await waiting
