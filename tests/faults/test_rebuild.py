"""Read models are rebuilt while customers shop: nobody sees a failure, a stale answer or an older state."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from projector.read_models.all import READ_MODELS
from shared.documents.layout import pack
from tests.faults.processes import Lab
from tests.faults.shopping import Customers, Shop
from tests.integration.invariants.test_read_models import differences, filled

pytestmark = pytest.mark.slow


async def rebuilt(lab: Lab, *words: str) -> tuple[int, str]:
    """`doorbuster rebuild …`, as an operator types it: its exit code and what it said."""
    process = await start_rebuild(lab, *words)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def start_rebuild(lab: Lab, *words: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "doorbuster.cli", "rebuild", *words]
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    return await asyncio.create_subprocess_exec(*command, env=os.environ | lab.environment, **pipes)  # type: ignore[arg-type]


async def versions(lab: Lab, state: str) -> dict[str, str]:
    """read model → its version in this state."""
    rows = await lab.conn.fetch("SELECT read_model, version FROM read_model_version WHERE state = $1", state)
    return {row["read_model"]: row["version"] for row in rows}


@asynccontextmanager
async def shopping(lab: Lab) -> AsyncIterator[Customers]:
    """A shop and its customers, at work for as long as the `with` lasts; nothing may go wrong for them."""
    conn = await asyncpg.connect(lab.environment["DATABASE_URL"])
    shop = Shop(conn)
    await shop.open()
    api = lab.start("read_side")
    customers = Customers(f"http://127.0.0.1:{api.port}", shop)
    await customers.ready()
    at_work = [asyncio.create_task(work) for work in (shop.work(), customers.shop())]
    yield customers
    for task in at_work:
        task.cancel()
    ended = await asyncio.gather(*at_work, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
    await customers.close()
    await conn.close()
    assert customers.wrong == []
    assert customers.asked > 100


async def test_every_read_model_is_rebuilt_while_customers_shop(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    async with shopping(search_lab):
        search_lab.redis.set("stock_level:v1:doc: staff:lamp", pack(b'{"on_hand":11}'))
        search_lab.redis.set("stock_level:v1:doc:unicorn", pack(b"{}"))
        code, said = await rebuilt(search_lab, "all")
        assert code == 0, said
        live = await versions(search_lab, "live")
        assert set(live) == {model.name for model in READ_MODELS}
        assert "v1" not in live.values()
    assert await differences(search_lab) == []
