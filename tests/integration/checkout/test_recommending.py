"""The recommender on a real log and a real Redis: what it counts, and what it does when Redis has lost it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from projector.log import EventLog, open_pool
from projector.recommender.__main__ import Recommender
from projector.recommender.writing import Writer
from shared.documents.recommendations import MADE, Near, near_key, popular_key
from tests.fixtures.reacting import publish
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_sets import category, put_into
from write_side import catalog
from write_side.promotions.domain import GiftInput

NOW = datetime(2026, 11, 27, tzinfo=UTC)


async def near(redis: "Redis", product: UUID) -> list[UUID] | None:
    found = await redis.get(near_key(product))
    return None if found is None else [n.product_id for n in msgspec.json.decode(found, type=Near).neighbours]


async def test_paid_baskets_are_counted_and_what_redis_loses_is_written_again(shop: Shop, redis_url: str) -> None:
    for sku in ("lamp", "bulb", "chair"):
        await shop.stock(sku, 10)
    async with shop.pool.acquire() as conn:
        lamp, bulb, chair = [UUID(str(await catalog.product_of(conn, sku))) for sku in ("lamp", "bulb", "chair")]
    await shop.captured(lamp=1, bulb=2)
    await shop.order(lamp=1, chair=1)  # nobody has paid for it yet
    async with await open_pool(shop.settings.database_url, 1) as pool, Redis.from_url(redis_url) as redis:
        source = EventLog(pool)
        found = await source.settings()
        recommender = Recommender(source, Writer(redis, found.store), found.shards)

        async def look(at: datetime = NOW) -> int:
            await publish(shop.pool)
            return await recommender.look(at)

        assert await look() == 1
        assert [await near(redis, each) for each in (lamp, bulb, chair)] == [[bulb], [lamp], None]
        popular = msgspec.json.decode(await redis.get(popular_key("all")) or b"", type=list[UUID])
        assert set(popular) == {lamp, bulb}

        await shop.captured(lamp=1, chair=1)
        assert await look() == 1
        assert await near(redis, chair) == [lamp]

        await redis.flushdb()
        await redis.set(near_key(UUID(int=1)), b"of another store, or another life of this one")
        assert await look(NOW + timedelta(seconds=1)) == 0
        assert [await near(redis, each) for each in (chair, UUID(int=1))] == [[lamp], None]
        assert await redis.exists(MADE)

        await redis.delete(near_key(lamp))
        assert await look(NOW + timedelta(minutes=2)) == 0
        assert await near(redis, lamp) is None, "one key that was deleted is not looked for"
        await look(NOW + timedelta(hours=2))
        assert await near(redis, lamp), "but all are written again now and then"


async def test_a_gift_is_not_bought_and_what_is_bought_beside_a_gift_of_it_is(shop: Shop, redis_url: str) -> None:
    """A mug for every order is the most popular of all and the neighbour of everything, though nobody chose it."""
    for sku in ("lamp", "chair", "mug"):
        await shop.stock(sku, 10)
    async with shop.pool.acquire() as conn:
        lamp, chair, mug = [UUID(str(await catalog.product_of(conn, sku))) for sku in ("lamp", "chair", "mug")]
    await shop.promote(GiftInput("mug"))
    async with await open_pool(shop.settings.database_url, 1) as pool, Redis.from_url(redis_url) as redis:
        source = EventLog(pool)
        found = await source.settings()
        recommender = Recommender(source, Writer(redis, found.store), found.shards)

        async def popular() -> set[UUID]:
            await publish(shop.pool)
            await recommender.look(NOW)
            return set(msgspec.json.decode(await redis.get(popular_key("all")) or b"", type=list[UUID]))

        order = await shop.captured(lamp=1, chair=1)
        assert [(line.sku, line.gift_quantity) for line in (await shop.now(order)).lines][-1] == ("mug", 1)
        assert await popular() == {lamp, chair}
        assert [await near(redis, each) for each in (lamp, mug)] == [[chair], None]
        await shop.captured(lamp=1, mug=1)  # and one more of it as a gift
        assert await popular() == {lamp, chair, mug}
        assert set(await near(redis, mug) or []) == {lamp}


async def test_what_moved_to_another_category_is_popular_there_and_no_more_where_it_was(
    shop: Shop, redis_url: str
) -> None:
    await shop.stock("lamp", 10)
    async with shop.pool.acquire() as conn:
        lamp = UUID(str(await catalog.product_of(conn, "lamp")))
    lights, gifts = [await category(shop, name) for name in ("Lights", "Gifts")]
    async with await open_pool(shop.settings.database_url, 1) as pool, Redis.from_url(redis_url) as redis:
        source = EventLog(pool)
        found = await source.settings()

        async def popular() -> list[list[UUID]]:
            """As a recommender writes it that was just started."""
            await publish(shop.pool)
            await Recommender(source, Writer(redis, found.store), found.shards).look(NOW)
            kept = [await redis.get(popular_key(each)) for each in (lights, gifts)]
            return [msgspec.json.decode(each or b"[]", type=list[UUID]) for each in kept]

        await put_into(shop, "lamp", lights)
        await shop.captured(lamp=1)
        assert await popular() == [[lamp], []]
        await put_into(shop, "lamp", gifts)
        assert await popular() == [[], [lamp]]
