"""From cart to captured, whoever brings the news, in whatever order."""

import asyncio

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side.payments import handlers

CAPTURED = [
    "order_placed",
    "payment_requested",
    "payment_intent_created",
    "payment_authorized",
    "order_confirmed",
    "payment_captured",
]




async def test_an_order_is_paid_for_and_its_stock_leaves(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=1999)
    order = await shop.order(lamp=2)
    assert (order.state, order.payment.state) == ("pending_payment", "pending")
    assert await shop.figures("lamp") == (10, 2)
    total = order.totals.total.amount_minor
    assert total == 3998 + 490 + 760 + 93  # 19 % of 39.98 and of 4.90, each rounded by itself
    assert await shop.work() == 1
    assert await shop.pay(order) == "requires_capture"
    await shop.complete(order)
    assert (await shop.now(order)).state == "confirmed"
    assert await shop.figures("lamp") == (8, 0)
    assert await shop.work() == 1
    assert (await shop.payment(order)).state == "captured"
    intent = await shop.at_stripe(order)
    assert (intent["status"], intent["amount_received"]) == ("succeeded", total)
    assert await shop.history(order) == CAPTURED
    assert await shop.work() == 0


async def test_worker_and_clients_who_make_the_intent_at_once_make_one(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    await shop.outage("off", latency_ms=300)
    payment = await shop.payment(order)
    sessions = [handlers.start_session(shop.pool, shop.providers, payment, "pk", CAUSE) for _ in range(4)]
    working = asyncio.create_task(shop.work())
    opened = await asyncio.gather(*sessions)
    await working
    await shop.outage("off")
    assert len({(session.intent_id, session.client_secret) for session in opened}) == 1
    assert await shop.work() == 0
    assert (await shop.history(order)).count("payment_intent_created") == 1
