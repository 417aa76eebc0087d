"""A comparison is no command: it may take longer than one."""

import asyncio

import asyncpg

from doorbuster import verify
from write_side.database import Pool


async def test_a_comparison_outlives_the_limit_of_a_command(pool: Pool, database_url: str) -> None:
    """Where the machine is busy, or the shop is large; it waits here for somebody to let go of the log."""
    holder = await asyncpg.connect(database_url)
    async with pool.acquire() as conn:
        await conn.execute("SET transaction_timeout = '2s'; SET lock_timeout = 0")
        async with holder.transaction():
            await holder.execute("LOCK TABLE event_log IN ACCESS EXCLUSIVE MODE")
            comparing = asyncio.ensure_future(verify.differences(conn))
            await asyncio.sleep(2.5)
            assert not comparing.done()
        assert await comparing == []
    await holder.close()
