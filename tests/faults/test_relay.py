"""A relay that begins while its Redis hangs. Relays killed, stopped and woken are in `test_suite.py`."""

import asyncio

import pytest

from tests.faults.processes import Lab
from tests.faults.stock_load import PATIENCE, Load, settled

pytestmark = pytest.mark.slow


async def test_a_relay_that_starts_while_redis_hangs_leads_all_the_same(redis_lab: Lab) -> None:
    conn, load = redis_lab.conn, Load(20)
    redis_lab.valkey.pause()
    try:
        redis_lab.relay()
        await load.open(conn)
        head = await conn.fetchval("SELECT max(position) FROM event_log")
        async with asyncio.timeout(PATIENCE):
            while await conn.fetchval("SELECT safe_position FROM relay_state") < head:
                await asyncio.sleep(0.05)
    finally:
        redis_lab.valkey.resume()
    redis_lab.projector()
    await load.write_for(conn, 2)  # beyond the second for which the relay leaves a broken Redis alone
    await settled(conn, redis_lab.redis)
