"""Less is captured than was authorized, on real Postgres and the simulated Stripe; only what was captured goes back."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_mails import react, send
from write_side.notifications.gateway import MailServer
from write_side.orders import closing
from write_side.orders.handlers import OrderState
from write_side.payments import steps
from write_side.payments import store as payments
from write_side.refunds import handlers
from write_side.refunds.domain import NewRefund, RefundExceedsCaptured
from write_side.refunds.releasing import AlreadyCaptured, NothingLeftToCapture

LAMP: dict[str, Any] = {"lines": [{"sku": "lamp", "quantity": 1}]}


async def authorized(shop: Shop) -> OrderState:
    """Three lamps, 3.33 each, paid and not captured yet."""
    await shop.stock("lamp", 10, price=333)
    order = await shop.order(lamp=3)
    await shop.pay(order)
    await shop.complete(order)
    return order


async def release(shop: Shop, order: OrderState, **wanted: Any) -> int:
    asked = msgspec.convert({"reason": "out_of_stock"} | wanted, NewRefund)
    answer = await handlers.release(shop.pool, order.id, asked, CAUSE, new_call())
    return int(msgspec.json.decode(answer.body)["amount"]["amount_minor"])


async def test_a_unit_that_cannot_be_sent_is_not_captured_and_not_refundable(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    order = await authorized(shop)
    total = order.totals.total.amount_minor
    gone = await release(shop, order, **LAMP, restock=True)
    assert await shop.figures("lamp") == (8, 0)
    await shop.work()
    intent = await shop.at_stripe(order)
    assert (intent["status"], intent["amount_received"]) == ("succeeded", total - gone)
    assert (await shop.history(order))[-3:] == ["amount_released", "payment_reduced", "payment_captured"]
    with pytest.raises(RefundExceedsCaptured):
        await shop.refund(order, amount_minor=total - gone + 1)
    rest = await shop.refund(order)
    assert rest.amount.amount_minor == total - gone
    await shop.refund_work()
    assert [each.state for each in await shop.refunds(order)] == ["released", "succeeded"]
    await react(shop)
    await send(shop, server)
    assert any("You pay less" in str(mail["Subject"]) for mail in received.mails)


async def test_nothing_is_released_once_the_capture_has_begun_and_something_is_left_to_it(shop: Shop) -> None:
    order = await authorized(shop)
    with pytest.raises(NothingLeftToCapture):
        await release(shop, order)
    async with shop.pool.acquire() as conn:
        await payments.claim_due(conn, shop.providers.rooms(1))  # a worker is about to ask Stripe
    with pytest.raises(AlreadyCaptured):
        await release(shop, order, **LAMP)


async def test_of_many_releases_at_once_each_unit_goes_once(shop: Shop) -> None:
    order = await authorized(shop)
    done = await asyncio.gather(*(release(shop, order, **LAMP) for _ in range(6)), return_exceptions=True)
    amounts = [each for each in done if isinstance(each, int)]
    assert len(amounts) == 3
    assert (await shop.payment(order)).released_minor == sum(amounts)


async def test_the_capture_waits_as_long_as_it_is_told(shop: Shop) -> None:
    order = await authorized(shop)
    assert await steps.work_off(shop.pool, shop.providers, shop.recordings, capture_after=60) == 0
    await shop.pool.execute("UPDATE payment SET next_attempt_at = next_attempt_at - $1::interval", timedelta(minutes=2))
    assert await steps.work_off(shop.pool, shop.providers, shop.recordings, capture_after=60) == 1
    assert (await shop.payment(order)).state == "captured"


async def test_what_was_released_as_broken_is_not_for_sale_again_once_the_order_is_cancelled(shop: Shop) -> None:
    await shop.stock("lamp", 1, price=333)
    await shop.stock("lamp", 4, price=333, warehouse="HAM")
    order = await shop.order(lamp=5)
    await shop.pay(order)
    await shop.complete(order)
    await release(shop, order, lines=[{"sku": "lamp", "quantity": 2}], reason="damaged")
    await release(shop, order, **LAMP, restock=True)
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((1, 0), (0, 0))
    await closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert (await shop.now(order)).state == "cancelled"
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((1, 0), (2, 0)), "two are in the bin"
    await nothing_is_wrong(shop)
