"""Webhooks that an intent was made, one for each order: taken in together, and for nothing but the inbox."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest

from tests.integration.checkout.shop import Shop
from write_side.orders.handlers import OrderState

INBOX = "SELECT count(*) FROM payment_inbox"


async def announced(shop: Shop, order: OrderState) -> tuple[bytes, str]:
    """The webhook that an order's intent was made: the only one so far."""
    [webhook] = await shop.webhooks(order)
    return webhook


async def placed(shop: Shop, count: int) -> list[OrderState]:
    """Orders whose intents are made and remembered."""
    await shop.stock("lamp", count)
    orders = [await shop.order(lamp=1) for _ in range(count)]
    assert await shop.work() == count
    return orders


async def test_what_is_known_is_taken_in_together_and_waits_for_no_lock(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    orders = await placed(shop, 6)
    webhooks = [await announced(shop, order) for order in orders]
    before = await shop.pool.fetchval("SELECT max(position) FROM event_log")
    async with shop.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await conn.execute("SELECT FROM customer_order FOR UPDATE")
        await conn.execute("SELECT FROM payment FOR UPDATE")
        with caplog.at_level(logging.INFO):
            await asyncio.gather(*(shop.receive(webhook) for webhook in webhooks))
            await asyncio.gather(*(shop.receive(webhook) for webhook in webhooks))
    told: list[Any] = [record.fields for record in caplog.records if record.message == "a webhook"]  # type: ignore[attr-defined]  # ours
    assert [each["verdict"] for each in told] == ["ignore"] * 6 + ["known"] * 6
    made_by = "SELECT count(DISTINCT xmin::text) FROM payment_inbox"
    assert await shop.pool.fetchval(INBOX) == 6
    assert await shop.pool.fetchval(made_by) == 1
    assert await shop.pool.fetchval("SELECT max(position) FROM event_log") == before


async def test_what_the_worker_did_not_remember_is_learnt(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    order = await shop.order(lamp=1)
    made = await shop.gateway.create(await shop.payment(order))  # and then the worker died
    for webhook in await shop.webhooks(order, made.intent_id):
        await shop.receive(webhook)
    payment = await shop.payment(order)
    assert (payment.state, payment.intent_id) == ("pending", made.intent_id)
    assert await shop.pool.fetchval(INBOX) == 1


async def test_another_intent_for_the_payment_is_told_to_a_person_once_somebody_tries_to_pay_it(shop: Shop) -> None:
    [order] = await placed(shop, 1)
    body, _ = await announced(shop, order)
    event = msgspec.json.decode(body)
    event["id"], event["data"]["object"]["id"] = "evt_other", "pi_other"
    await shop.receive(shop.signed(event))
    assert await shop.pool.fetchval("SELECT alarm FROM payment") is None
    event["id"], event["data"]["object"]["status"] = "evt_tried", "requires_action"
    await shop.receive(shop.signed(event))
    assert await shop.pool.fetchval("SELECT alarm FROM payment") == "requires_action, which does not fit"
    assert await shop.pool.fetchval(INBOX) == 2
