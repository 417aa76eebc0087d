"""Refunds through the handlers, on real Postgres and the simulated Stripe: asked for, made, heard of late or never."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from msgspec import structs

from tests.fixtures.write_side import new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.test_mails import due_now, react, send
from write_side import orders
from write_side.notifications.gateway import MailServer
from write_side.orders.handlers import OrderState
from write_side.orders.redacting import UnfinishedOrders, check_finished
from write_side.refunds import store
from write_side.refunds.domain import NotCaptured, RefundExceedsCaptured

LAMP: dict[str, Any] = {"lines": [{"sku": "lamp", "quantity": 1}]}


async def three_lamps(shop: Shop, card: str = "pm_card_visa") -> OrderState:
    await shop.stock("lamp", 10, price=333)
    return await shop.captured(card, lamp=3)


async def states(shop: Shop, order: OrderState) -> list[str]:
    return [refund.state for refund in await shop.refunds(order)]


async def test_parts_and_the_rest_go_back_through_stripe_and_the_goods_into_stock(shop: Shop) -> None:
    order = await three_lamps(shop)
    total = order.totals.total.amount_minor
    assert await shop.figures("lamp") == (7, 0)
    one = await shop.refund(order, **LAMP, restock=True)
    assert (one.state, await shop.figures("lamp")) == ("requested", (8, 0))
    assert await shop.refund_work() == 1
    rest = await shop.refund(order, restock=True)
    assert one.amount.amount_minor + rest.amount.amount_minor == total
    await shop.refund_work()
    assert await states(shop, order) == ["succeeded", "succeeded"]
    assert await shop.figures("lamp") == (10, 0)
    there = {made["metadata"]["refund_id"]: made["amount"] for made in await shop.refunds_at_stripe(order)}
    assert there == {str(one.id): one.amount.amount_minor, str(rest.id): rest.amount.amount_minor}
    with pytest.raises(RefundExceedsCaptured):
        await shop.refund(order, amount_minor=1)
    told = ["refund_requested", "refund_succeeded"]
    assert (await shop.history(order))[-4:] == told * 2


async def test_the_same_key_is_the_same_refund(shop: Shop) -> None:
    order, call = await three_lamps(shop), new_call()
    assert await shop.refund(order, call, **LAMP) == await shop.refund(order, call, **LAMP)
    assert len(await shop.refunds(order)) == 1


async def test_what_is_only_authorized_is_cancelled_and_not_refunded(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    with pytest.raises(NotCaptured):
        await shop.refund(order)


async def test_twelve_who_refund_at_once_never_give_back_more_than_was_taken(shop: Shop) -> None:
    order = await three_lamps(shop)
    share = order.totals.total.amount_minor // 3
    asking = [shop.refund(order, amount_minor=share) for _ in range(12)]
    done: Counter[str] = Counter(
        type(each).__name__ for each in await asyncio.gather(*asking, return_exceptions=True)
    )
    assert done == {"RefundState": 3, "RefundExceedsCaptured": 9}
    while await shop.refund_work():
        if set(await states(shop, order)) == {"succeeded"}:
            break
    assert sum(made["amount"] for made in await shop.refunds_at_stripe(order)) == 3 * share


async def test_an_outage_puts_a_refund_off_and_it_is_made_once(shop: Shop) -> None:
    order = await three_lamps(shop)
    await shop.refund(order, **LAMP)
    await shop.outage("refuse")
    await shop.refund_work()
    assert await states(shop, order) == ["requested"]
    await shop.outage("off")
    await asyncio.gather(shop.refund_work(), shop.refund_work())
    await shop.refund_work()
    assert await states(shop, order) == ["succeeded"]
    assert len(await shop.refunds_at_stripe(order)) == 1


async def test_an_answer_that_was_lost_is_found_again_even_when_stripe_has_forgotten_the_key(shop: Shop) -> None:
    order = await three_lamps(shop)
    asked = await shop.refund(order, **LAMP)
    [refund] = await shop.refunds(order)
    params = {"payment_intent": refund.intent_id, "amount": str(refund.amount_minor)}
    params |= {"metadata[refund_id]": str(refund.id), "metadata[order_id]": str(order.id)}
    async with shop.stripe() as client:  # as we had asked, a day ago: without its key it would be made twice
        await client.post("/v1/refunds", data=params, auth=(shop.settings.stripe_api_key, ""))
    await shop.pool.execute("UPDATE refund SET attempts = 1")
    await shop.refund_work()
    assert await states(shop, order) == ["succeeded"]
    [made] = await shop.refunds_at_stripe(order)
    assert made["metadata"]["refund_id"] == str(asked.id)


async def test_a_refund_that_takes_days_is_told_by_webhooks_in_any_order_and_number(shop: Shop) -> None:
    order = await three_lamps(shop, "pm_card_pendingRefund")
    await shop.refund(order, **LAMP)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    assert refund.state == "pending"
    await shop.settle_refund(refund.provider_id, "succeed")
    webhooks = await shop.webhooks(order, refund.provider_id)
    for webhook in [*reversed(webhooks), *webhooks]:
        await shop.receive(webhook)
    assert await states(shop, order) == ["succeeded"]
    assert (await shop.history(order)).count("refund_succeeded") == 1


async def test_a_webhook_that_never_came_is_asked_for(shop: Shop) -> None:
    order = await three_lamps(shop, "pm_card_pendingRefund")
    await shop.refund(order, **LAMP)
    await shop.refund_work()
    await shop.refund_work()
    assert await states(shop, order) == ["pending"]
    [refund] = await shop.refunds(order)
    await shop.settle_refund(refund.provider_id, "succeed")
    await shop.refund_work()
    assert await states(shop, order) == ["succeeded"]


async def test_money_that_comes_back_may_be_refunded_again_and_its_goods_not_twice(shop: Shop) -> None:
    order = await three_lamps(shop, "pm_card_refundFail")
    first = await shop.refund(order, restock=True)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    await shop.refund_settled(order, refund.provider_id, "fail")
    again = await shop.refund(order, restock=True)
    await shop.refund_work()
    assert await states(shop, order) == ["failed", "succeeded"]
    assert (again.amount, again.restocked) == (first.amount, [])
    assert await shop.figures("lamp") == (10, 0)


async def test_what_stripe_refuses_for_good_has_failed_and_frees_its_amount(shop: Shop) -> None:
    order = await three_lamps(shop)
    await shop.refund(order)
    payment = await shop.payment(order)
    async with shop.stripe() as client:
        await client.post("/simulator/disputes", json={"payment_intent": payment.intent_id, "reason": "fraudulent"})
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    assert (refund.state, refund.failure, refund.provider_id) == ("failed", "charge_disputed", None)
    await shop.refund(order)


async def test_a_refund_that_does_not_fit_waits_for_a_person(shop: Shop) -> None:
    order = await three_lamps(shop, "pm_card_pendingRefund")
    await shop.refund(order, **LAMP)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    shown: dict[str, Any] = {
        "object": "refund", "id": refund.provider_id, "status": "succeeded", "amount": 1, "currency": "eur",
        "metadata": {"refund_id": str(refund.id), "order_id": str(order.id)},
    }  # fmt: skip
    await shop.receive(shop.signed({"id": "evt_odd", "type": "refund.updated", "data": {"object": shown}}))
    async with shop.pool.acquire() as conn:
        assert [alarm.refund_id for alarm in await store.alarms(conn)] == [refund.id]
        assert await store.claim_due(conn, shop.providers.rooms(9)) == []
        assert await store.retry_alarmed(conn) == 1


async def test_each_refund_that_went_through_is_mailed_once(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    order = await three_lamps(shop)
    for _ in range(2):
        await shop.refund(order, **LAMP)
        await shop.refund_work()
    await react(shop)
    await react(shop)
    await due_now(shop)
    assert await send(shop, server) == 3
    subjects = sorted(str(mail["Subject"]) for mail in received.mails)
    assert subjects == [f"A refund for your order {order.number}"] * 2 + [f"Your order {order.number} is confirmed"]
    assert {mail["To"] for mail in received.mails} == {MAIL}


async def test_nobody_is_erased_while_their_money_is_on_its_way(shop: Shop) -> None:
    order = await three_lamps(shop)
    person = (await shop.now(order)).person_id
    async with shop.pool.acquire() as conn:
        await check_finished(conn, person)
        await shop.refund(order, **LAMP)
        with pytest.raises(UnfinishedOrders):
            await check_finished(conn, person)
        await shop.refund_work()
        await check_finished(conn, person)


async def test_an_order_that_there_is_not_is_not_refunded(shop: Shop) -> None:
    order = await three_lamps(shop)
    with pytest.raises(orders.UnknownOrder):
        await shop.refund(structs.replace(order, id=order.payment.id))
