"""Elasticsearch's documents equal the fold of the log, whatever happens to the projector, to an index, or to Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from msgspec import Struct

from shared.events.catalog import ProductCreated
from shared.events.inventory import StockAdjusted, StockItemOpened
from shared.shards import product_key, shard_of
from tests.faults.processes import Lab
from tests.faults.search_view import SearchView
from tests.faults.stock_load import CAUSE, PATIENCE, Connection, Load, append_raw, settled
from tests.faults.test_rebuild import until
from tests.fixtures.slots import INDEX_OF, SLOTS
from tests.unit.projector.events import facts
from write_side import event_log
from write_side.event_log import NewEvent

LAMP = UUID("01900000-0000-7000-8000-0000000000aa")

pytestmark = pytest.mark.slow


@pytest.fixture
async def view(search_lab: Lab) -> AsyncIterator[SearchView]:
    shown = SearchView(search_lab.environment["ELASTICSEARCH_URL"], search_lab.environment["INDEX_PREFIX"])
    yield shown
    await shown.close()


async def test_an_owner_that_slept_through_its_takeover_changes_nothing(search_lab: Lab, view: SearchView) -> None:
    search_lab.relay()
    first = search_lab.projector()
    conn, load = search_lab.conn, Load(40)
    await load.open(conn)
    await view.settled(conn)
    second = search_lab.projector()
    writing = asyncio.create_task(load.write_for(conn, 5))
    await asyncio.sleep(1)
    first.pause()
    await writing
    await view.settled(conn)
    await until(lambda: second.metric("doorbuster_projector_owner") == 1)
    shown = await view.stock()
    first.resume()
    await asyncio.sleep(1)
    assert await view.stock() == shown
    await load.write(conn, 50)
    await view.settled(conn)


async def test_a_deleted_index_is_made_and_filled_again(search_lab: Lab, view: SearchView) -> None:
    search_lab.relay()
    search_lab.projector()
    conn, redis, load = search_lab.conn, search_lab.redis, Load(40)
    await load.open(conn)
    await load.write(conn, 300)
    await view.settled(conn)
    writing = asyncio.create_task(load.write_for(conn, 3))
    await asyncio.sleep(1)
    await view.delete("stock-v1")
    await writing
    await view.settled(conn)
    await settled(conn, redis)
    served = {INDEX_OF[name] for name in ("stock", "transfers", "products", "orders", "invoices", "gift_cards")}
    assert await view.indices() == served, "none came up by a write"


async def test_the_published_checkpoints_come_back_after_flushall(search_lab: Lab, view: SearchView) -> None:
    search_lab.relay()
    search_lab.projector()
    conn, redis, load = search_lab.conn, search_lab.redis, Load(40)
    await load.open(conn)
    await view.settled(conn)
    await _until_seen(search_lab)
    redis.flushall()
    await _until_seen(search_lab)


async def test_one_sink_that_takes_no_writes_does_not_stop_the_other(search_lab: Lab, view: SearchView) -> None:
    search_lab.relay()
    projector = search_lab.projector()
    conn, redis, load = search_lab.conn, search_lab.redis, Load(40)
    await load.open(conn)
    await view.settled(conn)
    await view.block_writes(True)
    await load.write(conn, 200)
    await settled(conn, redis)
    async with asyncio.timeout(PATIENCE):
        while not projector.metric("doorbuster_projector_sink_retries_total"):
            await asyncio.sleep(0.1)
    await view.block_writes(False)
    await view.settled(conn)
    assert await conn.fetchval("SELECT count(*) FROM parked_key") == 0, "an outage is no poison"


async def test_a_document_that_the_mapping_refuses_parks_its_key(search_lab: Lab, view: SearchView) -> None:
    search_lab.relay()
    search_lab.projector()
    conn, load = search_lab.conn, Load(12)
    await load.open(conn)
    await view.settled(conn)
    huge = 10**25  # more than a `long` holds
    payload = b'{"type":"inventory.stock_item_opened.v1","sku":"SKU-3","warehouse":"moon","product_id":'
    payload += b'"6b1f0e0e-6f0a-7000-8000-000000000000","on_hand":%d,"reserved":0,"low_at":0,"reason":"x"}' % huge
    await append_raw(conn, "SKU-3", "inventory.stock_item_opened.v1", payload)
    await load.write(conn, 100)
    async with asyncio.timeout(PATIENCE):
        while not await conn.fetchval("SELECT count(*) FROM parked_key WHERE read_model = 'stock'"):
            await asyncio.sleep(0.05)
    row = await conn.fetchrow("SELECT event_type, error FROM parked_key WHERE read_model = 'stock'")
    assert row is not None
    assert "document_parsing_exception" in row["error"]

    await conn.execute("UPDATE event_log SET type = 'carts.cart_opened.v1' WHERE aggregate_type = 'odd'")  # mended
    await conn.execute("UPDATE parked_key SET retry_requested_at = now()")
    await view.settled(conn)
    async with asyncio.timeout(PATIENCE):
        while await conn.fetchval("SELECT count(*) FROM parked_key WHERE read_model = 'stock'"):
            await asyncio.sleep(0.05)


async def test_a_sale_that_nobody_sees_is_written_later_and_survives_a_kill(
    search_lab: Lab, view: SearchView
) -> None:
    search_lab.relay()
    first = search_lab.projector()
    conn, shard = search_lab.conn, shard_of(product_key(LAMP), 4)
    await _append(conn, "product", LAMP, 1, ProductCreated(LAMP, facts()))
    for warehouse in ("north", "south"):
        await _append(conn, "stock_item", _item(warehouse), 1, StockItemOpened("lamp", warehouse, LAMP, 10, 0, 3, "x"))
    await _until(lambda: view.product(LAMP), availability="in")
    quiet = await _append(conn, "stock_item", _item("north"), 2, StockAdjusted("lamp", "north", -8, 2, 0, "sold"))

    async def saved(model: str) -> int:
        query = "SELECT position FROM checkpoint WHERE read_model = $1 AND shard = $2"
        return await conn.fetchval(query, model, shard) or 0

    async with asyncio.timeout(PATIENCE):
        checkpoints = f"{SLOTS['products']}:shards"
        while await saved("stock") < quiet or int(search_lab.redis.hget(checkpoints, str(shard))) < quiet:
            await asyncio.sleep(0.05)
    assert await saved("products") < quiet, "after a crash it has to be read again"
    assert (await view.product(LAMP))["position"] < quiet, "nobody could see the difference"

    first.kill()
    search_lab.projector()
    await _append(conn, "stock_item", _item("south"), 2, StockAdjusted("lamp", "south", -9, 1, 0, "sold"))
    await _until(lambda: view.product(LAMP), availability="low")  # 2 + 1 left: both sales count
    last = await _append(conn, "stock_item", _item("south"), 3, StockAdjusted("lamp", "south", 1, 2, 0, "found"))
    await _until(lambda: view.product(LAMP), position=last)


async def _until(found: Callable[[], Awaitable[dict[str, Any]]], **fields: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not fields.items() <= (await found()).items():
            await asyncio.sleep(0.05)


def _item(warehouse: str) -> UUID:
    return uuid5(LAMP, warehouse)


async def _append(conn: Connection, kind: str, id_: UUID, version: int, event: Struct) -> int:
    """Answers its position."""
    async with conn.transaction():
        new = [NewEvent(kind, id_, version, product_key(LAMP), event)]
        return max((await event_log.append(conn, new, CAUSE)).values())


async def _until_seen(lab: Lab) -> None:
    """Every shard that has events is told as seen by searches, up to its head."""
    heads = await lab.conn.fetch("SELECT shard, max(position) AS head FROM event_log GROUP BY shard")
    async with asyncio.timeout(PATIENCE):
        while True:
            told = lab.redis.hgetall("stock:v1:shards")
            if all(told.get(b"seen:%d" % row["shard"]) == b"%d" % row["head"] for row in heads):
                return
            await asyncio.sleep(0.05)


async def _until_saved(lab: Lab) -> None:
    """Whoever takes over knows by Postgres how far the index is: what was never saved there counts as not written."""
    heads = await lab.conn.fetch("SELECT shard, max(position) AS head FROM event_log GROUP BY shard")
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await lab.conn.fetch("SELECT shard, position FROM checkpoint WHERE read_model = 'stock'")
            saved = {row["shard"]: row["position"] for row in rows}
            if all(saved.get(row["shard"]) == row["head"] for row in heads):
                return
            await asyncio.sleep(0.05)


def _ready(lab: Lab) -> bool:
    """Whether every shard is told as ready."""
    told = lab.redis.hgetall("stock:v1:shards")
    return all(told.get(b"ready:%d" % shard) == b"1" for shard in range(4))


async def test_a_takeover_takes_no_readiness_away(search_lab: Lab, view: SearchView) -> None:
    search_lab.relay()
    first = search_lab.projector()
    conn, load = search_lab.conn, Load(40)
    await load.open(conn)
    await view.settled(conn)
    await _until_seen(search_lab)
    async with asyncio.timeout(PATIENCE):
        while not _ready(search_lab):  # which may be told a moment later
            await asyncio.sleep(0.05)
    await _until_saved(search_lab)
    first.kill()
    search_lab.projector()
    await load.write(conn, 40)
    taken_over = asyncio.create_task(_until_seen(search_lab))
    while not taken_over.done():
        assert _ready(search_lab), "no answer 503 that was 200 before"
        await asyncio.sleep(0.002)
    await taken_over


async def test_the_lab_has_the_real_thing(search_lab: Lab) -> None:
    async with httpx.AsyncClient(base_url=search_lab.environment["ELASTICSEARCH_URL"]) as client:
        assert (await client.get("/_cluster/health")).json()["status"] in ("green", "yellow")
