"""Batches that change nothing but where a shard stands: all that wait are one call to Redis, each answered alone. And
those that change documents: they are written where the shard stands, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from projector.model import Batch, Change, Folded, ReadModel, Rendered
from projector.read_models import category_tree, order_status, stock_level
from projector.redis_sink import RedisSink
from shared.documents.layout import document_key, shards_key, unpack
from tests.faults.processes import Lab

pytestmark = pytest.mark.slow

STOCK, TREE, ORDERS = stock_level.MODEL, category_tree.MODEL, order_status.MODEL


@pytest.fixture
async def redis(redis_lab: Lab) -> AsyncIterator["Redis"]:
    async with Redis.from_url(redis_lab.valkey.url) as client:
        await client.flushall()
        yield client


def move(model: ReadModel, shard: int, expected: int, upto: int, *, ready: bool = False) -> Batch:
    return Batch(model, shard, expected, upto, (), ready)


async def stands(redis: "Redis", model: ReadModel) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", await redis.hgetall(shards_key(model.slot)))


async def calls(redis: "Redis") -> int:
    told = await redis.info("commandstats")
    return int(told.get("cmdstat_evalsha", {}).get("calls", 0))


async def test_all_that_wait_are_one_call_and_each_is_answered_by_itself(redis: "Redis") -> None:
    sink = RedisSink(redis, "here")
    await sink.write(move(STOCK, 0, 0, 5))
    before = await calls(redis)
    shown = Change("lamp", "product:lamp", None, Folded(9), Rendered({"lamp": b"{}"}))
    batches = [
        move(STOCK, 0, 5, 7, ready=True),
        move(STOCK, 1, 3, 9),  # it stands elsewhere
        Batch(STOCK, 2, 0, 9, [shown], ready=False),
        move(TREE, 0, 0, 4),
        move(ORDERS, 3, 0, 0, ready=True),
    ]
    written = await asyncio.gather(*(sink.write(batch) for batch in batches))
    assert [each.at for each in written] == [7, 0, 9, 4, 0]
    assert await calls(redis) == before + 2  # one for the document, one for all others
    assert await stands(redis, STOCK) == {b"0": b"7", b"2": b"9", b"store": b"here", b"ready:0": b"1"}
    assert await stands(redis, TREE) == {b"0": b"4", b"store": b"here"}
    assert await stands(redis, ORDERS) == {b"ready:3": b"1"}
    assert await redis.exists(document_key(STOCK.slot, "lamp"))
    await sink.close()


async def test_a_place_that_can_not_be_read_keeps_no_other_from_moving(redis: "Redis") -> None:
    sink = RedisSink(redis, "here")
    await redis.set(shards_key(TREE.slot), "no hash")
    await redis.hset(shards_key(ORDERS.slot), "0", "no number")
    moves = (sink.write(move(model, 0, 0, 5)) for model in (TREE, STOCK, ORDERS))
    tree, stock, orders = await asyncio.gather(*moves, return_exceptions=True)
    assert isinstance(tree, ResponseError)
    assert isinstance(orders, ResponseError)
    assert not isinstance(stock, BaseException)
    assert stock.at == 5
    await sink.close()


async def test_a_server_that_was_started_anew_is_taught_the_script_again(redis: "Redis") -> None:
    sink = RedisSink(redis, "here")
    await sink.write(move(STOCK, 0, 0, 5))
    await redis.script_flush()
    written = await asyncio.gather(sink.write(move(STOCK, 0, 5, 6)), sink.write(move(TREE, 0, 0, 6)))
    assert [each.at for each in written] == [6, 6]
    await sink.close()


async def test_what_was_made_from_another_log_is_deleted_and_told_as_lost(redis: "Redis") -> None:
    theirs, ours = RedisSink(redis, "there"), RedisSink(redis, "here")
    await theirs.write(move(STOCK, 0, 0, 50))
    await theirs.write(move(TREE, 0, 0, 50))
    written = await asyncio.gather(ours.write(move(STOCK, 0, 50, 60)), ours.write(move(ORDERS, 0, 0, 60)))
    assert [each.at for each in written] == [0, 60]
    assert await stands(redis, STOCK) == {}
    assert (await stands(redis, TREE))[b"0"] == b"50"
    for sink in (theirs, ours):
        await sink.close()


def document(id_: str, expected: int, upto: int) -> Batch:
    shown = Rendered({id_: f'{{"at":{upto}}}'.encode()})
    return Batch(STOCK, 0, expected, upto, [Change(id_, f"product:{id_}", None, Folded(upto), shown)], ready=False)


async def lies(redis: "Redis", id_: str) -> bytes | None:
    found = await redis.get(document_key(STOCK.slot, id_))
    return unpack(cast("bytes", found)).body if found else None


async def test_an_owner_that_slept_writes_no_document_over_what_came_since(redis: "Redis") -> None:
    sleeper, owner = RedisSink(redis, "here"), RedisSink(redis, "here")
    assert (await sleeper.write(document("lamp", 0, 5))).at == 5
    assert (await owner.write(document("lamp", 5, 9))).at == 9
    for late in (document("lamp", 5, 7), document("bulb", 5, 12)):
        assert (await sleeper.write(late)).at == 9
    assert (await lies(redis, "lamp"), await lies(redis, "bulb")) == (b'{"at":9}', None)
    assert await stands(redis, STOCK) == {b"0": b"9", b"store": b"here"}
    for sink in (sleeper, owner):
        await sink.close()


async def test_no_document_is_written_beside_those_of_another_log(redis: "Redis") -> None:
    theirs, ours = RedisSink(redis, "there"), RedisSink(redis, "here")
    await ours.write(document("bulb", 0, 5))
    await redis.flushall()
    await theirs.write(document("lamp", 0, 5))  # both logs have as many events
    assert (await ours.write(document("bulb", 5, 9))).at == 0
    assert (await lies(redis, "lamp"), await lies(redis, "bulb")) == (None, None)
    for sink in (theirs, ours):
        await sink.close()
