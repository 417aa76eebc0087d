"""A poisoned event parks its key and only its key; mended, it heals."""

import asyncio
import json
from typing import Any

import pytest

from shared.codec import encode_event
from shared.envelope import stream_name
from shared.events.inventory import StockItemOpened
from tests.faults.processes import Lab
from tests.faults.stock_load import (
    PATIENCE,
    Load,
    append_raw,
    expected_stock,
    key_of,
    product_id,
    settled,
    shown_stock,
)
from write_side import parked

pytestmark = pytest.mark.slow

BROKEN = "inventory.stock_adjusted.v1", b'{"type":"inventory.stock_adjusted.v1","sku":"SKU-3","on_hand":"many"}'
NOT_EVEN_JSON = "inventory.stock_adjusted.v1", b"\xff{{{"
UNKNOWN = "inventory.stock_teleported.v7", b'{"type":"inventory.stock_teleported.v7","sku":"SKU-3"}'
BEYOND_SENSE = (  # decodes, and then makes the fold fail: nobody opened this warehouse's item
    "inventory.stock_adjusted.v1",
    b'{"type":"inventory.stock_adjusted.v1","sku":"SKU-3","warehouse":"moon","change":1,"on_hand":1,"reserved":0,'
    b'"reason":"test"}',
)


@pytest.mark.parametrize("poison", [BROKEN, NOT_EVEN_JSON, UNKNOWN, BEYOND_SENSE], ids=lambda p: str(p[1][:40]))
async def test_poison_parks_its_key_and_only_its_key_and_unparking_heals_it(
    redis_lab: Lab, poison: tuple[str, bytes]
) -> None:
    redis_lab.relay()
    projector = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    await load.open(conn)
    await settled(conn, redis)
    before = shown_stock(redis, ["SKU-3"])
    position = await append_raw(conn, "SKU-3", *poison)
    await load.write(conn, 300)

    await _until(lambda: redis.smembers("stock_level:v1:parked") == {key_of("SKU-3").encode()})
    others = [sku for sku in load.skus if sku != "SKU-3"]
    want = {sku: shown for sku, shown in (await expected_stock(conn)).items() if sku != "SKU-3"}
    await _until_equal(lambda: shown_stock(redis, others), want)
    assert shown_stock(redis, ["SKU-3"]) == before, "what is parked stays as it was"
    row = await conn.fetchrow("SELECT * FROM parked_key WHERE read_model = 'stock_level'")
    assert row is not None
    assert (row["partition_key"], row["position"], row["event_type"]) == (key_of("SKU-3"), position, poison[0])

    await conn.execute("UPDATE parked_key SET retry_requested_at = now()")  # nothing was mended
    await _until_equal(lambda: _tries(redis_lab), 2)
    assert redis.smembers("stock_level:v1:parked") == {key_of("SKU-3").encode()}

    await _mend(redis_lab, position)
    await conn.execute("UPDATE parked_key SET retry_requested_at = now()")
    await _until(lambda: not redis.exists("stock_level:v1:parked"))
    await settled(conn, redis)
    assert await conn.fetchval("SELECT count(*) FROM parked_key WHERE read_model = 'stock_level'") == 0
    await load.write(conn, 100)
    await settled(conn, redis)
    await _until(lambda: projector.shows("doorbuster_projector_parked_keys"))
    await _until(lambda: projector.metric("doorbuster_projector_parked_keys") == 0)


