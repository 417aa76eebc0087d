"""A new version in Redis is filled without a script: whoever isn't its owner any more must not write a byte of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

import pytest
from redis.asyncio import Redis

from projector.model import Batch, Change, Folded, Rendered
from projector.parking import Systemic
from projector.read_models import product_page
from projector.redis_filling import RedisFilling
from projector.redis_sink import RedisSink
from projector.versions import of_version
from shared.documents.layout import claims_key, document_key, lookup_key, shards_key, unpack
from tests.faults.processes import Lab
from tests.integration.projector.test_versions_at_work import SlowWire

pytestmark = pytest.mark.slow

NEW = of_version(product_page.MODEL, f"{product_page.MODEL.version}.99")
SHARDS = 2
SKU = ("sku", "lamp")


def batch(id_: str, expected: int, upto: int, shard: int = 0, gives_up: bool = False) -> Batch:
    """A document that says where it stands, with a name, or that gives the name up."""
    names = frozenset({SKU})
    before = Rendered({id_: b"{}"}, names) if gives_up else None
    shown = Rendered({id_: f'{{"at":{upto}}}'.encode()}, frozenset() if gives_up else names)
    return Batch(NEW, shard, expected, upto, [Change(id_, f"product:{id_}", before, Folded(upto), shown)], ready=False)


@pytest.fixture
async def redis(redis_lab: Lab) -> AsyncIterator["Redis"]:
    async with Redis.from_url(redis_lab.valkey.url) as client:
        await client.flushall()
        yield client


async def lies(redis: "Redis", id_: str) -> bytes | None:
    found = await redis.get(document_key(NEW.slot, id_))
    return unpack(cast("bytes", found)).body if found else None


async def leads_to(redis: "Redis") -> tuple[bytes, bytes] | None:
    """The id behind the name, and since when; the one is never there without the other."""
    found, claims = await redis.get(lookup_key(NEW.slot, *SKU)), await redis.hgetall(claims_key(NEW.slot))
    assert (found is None) == (claims == {})
    return None if found is None else (cast("bytes", found), cast("bytes", claims[b"sku:lamp"]))


async def begun(redis: "Redis") -> RedisFilling:
    filling = RedisFilling(redis, "here")
    await filling.begin(NEW, SHARDS)
    return filling


async def test_an_owner_that_slept_between_look_and_write_writes_nothing(redis_lab: Lab, redis: "Redis") -> None:
    for handed_over in (False, True):
        wire = cast("SlowWire", SlowWire.from_url(redis_lab.valkey.url))
        async with wire:
            old = await begun(wire)
            late = asyncio.create_task(old.write(batch("one", 0, 10)))
            await wire.sending.wait()  # it has looked, and found that the version is its own
            new = await begun(redis)
            assert (await new.write(batch("one", 0, 20))).at == 20
            if handed_over:
                await new.hand_over(NEW, {0: 20, 1: 0})
            wire.arrives.set()
            with pytest.raises(Systemic):
                await late
            with pytest.raises(Systemic):  # nor as if nothing had been written yet
                await old.write(batch("one", 0, 10))
            with pytest.raises(Systemic):
                await old.hand_over(NEW, {0: 10, 1: 0})
        assert await lies(redis, "one") == b'{"at":20}'
        assert await leads_to(redis) == (b"one", b"20")


async def test_a_deleted_version_stays_deleted(redis: "Redis") -> None:
    filling = await begun(redis)
    await filling.write(batch("one", 0, 10))
    await RedisSink(redis, "here").drop(NEW)
    with pytest.raises(Systemic):
        await filling.write(batch("two", 10, 20))
    assert await redis.keys(f"{NEW.slot}:*") == []


async def test_a_write_whose_answer_was_lost_counts_once(redis: "Redis") -> None:
    filling = await begun(redis)
    one = asyncio.create_task(filling.write(batch("one", 0, 10)))
    while await lies(redis, "one") is None:
        await asyncio.sleep(0)
    one.cancel()  # as if its answer had not come
    with suppress(asyncio.CancelledError):
        await one
    assert (await filling.write(batch("one", 0, 10))).at == 10
    assert (await filling.write(batch("one", 0, 30))).at == 10, "it is told where the shard stands"
    assert await filling.checkpoint(NEW, 0) == 10
    assert await lies(redis, "one") == b'{"at":10}'


async def test_a_name_leads_to_who_claimed_it_last_in_whatever_order_shards_are_filled(redis: "Redis") -> None:
    claims = [batch("one", 0, 10), batch("two", 0, 20, shard=1)]
    for order in (claims, claims[::-1]):
        filling = await begun(redis)
        for each in order:
            await filling.write(each)
        assert await leads_to(redis) == (b"two", b"20")
        await filling.write(batch("one", 10, 30, gives_up=True))
        assert await leads_to(redis) == (b"two", b"20"), "who gives up a name takes it from nobody else"
        await filling.write(batch("two", 20, 40, shard=1, gives_up=True))
        assert await leads_to(redis) is None


async def test_the_projector_goes_on_from_what_was_handed_over(redis: "Redis") -> None:
    filling = await begun(redis)
    await filling.write(batch("one", 0, 10))
    await filling.hand_over(NEW, {0: 10, 1: 0})
    assert set(await redis.hgetall(shards_key(NEW.slot))) == {b"0", b"1", b"store"}
    sink = RedisSink(redis, "here")
    assert await sink.checkpoint(NEW, 0) == 10
    assert (await sink.write(batch("one", 10, 20))).at == 20
    assert await leads_to(redis) == (b"one", b"20")
    assert (await sink.write(batch("one", 20, 30, gives_up=True))).at == 30
    assert await leads_to(redis) is None
    await sink.close()
