"""What a connection that comes back to the pool takes along."""

import asyncio
from typing import Any

from tests.fixtures.write_side import OF_THE_SHOP
from write_side.database import LIMITS, open_pool


async def test_a_transaction_that_was_left_open_is_rolled_back_before_the_next_one_gets_the_connection(
    database_url: str,
) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with open_pool(database_url, 1, "test") as pool:
        async with pool.acquire() as conn:
            await conn.execute("BEGIN")
            await conn.execute("CREATE TEMPORARY TABLE left_open (n integer)")
        async with pool.acquire() as conn:
            assert not conn.is_in_transaction()
            assert await conn.fetchval("SELECT to_regclass('left_open')") is None
    assert len(complaints) == 1


async def test_the_limits_of_the_role_hold_for_everybody_who_gets_the_connection(database_url: str) -> None:
    assert OF_THE_SHOP["transaction_timeout"] == "2s", "tests have more time"
    async with open_pool(database_url, 1, "test") as pool:
        for _ in range(2):
            async with pool.acquire() as conn:
                assert await conn.fetchval("SHOW transaction_timeout") == LIMITS["transaction_timeout"]
                assert await conn.fetchval("SELECT current_user") == "doorbuster_app"