async def test_a_key_goes_on_without_an_event_that_a_person_had_skipped(redis_lab: Lab) -> None:
    redis_lab.relay()
    projector = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    await load.open(conn)
    first = await append_raw(conn, "SKU-3", *BROKEN)
    await load.write(conn, 100)
    second = await append_raw(conn, "SKU-3", *UNKNOWN)
    await load.write(conn, 50)
    await _until_equal(lambda: _parked_at(redis_lab), first)

    await _skip(redis_lab, first, "a test's event")
    await _until_equal(lambda: _parked_at(redis_lab), second)  # the next one that can't be applied
    assert await _tries(redis_lab) == 2
    await _until(lambda: redis.smembers("stock_level:v1:parked") == {key_of("SKU-3").encode()})  # Postgres knows first
    assert not await _skip(redis_lab, first, "once more"), "another event parks it by now"
    await _skip(redis_lab, second, "from the future")
    await _until(lambda: not redis.exists("stock_level:v1:parked"))
    await settled(conn, redis)
    await load.write(conn, 50)
    await settled(conn, redis)
    await _until(lambda: projector.metric("doorbuster_projector_skipped_events") == 2)
    async with redis_lab.conn.transaction(readonly=True):
        told = [(s.position, s.actor, s.reason) for s in await parked.all_skipped(conn)]
    assert sorted(told) == [(first, "token:1", "a test's event"), (second, "token:1", "from the future")]

    projector.kill()
    redis.flushall()
    redis_lab.projector()
    await settled(conn, redis)
    assert await _parked_at(redis_lab) is None, "whoever reads all of it again goes without them too"


async def test_a_skip_is_taken_back_and_the_document_counts_the_event_again(redis_lab: Lab) -> None:
    redis_lab.relay()
    projector = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    await load.open(conn)
    await settled(conn, redis)
    before = shown_stock(redis, ["SKU-3"])["SKU-3"]["on_hand"]
    position = await append_raw(conn, "SKU-3", *BEYOND_SENSE)
    await _until_equal(lambda: _parked_at(redis_lab), position)
    await _skip(redis_lab, position, "there is no moon")
    await _until_equal(lambda: _parked_at(redis_lab), None)

    assert await _unskip(redis_lab, position, "there is")
    await _until_equal(lambda: _parked_at(redis_lab), position)  # nothing was mended: it parks the key once more
    await _until(lambda: redis.smembers("stock_level:v1:parked") == {key_of("SKU-3").encode()})
    assert not await _unskip(redis_lab, position, "once more"), "it is in force no longer"
    assert await _skip(redis_lab, position, "there is none")
    await _until_equal(lambda: _parked_at(redis_lab), None)
    await _until(lambda: projector.metric("doorbuster_projector_skipped_events") == 1)

    opened = StockItemOpened("SKU-3", "moon", product_id("SKU-3"), 1, 0, 0, "test")
    await _mend(redis_lab, position, "inventory.stock_item_opened.v1", encode_event(opened))
    assert await _unskip(redis_lab, position, "mended")
    await _until(lambda: shown_stock(redis, ["SKU-3"])["SKU-3"]["on_hand"] == before + 1)
    assert await _parked_at(redis_lab) is None
    await load.write(conn, 50)
    told = [(s.reason, s.taken_back and s.taken_back.reason) for s in await parked.all_skipped(conn)]
    assert told == [("there is none", "mended"), ("there is no moon", "there is")]
    assert await parked.in_force(conn) == []

    projector.kill()
    redis.flushall()
    redis_lab.projector()
    await _until(lambda: b"moon" in (redis.get("stock_level:v1:doc: staff:SKU-3") or b""))


async def test_a_document_that_somebody_changed_is_written_over(redis_lab: Lab) -> None:
    redis_lab.relay()
    redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    await load.open(conn)
    await settled(conn, redis)
    redis.set("stock_level:v1:doc: staff:SKU-3", b"0" * 16 + b'\n{"on_hand":1}')
    redis.set("stock_level:v1:state:SKU-3", b"not even JSON")
    shard = await conn.fetchval("SELECT shard FROM event_log WHERE partition_key = $1 LIMIT 1", key_of("SKU-3"))
    await parked.request_rewrites(conn, [("stock_level:v1", key_of("SKU-3"), shard)])
    await settled(conn, redis)
    await _until_equal(lambda: parked.rewrites_waiting(conn), 0)
    await append_raw(conn, "SKU-4", *BROKEN)
    await _until(lambda: redis.scard("stock_level:v1:parked") == 1)
    shard = await conn.fetchval("SELECT shard FROM event_log WHERE partition_key = $1 LIMIT 1", key_of("SKU-4"))
    await parked.request_rewrites(conn, [("stock_level:v1", key_of("SKU-4"), shard)])
    await _until_equal(lambda: parked.rewrites_waiting(conn), 0)
    assert redis.scard("stock_level:v1:parked") == 1, "what is parked stays so"


