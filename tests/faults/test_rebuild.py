"""Read models are rebuilt while customers shop: nobody sees a failure, a stale answer or an older state."""

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from projector.read_models.all import READ_MODELS
from shared.documents.layout import pack
from tests.faults.processes import Lab
from tests.faults.search_view import SearchView
from tests.faults.shopping import Customers, Shop
from tests.faults.stock_load import PATIENCE, append_raw
from tests.integration.invariants.test_read_models import differences, filled

pytestmark = pytest.mark.slow

FIRST = {model.name: model.version for model in READ_MODELS}  # what a new store serves


@pytest.fixture
async def view(search_lab: Lab) -> AsyncIterator[SearchView]:
    shown = SearchView(search_lab.environment["ELASTICSEARCH_URL"], search_lab.environment["INDEX_PREFIX"])
    yield shown
    await shown.close()


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
    assert customers.late < customers.asked / 50


async def until(asked: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Waits for something true, and gives it."""
    async with asyncio.timeout(seconds):
        while True:
            found = asked()
            found = await found if inspect.isawaitable(found) else found
            if found:
                return found
            await asyncio.sleep(0.02)


async def until_building(lab: Lab, model: str) -> str:
    """The version that a rebuild has begun."""
    return str(await until(lambda: versions_of(lab, "building", model)))


async def versions_of(lab: Lab, state: str, model: str) -> str | None:
    return (await versions(lab, state)).get(model)


def lies_anywhere(lab: Lab, slot: str) -> list[bytes]:
    """Keys of a version."""
    return list(lab.redis.scan_iter(f"{slot}:*", count=1000))


async def test_every_read_model_is_rebuilt_while_customers_shop(search_lab: Lab, view: SearchView) -> None:
    await filled(search_lab)
    search_lab.projector()
    redis, planted = search_lab.redis, pack(b'{"on_hand":11}')
    async with shopping(search_lab):
        redis.set("stock_level:v1:doc: staff:lamp", planted)
        redis.set("stock_level:v1:doc:unicorn", planted)
        code, said = await rebuilt(search_lab, "all")
        assert code == 0, said
        live = await versions(search_lab, "live")
        assert live.keys() == FIRST.keys()
        assert not live.items() & FIRST.items()
        assert redis.get(f"stock_level:{live['stock_level']}:doc: staff:lamp") not in (None, planted)
        served = live["product_page"]
        names = ("product_page", served, FIRST["product_page"])
        follows = [await asyncio.to_thread(leads, redis, *names) for _ in range(150)]
        assert all(follows), "what is kept for the way back is never ahead of what is served"
        code, said = await rebuilt(search_lab, "all", "--rollback")
        assert code == 0, said
        assert await versions(search_lab, "live") == FIRST
        code, said = await rebuilt(search_lab, "all", "--rollback")
        assert code == 0, said
        assert await versions(search_lab, "live") == live
        code, said = await rebuilt(search_lab, "all", "--clean-up")
        assert code == 0, said
    assert await differences(search_lab) == []
    assert await versions(search_lab, "kept") == {}
    for model in ("stock_level", "products"):
        assert lies_anywhere(search_lab, f"{model}:{FIRST[model]}") == []
    searched = ("stock", "transfers", "products", "orders", "invoices", "gift_cards")
    assert await view.indices() == {f"{model}-{live[model]}" for model in searched}


def leads(redis: Any, model: str, served: str, kept: str) -> bool:
    """Whether the served version is as far as the kept one on every shard, at one moment."""
    with redis.pipeline(transaction=True) as pipe:
        pipe.hgetall(f"{model}:{served}:shards")
        pipe.hgetall(f"{model}:{kept}:shards")
        ahead, behind = pipe.execute()
    return all(int(ahead[field]) >= int(behind[field]) for field in ahead if field.isdigit() and field in behind)


async def test_what_differs_from_the_log_is_never_served_and_what_was_broken_off_goes(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    await until(lambda: search_lab.redis.exists("stock_level:v1:doc:lamp"))
    process = await start_rebuild(search_lab, "stock_level", "category_tree")
    version = await until_building(search_lab, "stock_level")
    search_lab.redis.set(f"stock_level:{version}:doc:unicorn", b"x")
    process.kill()
    await process.wait()
    assert await versions(search_lab, "live") == FIRST
    assert await differences(search_lab) == []

    process = await start_rebuild(search_lab, "stock_level")
    again = await until(lambda: another(search_lab, "stock_level", version))
    await until(lambda: begun(search_lab, f"stock_level:{again}"))
    search_lab.redis.set(f"stock_level:{again}:doc:unicorn", b"x")
    said, _ = await process.communicate()
    assert process.returncode == 1, said
    assert b"unicorn" in said
    assert await versions(search_lab, "live") == FIRST
    await until(lambda: nothing_coming(search_lab))
    for gone in (version, again):
        assert lies_anywhere(search_lab, f"stock_level:{gone}") == []
    assert search_lab.redis.hget("live", "stock_level") == b"v1"


def begun(lab: Lab, slot: str) -> bool:
    """Whether what lay under these names is deleted, and the version filled since then."""
    return bool(lab.redis.exists(f"{slot}:filling:0") or lab.redis.hexists(f"{slot}:shards", "0"))


async def another(lab: Lab, model: str, than: str) -> str | None:
    found = await versions_of(lab, "building", model)
    return found if found != than else None


async def nothing_coming(lab: Lab) -> bool:
    return not await lab.conn.fetchval("SELECT count(*) FROM read_model_version WHERE state NOT IN ('live', 'kept')")


async def test_both_stores_may_be_emptied_before_and_a_parked_key_stays_parked(
    search_lab: Lab, view: SearchView
) -> None:
    await filled(search_lab)
    search_lab.projector()
    await append_raw(search_lab.conn, "SKU-1", "inventory.never_heard_of.v1", b"{}")
    parked = "SELECT count(*) FROM parked_key WHERE read_model = 'stock_level' AND version = $1"
    await until(lambda: search_lab.conn.fetchval(parked, "v1"))
    search_lab.redis.flushall()
    for index in await view.indices():
        await view.delete(index)
    code, said = await rebuilt(search_lab, "all")
    assert code == 0, said
    live = await versions(search_lab, "live")
    assert not live.items() & FIRST.items()
    assert await search_lab.conn.fetchval(parked, live["stock_level"]) == 1
    assert search_lab.redis.scard(f"stock_level:{live['stock_level']}:parked") == 1
    assert search_lab.redis.exists(f"stock_level:{live['stock_level']}:doc:lamp")


async def test_a_key_that_only_the_new_version_parks_prevents_the_swap(search_lab: Lab) -> None:
    await filled(search_lab)
    search_lab.projector()
    await append_raw(search_lab.conn, "SKU-1", "inventory.never_heard_of.v1", b"{}")
    await until(lambda: search_lab.conn.fetchval("SELECT count(*) FROM parked_key WHERE read_model = 'stock_level'"))
    await search_lab.conn.execute("DELETE FROM parked_key")  # as if the code of yesterday had understood it
    code, said = await rebuilt(search_lab, "stock_level")
    assert code == 1
    assert "1 keys are parked that are not so now" in said
    assert (await versions(search_lab, "live"))["stock_level"] == "v1"
