"""What is decided about an order or its payment holds until it is written: who comes in between waits, or passes by."""

import asyncio

import asyncpg
import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import Shop
from write_side.orders import closing
from write_side.orders import store as orders_store
from write_side.orders.ending import begin_closing
from write_side.payments import store as payments_store
from write_side.refunds import store as refunds_store


async def test_who_learns_of_a_payment_waits_for_who_ends_its_order(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    async with shop.pool.acquire() as conn, conn.transaction():
        held = await orders_store.lock_order(conn, order.id)
        assert held is not None
        learning = asyncio.create_task(shop.complete(order))
        await until_waiting(shop.pool, 1, [learning])
        await begin_closing(conn, held, "cancelled", CAUSE)
    await learning
    assert (await shop.now(order)).state == "closing"
    await shop.work()
    assert ((await shop.now(order)).state, await shop.figures("lamp")) == ("cancelled", (5, 0))


async def test_no_worker_begins_a_capture_that_somebody_is_about_to_cancel(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    async with shop.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE customer_order IN SHARE MODE")
        ending = asyncio.create_task(closing.close_order(shop.pool, order.id, "cancelled", CAUSE))
        await until_waiting(shop.pool, 1, [ending])  # it has looked at the payment, and writes the order next
        async with shop.pool.acquire() as worker:
            assert await payments_store.claim_due(worker, shop.providers.rooms(10)) == []
    await ending
    while await shop.work():
        pass
    state, intent = (await shop.now(order)).state, (await shop.at_stripe(order))["status"]
    assert (state, intent, await shop.figures("lamp")) == ("cancelled", "canceled", (5, 0))


async def test_what_one_worker_is_about_to_have_done_no_other_takes_up(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    refunded, ordered = await shop.captured(lamp=1), await shop.order(lamp=1)
    await shop.refund(refunded)
    rooms = shop.providers.rooms(10)
    async with shop.pool.acquire() as one, shop.pool.acquire() as other, one.transaction():
        assert [work.payment.order_id for work in await payments_store.claim_due(one, rooms)] == [ordered.id]
        assert [work.refund.order_id for work in await refunds_store.claim_due(one, rooms)] == [refunded.id]
        assert await payments_store.claim(one, ordered.payment.id) is None
        assert await payments_store.claim_due(other, rooms) == []
        assert await refunds_store.claim_due(other, rooms) == []


async def test_what_is_not_held_for_an_order_is_not_sold_to_it(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    for how in ("deduct", "release"):
        async with shop.pool.acquire() as conn:
            with pytest.raises(asyncpg.PostgresError, match="is not all reserved"):
                async with conn.transaction():
                    for _ in range(2):  # a mistake of ours: its stock is settled twice
                        await conn.execute("SELECT orders_settle_stock($1, '', $2)", how, [order.id])
    assert await shop.figures("lamp") == (5, 2)
