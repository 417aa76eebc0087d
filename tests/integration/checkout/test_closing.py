"""Cancelling and expiring: nothing is freed before Stripe has confirmed, and late money is never lost or kept."""

from datetime import datetime, timedelta, tzinfo

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side.orders import AlreadyPaid, closing, settling
from write_side.orders import store as orders_store
from write_side.orders.handlers import OrderState
from write_side.payments import ProviderDown, handlers, open_providers, store
from write_side.payments import gateway as gateway_module
from write_side.payments.handlers import PaymentNotTaken


async def cancel(shop: Shop, order: OrderState) -> str:
    await closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    return (await shop.now(order)).state


async def due_now(shop: Shop) -> None:
    """As if the pauses and claims of all payments were over."""
    await shop.pool.execute("UPDATE payment SET next_attempt_at = clock_timestamp()")


async def test_an_unpaid_order_is_cancelled_and_its_stock_freed(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.work()
    assert await cancel(shop, order) == "cancelled"
    assert await shop.figures("lamp") == (5, 0)
    assert (await shop.payment(order)).state == "voided"
    assert (await shop.at_stripe(order))["status"] == "canceled"
    assert await cancel(shop, order) == "cancelled"  # again is no mistake
    assert (await shop.history(order))[-3:] == ["order_closing", "payment_voided", "order_cancelled"]


async def test_a_confirmed_order_is_cancelled_before_its_capture_and_the_stock_put_back(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    assert await shop.figures("lamp") == (3, 0)
    assert await cancel(shop, order) == "cancelled"
    assert await shop.figures("lamp") == (5, 0)
    assert (await shop.at_stripe(order))["status"] == "canceled"
    assert await shop.work() == 0


async def test_a_captured_order_is_not_cancelled(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    with pytest.raises(AlreadyPaid):
        await cancel(shop, order)


async def test_while_stripe_is_down_a_cancelled_order_keeps_its_stock(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.work()
    await shop.outage("error500")
    assert await cancel(shop, order) == "closing"
    await due_now(shop)
    assert await shop.work() == 1
    assert await shop.figures("lamp") == (5, 2)
    await shop.outage("off")
    await due_now(shop)
    await shop.work()
    assert (await shop.now(order)).state == "cancelled"
    assert await shop.figures("lamp") == (5, 0)


async def test_stock_is_held_for_whoever_is_at_their_bank_when_time_is_up(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    assert await shop.pay(order, "pm_card_threeDSecure2Required") == "requires_action"
    for webhook in await shop.webhooks(order):
        await shop.receive(webhook)
    assert await closing.close_expired(shop.pool) == 0
    held = (await shop.now(order)).expires_at - order.expires_at
    assert timedelta(minutes=9) < held < timedelta(minutes=12)
    assert await shop.figures("lamp") == (5, 2)
    await shop.complete(order)  # sees the same again: no event for some seconds more
    assert (await shop.history(order)).count("order_extended") == 1


async def test_an_order_that_was_extended_since_the_worker_listed_it_does_not_expire(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    async with shop.pool.acquire() as conn:
        assert await orders_store.expired(conn, 1) == [order.id]
    await shop.pay(order, "pm_card_threeDSecure2Required")
    for webhook in await shop.webhooks(order):
        await shop.receive(webhook)
    await closing.close_order(shop.pool, order.id, "expired", CAUSE)
    assert (await shop.now(order)).state == "pending_payment"


async def test_an_unpaid_order_expires(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    assert await closing.close_expired(shop.pool) == 1
    assert await shop.figures("lamp") == (5, 2)
    await shop.work()
    assert (await shop.now(order)).state == "expired"
    assert await shop.figures("lamp") == (5, 0)
    assert await closing.close_expired(shop.pool) == 0


async def test_an_expiring_order_that_was_authorized_is_paid(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    await shop.pay(order)  # its webhook is lost
    await closing.close_expired(shop.pool)
    await shop.work()
    assert (await shop.now(order)).state == "confirmed"
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    assert await shop.figures("lamp") == (3, 0)


async def test_an_authorization_that_comes_while_an_order_closes_waits_for_the_last_look(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    await shop.pay(order)
    webhooks = await shop.webhooks(order)
    await closing.close_expired(shop.pool)
    async with shop.pool.acquire() as conn:
        # The worker is about to cancel, or has just done so.
        [work] = await store.claim_due(conn, shop.providers.rooms(1))
    await shop.gateway.cancel(work.payment, work.attempts)
    for webhook in webhooks:
        await shop.receive(webhook)
    assert (await shop.now(order)).state == "closing"
    await due_now(shop)
    await shop.work()
    assert (await shop.now(order)).state == "expired"
    assert "order_confirmed" not in await shop.history(order)


async def test_a_late_authorization_of_a_cancelled_order_is_voided(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.work()
    await shop.outage("error500")
    assert await cancel(shop, order) == "closing"
    await shop.outage("off")
    assert await shop.pay_at_stripe(order) == "requires_capture"
    await shop.complete(order)  # wakes the worker
    await due_now(shop)
    await shop.work()
    assert (await shop.now(order)).state == "cancelled"
    assert (await shop.at_stripe(order))["status"] == "canceled"
    assert await shop.figures("lamp") == (5, 0)


async def test_an_intent_made_after_the_order_closed_is_cancelled(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    payment = await shop.payment(order)
    seen = await shop.gateway.create(payment)  # made there, and we died before writing it down
    assert await cancel(shop, order) == "cancelled"
    assert (await shop.gateway.read(seen.intent_id)).status == "canceled"
    with pytest.raises(handlers.OrderClosed):
        await shop.pay(order)


async def test_a_declined_card_leaves_the_order_open_for_another(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    assert await shop.pay(order, "pm_card_chargeDeclined") == "card_declined"
    webhooks = await shop.webhooks(order)
    for webhook in webhooks * 2:
        await shop.receive(webhook)
    await shop.complete(order)
    assert (await shop.payment(order)).state == "declined"
    assert (await shop.history(order)).count("payment_declined") == 1
    assert await shop.pay(order) == "requires_capture"
    await shop.complete(order)
    assert (await shop.now(order)).state == "confirmed"
    for webhook in webhooks:  # late
        await shop.receive(webhook)
    assert (await shop.payment(order)).state == "authorized"


async def test_another_amount_than_the_order_costs_confirms_nothing(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    await shop.pay(order)
    seen = await shop.gateway.read((await shop.payment(order)).intent_id or "")
    short = msgspec.structs.replace(seen, authorized_minor=seen.authorized_minor - 1)
    assert await settling.learn(shop.pool, short, CAUSE) == "alarm"
    assert (await shop.now(order)).state == "pending_payment"
    async with shop.pool.acquire() as conn:
        [alarm] = await store.alarms(conn)
    assert alarm.payment_id == order.payment.id


async def test_a_capture_whose_answer_was_lost_is_found_again(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    async with shop.pool.acquire() as conn:
        [work] = await store.claim_due(conn, shop.providers.rooms(1))
    await shop.gateway.capture(work.payment, work.attempts)  # and then we are killed
    await due_now(shop)
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    assert (await shop.history(order)).count("payment_captured") == 1


async def test_what_a_person_takes_up_again_is_asked_under_a_new_key(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    await shop.pool.execute("UPDATE payment SET attempts = 12")
    async with shop.pool.acquire() as conn:
        await store.park(conn, order.payment.id, "capture: refused")
        assert await store.retry_alarmed(conn) == 1
        [work] = await store.claim_due(conn, shop.providers.rooms(1))
    assert (work.todo, work.attempts) == ("capture", 13), "Stripe would repeat what it said to the first twelve"


async def test_an_authorization_that_stripe_lets_go_of_ends_the_order(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    await shop.gateway.cancel(await shop.payment(order), 1)  # in the dashboard, or after seven days
    await shop.complete(order)
    assert (await shop.now(order)).state == "cancelled"
    assert await shop.figures("lamp") == (5, 0)


async def test_while_stripe_is_down_an_order_waits_with_its_stock(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    await shop.outage("error500")
    order = await shop.order(lamp=2)
    with pytest.raises(ProviderDown):
        await shop.pay(order)
    assert await shop.work() == 1
    assert await shop.work() == 0  # put off
    assert (await shop.now(order)).state == "pending_payment"
    await shop.outage("off")
    async with shop.pool.acquire() as conn:
        await store.put_off(conn, order.payment.id, timedelta())
    await shop.work()
    assert await shop.pay(order) == "requires_capture"


async def test_a_worker_whose_clock_is_behind_closes_what_has_expired(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Behind:
        @staticmethod
        def now(tz: tzinfo) -> datetime:
            return datetime.now(tz) - timedelta(minutes=5)

    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    monkeypatch.setattr(closing, "datetime", Behind)
    assert await closing.close_expired(shop.pool) == 1
    assert (await shop.now(order)).state == "closing"


async def test_an_order_whose_intent_stripe_will_never_make_still_ends(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    await shop.pool.execute("UPDATE payment SET amount_minor = 1")  # less than Stripe charges
    assert await shop.work() == 1
    assert await shop.work() == 0  # refused, and put off
    with pytest.raises(PaymentNotTaken):
        await shop.pay(order)
    await closing.close_expired(shop.pool)
    await shop.work()
    assert (await shop.now(order)).state == "expired"
    assert await shop.figures("lamp") == (5, 0)
    await shop.pool.execute("UPDATE payment SET amount_minor = $1", order.totals.total.amount_minor)


async def test_a_wrong_api_key_is_no_fault_of_the_payment(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    wrong = msgspec.structs.replace(shop.settings, stripe_api_key="sk_test_wrong")
    async with open_providers(wrong) as providers:
        with pytest.raises(ProviderDown):
            await providers.of("card").create(await shop.payment(order))
    assert await shop.work() == 1
    assert await shop.pay(order) == "requires_capture"


@pytest.mark.parametrize("mode", ["error500", "hang", "refuse"])
async def test_however_stripe_fails_it_is_down_and_nothing_is_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(gateway_module, "TIMEOUT", 0.3)
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.outage(mode)
    async with open_providers(shop.settings) as providers:
        with pytest.raises(ProviderDown):
            await providers.of("card").create(await shop.payment(order))
    await shop.outage("off")
    await due_now(shop)
    await shop.work()
    assert await shop.pay(order) == "requires_capture"
