"""SIGTERM to the projector and to the query API under load: an orderly end, and nobody notices afterwards."""

import asyncio
import signal
import time
from contextlib import suppress

import httpx
import pytest

from shared.stopping import END_WITHIN
from tests.faults.processes import Lab, Ours
from tests.faults.stock_load import PATIENCE, Load, settled
from tests.faults.watcher import Watcher

pytestmark = pytest.mark.slow


async def ended(ours: Ours) -> int:
    began = time.monotonic()
    while (code := ours.process.poll()) is None:
        assert time.monotonic() - began < END_WITHIN + 1
        await asyncio.sleep(0.01)
    return code


async def test_a_projector_that_is_stopped_hands_over_and_loses_nothing(redis_lab: Lab) -> None:
    redis_lab.relay()
    projectors = [redis_lab.projector()]
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(40)
    await load.open(conn)
    await settled(conn, redis)
    with Watcher(redis_lab.valkey.url, load.skus) as watcher:
        writing = asyncio.create_task(load.write_for(conn, 4))
        for _ in range(2):
            projectors.append(redis_lab.projector())  # stands by
            while not projectors[-1].metric("process_start_time_seconds"):
                await asyncio.sleep(0.02)
            projectors[-2].process.send_signal(signal.SIGTERM)
            assert await ended(projectors[-2]) == 0
        await writing
        await settled(conn, redis)
    assert watcher.missing == []


async def until_it_serves(ours: Ours) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"http://127.0.0.1:{ours.port}/health/live")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def until_it_takes_nobody(ours: Ours) -> None:
    async with asyncio.timeout(PATIENCE):  # who holds a connection may be answered until the server lets go of it
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", ours.port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.01)


async def test_a_query_under_way_gets_its_whole_answer_when_the_api_is_stopped(redis_lab: Lab) -> None:
    api = redis_lab.start("read_side")
    await until_it_serves(api)
    redis_lab.valkey.pause()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=10) as client:
        asking = [asyncio.create_task(client.get("/health/ready")) for _ in range(4)]
        await client.get("/health/live")  # came after them: they are under way, and Redis holds them up for a second
        assert not any(asked.done() for asked in asking)
        api.process.send_signal(signal.SIGTERM)
        await until_it_takes_nobody(api)
        redis_lab.valkey.resume()
        answers = await asyncio.gather(*asking)
        assert all(answer.json() for answer in answers)
    assert await ended(api) == 0
