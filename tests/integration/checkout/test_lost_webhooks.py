"""Paid, the page closed, and no webhook: the worker looks, ever less often, at what somebody was given a way to pay."""

import asyncio

from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_retries import STOLEN
from write_side.orders.handlers import OrderState


async def waits(shop: Shop, order: OrderState) -> tuple[str | None, float]:
    """What is to be done about its payment, and in how many seconds."""
    row = await shop.pool.fetchrow(
        """SELECT todo, extract(epoch FROM next_attempt_at - clock_timestamp())::float8 AS pause
           FROM payment WHERE order_id = $1""",
        order.id,
    )
    assert row is not None
    return row["todo"], row["pause"]


async def look(shop: Shop) -> int:
    """As if it were time to."""
    await shop.pool.execute("UPDATE payment SET next_attempt_at = clock_timestamp() WHERE todo = 'look'")
    return await shop.work()


async def test_a_payment_that_no_webhook_told_of_confirms_its_order_within_the_first_look(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    assert await shop.pay(order) == "requires_capture"
    assert await shop.work() == 0
    todo, pause = await waits(shop, order)
    assert todo == "look"
    assert 20 < pause <= 30
    assert await look(shop) == 1
    assert (await shop.now(order)).state == "confirmed"
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    assert (await shop.history(order)).count("order_confirmed") == 1


async def test_several_workers_look_once(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    orders = [await shop.order(lamp=1) for _ in range(3)]
    for order in orders:
        await shop.pay(order)
    await shop.pool.execute("UPDATE payment SET next_attempt_at = clock_timestamp() WHERE todo = 'look'")
    assert sum(await asyncio.gather(*(shop.work() for _ in range(4)))) >= len(orders)
    for order in orders:
        assert (await shop.history(order)).count("payment_authorized") == 1


async def test_what_nobody_pays_is_looked_at_ever_less_often(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order, "pm_card_threeDSecure2Required")
    pauses = []
    for _ in range(4):
        assert await look(shop) == 1
        todo, pause = await waits(shop, order)
        assert todo == "look"
        pauses.append(round(pause / 10))
    assert pauses == [12, 48, 180, 180]
    assert (await shop.history(order)).count("order_extended") == 0


async def test_another_card_after_a_decline_is_found_too(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order, STOLEN)
    for webhook in await shop.webhooks(order):
        await shop.receive(webhook)
    assert (await shop.payment(order)).state == "declined"
    assert (await waits(shop, order))[0] == "look"
    await shop.pay_at_stripe(order)
    assert await look(shop) == 1
    assert (await shop.now(order)).state == "confirmed"


async def test_what_nobody_was_given_a_way_to_pay_is_not_looked_at(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.work()
    assert (await waits(shop, order))[0] is None


async def test_who_is_away_is_looked_at_later(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.outage("error500")
    assert await look(shop) == 1
    todo, pause = await waits(shop, order)
    assert todo == "look"
    assert pause > 60
    await shop.outage("off")
    await look(shop)
    assert (await shop.now(order)).state == "confirmed"
