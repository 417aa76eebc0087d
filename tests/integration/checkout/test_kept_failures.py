"""A 500 that Stripe's key remembers is repeated for a day, whatever Stripe is like by then: we ask anew."""

from typing import Any

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side import orders
from write_side.orders.handlers import OrderState
from write_side.payments import handlers
from write_side.payments.asking import ProviderDown


async def kept_failure(shop: Shop, order: OrderState) -> None:
    """The intent is made, Stripe answers an error, and keeps that."""
    await shop.outage("error500_kept")
    with pytest.raises(ProviderDown):
        await shop.gateway.create(await shop.payment(order))
    await shop.outage("off")


async def told_of(shop: Shop, order: OrderState) -> Any:
    """The event of the only intent that Stripe has of an order."""
    async with shop.stripe() as client:
        headers = {"Authorization": f"Bearer {shop.settings.stripe_api_key}"}
        events = (await client.get("/v1/events?limit=100", headers=headers)).json()["data"]
    about = str(order.payment.id)
    [told] = [each for each in events if each["data"]["object"].get("metadata", {}).get("payment_id") == about]
    return told


async def work_now(shop: Shop) -> None:
    """The worker's step, whatever was put off."""
    await shop.pool.execute("UPDATE payment SET next_attempt_at = clock_timestamp()")
    await shop.work()


async def test_the_worker_makes_another_intent(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    await shop.outage("error500_kept")
    await shop.work()
    await shop.outage("off")
    assert (await shop.payment(order)).state == "requested"
    await work_now(shop)
    assert (await shop.payment(order)).state == "pending"


async def test_who_wants_to_pay_can_do_so_at_once_and_pays_once(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    await kept_failure(shop, order)
    assert await shop.pay(order) == "requires_capture"
    await shop.complete(order)
    await work_now(shop)
    assert (await shop.payment(order)).state == "captured"


async def test_the_intent_behind_the_failure_is_nobodys_and_no_alarm(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    await kept_failure(shop, order)
    told = await told_of(shop, order)
    await work_now(shop)
    assert (await shop.payment(order)).intent_id not in (None, told["data"]["object"]["id"])
    await shop.receive(shop.signed(told))
    assert await shop.pool.fetchval("SELECT count(*) FROM payment WHERE alarm IS NOT NULL") == 0
    assert await shop.pay(order) == "requires_capture"


async def test_who_pays_is_given_the_intent_that_we_know_of(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    asked = await shop.payment(order)  # before the webhook of what was made behind a failure tells of it
    await kept_failure(shop, order)
    told = await told_of(shop, order)
    await shop.receive(shop.signed(told))
    session = await handlers.start_session(shop.pool, shop.providers, asked, "pk", CAUSE)
    assert session.intent_id == (await shop.payment(order)).intent_id == told["data"]["object"]["id"]
    assert session.client_secret.startswith(session.intent_id)


async def test_the_stock_of_an_order_that_nobody_paid_is_freed(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(ttl=0, lamp=1)
    await kept_failure(shop, order)
    await orders.close_expired(shop.pool)
    await work_now(shop)
    assert (await shop.now(order)).state == "expired"
    assert await shop.figures("lamp") == (3, 0)


async def test_what_is_repeated_says_nothing_of_stripe_today(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    paid, order = await shop.captured(lamp=1), await shop.order(lamp=1)
    for _ in range(6):
        await kept_failure(shop, order)
        await shop.gateway.look(await shop.payment(paid))
    made = await shop.gateway.create(await shop.payment(order))
    assert made == await shop.gateway.create(await shop.payment(order)), "the same one from here on"
    assert shop.gateway.room(16) == 16
