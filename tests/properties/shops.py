"""A shop for a state machine: Hypothesis is synchronous, so the test has a loop of its own, and the pool with it."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from doorbuster import verify
from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.checkout.opening import open_shop
from tests.integration.checkout.shop import Shop
from write_side import database


@contextmanager
def a_shop(runner: asyncio.Runner, database_url: str, keyring_url: str) -> Iterator[Shop]:
    """An open shop without Stripe. Afterwards all rows must equal the fold of the log."""
    stack = AsyncExitStack()
    named = {"DATABASE_URL": database_url, "KEYRING_URL": keyring_url}
    shop = runner.run(_opened(stack, Settings.read(NOWHERE | named)))
    try:
        yield shop
        assert runner.run(_differences(shop)) == []
    finally:
        runner.run(stack.aclose())


async def _opened(stack: AsyncExitStack, settings: Settings) -> Shop:
    pool = await stack.enter_async_context(database.open_pool(settings.database_url, 4, "properties"))
    return await stack.enter_async_context(open_shop(pool, settings))


async def _differences(shop: Shop) -> list[str]:
    async with shop.pool.acquire() as conn:
        await conn.execute("SET transaction_timeout = 0")
        return [str(difference) for difference in await verify.differences(conn)]