async def test_parked_keys_survive_flushall_and_a_new_owner(redis_lab: Lab) -> None:
    redis_lab.relay()
    first = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    await load.open(conn)
    await settled(conn, redis)
    before = shown_stock(redis, ["SKU-3"])
    await append_raw(conn, "SKU-3", *UNKNOWN)
    await load.write(conn, 200)
    await _until(lambda: redis.scard("stock_level:v1:parked") == 1)
    redis.flushall()
    await _until(lambda: redis.scard("stock_level:v1:parked") == 1)
    await _until(lambda: shown_stock(redis, ["SKU-3"]) == before)
    first.kill()
    redis.delete("stock_level:v1:parked")
    second = redis_lab.projector()
    await _until(lambda: redis.scard("stock_level:v1:parked") == 1)
    await _until(lambda: second.metric("doorbuster_projector_parked_keys") >= 1)  # what was parked before us is counted


async def test_a_systemic_failure_stops_the_model_instead_of_parking_everything(redis_lab: Lab) -> None:
    redis_lab.relay()
    projector = redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(60)
    await load.open(conn)
    await settled(conn, redis)
    for sku in load.skus:
        await append_raw(conn, sku, UNKNOWN[0], json.dumps({"sku": sku}).encode())
    await _until(lambda: projector.metric("doorbuster_projector_stopped") >= 1)
    parked = await conn.fetch("SELECT read_model, count(*) AS keys FROM parked_key GROUP BY 1")
    assert all(row["keys"] <= 20 for row in parked), parked
    assert "systemic failure" in projector.log.read_text()


async def test_an_unreadable_stream_entry_is_only_a_hole(redis_lab: Lab) -> None:
    redis_lab.projector()
    conn, redis, load = redis_lab.conn, redis_lab.redis, Load(12)
    await load.open(conn)
    for shard in range(4):
        redis.xadd(stream_name(shard), {"e": b"garbage"}, id="1-0")
    redis_lab.relay()
    await load.write(conn, 50)
    await settled(conn, redis)


async def _mend(lab: Lab, position: int, type_: str = "carts.cart_opened.v1", payload: bytes | None = None) -> None:
    """As a developer would: here the event becomes one that changes nothing that any model reads, or another one."""
    await lab.conn.execute("ALTER TABLE event_log DISABLE TRIGGER ALL")
    change = "UPDATE event_log SET type = $2, payload = coalesce($3, payload) WHERE position = $1"
    await lab.conn.execute(change, position, type_, payload)


async def _skip(lab: Lab, position: int, reason: str) -> bool:
    """As staff ask for it."""
    found = await parked.find(lab.conn, "stock_level:v1", key_of("SKU-3"))
    assert found is not None
    return await parked.request_skip(lab.conn, found, position, "token:1", reason)


async def _unskip(lab: Lab, position: int, reason: str) -> bool:
    """As staff ask for it."""
    asked = await parked.request_unskip(lab.conn, "stock_level:v1", key_of("SKU-3"), position, "token:1", reason)
    return asked is not None


def _parked_at(lab: Lab) -> Any:
    return lab.conn.fetchval("SELECT position FROM parked_key WHERE read_model = 'stock_level'")


def _tries(lab: Lab) -> Any:
    return lab.conn.fetchval("SELECT tries FROM parked_key WHERE read_model = 'stock_level'")


async def _until(what: Any, seconds: float = PATIENCE) -> None:
    await _until_equal(lambda: bool(what()), True, seconds)


async def _until_equal(what: Any, wanted: object, seconds: float = PATIENCE) -> None:
    try:
        async with asyncio.timeout(seconds):
            while await _value(what()) != wanted:
                await asyncio.sleep(0.05)
    except TimeoutError:
        assert await _value(what()) == wanted


async def _value(got: Any) -> object:
    return await got if asyncio.iscoroutine(got) else got
