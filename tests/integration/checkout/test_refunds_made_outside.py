"""A refund that staff make in Stripe's Dashboard stands in the books, as one that was made here does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from write_side.orders.handlers import OrderState
from write_side.refunds.domain import OUTSIDE, RefundExceedsCaptured
from write_side.refunds.reconciling import reconcile_refunds


async def in_the_dashboard(shop: Shop, order: OrderState, amount: int | None = None) -> str:
    """Give money back without us; answers Stripe's name of it. Nobody has told the shop yet."""
    form = {"payment_intent": str((await shop.payment(order)).intent_id)}
    form |= {"amount": str(amount)} if amount else {}
    async with shop.stripe() as client:
        answer = await client.post("/v1/refunds", data=form, auth=(shop.settings.stripe_api_key, ""))
    answer.raise_for_status()
    return str(answer.json()["id"])


async def paid(shop: Shop, card: str = "pm_card_visa") -> OrderState:
    await shop.stock("lamp", 5, price=1000)
    return await shop.captured(card, lamp=2)


async def tell(shop: Shop, order: OrderState, made: str) -> None:
    for webhook in await shop.webhooks(order, about=made):
        await shop.receive(webhook)


async def test_it_is_taken_down_once_and_counts_as_given_back(shop: Shop) -> None:
    order = await paid(shop)
    made = await in_the_dashboard(shop, order, 500)
    await asyncio.gather(*(tell(shop, order, made) for _ in range(3)))
    await tell(shop, order, made)
    [refund] = await shop.refunds(order)
    assert (refund.amount_minor, refund.state, refund.provider_id, refund.reason) == (500, "succeeded", made, OUTSIDE)
    assert (await shop.history(order))[-2:] == ["refund_requested", "refund_succeeded"]
    left = order.totals.total.amount_minor - 500
    with pytest.raises(RefundExceedsCaptured):
        await shop.refund(order, amount_minor=left + 1)
    rest = await shop.refund(order)
    assert rest.amount.amount_minor == left
    await shop.refund_work()
    assert [each.state for each in await shop.refunds(order)] == ["succeeded", "succeeded"]
    await nothing_is_wrong(shop)


async def test_one_that_no_webhook_told_of_is_found_as_the_books_are_compared(shop: Shop) -> None:
    order = await paid(shop)
    made = await in_the_dashboard(shop, order, 500)
    since = datetime.now(UTC) - timedelta(minutes=5)
    await reconcile_refunds(shop.pool, shop.providers, since, CAUSE)
    await reconcile_refunds(shop.pool, shop.providers, since, CAUSE)
    assert [each.provider_id for each in await shop.refunds(order)] == [made]


async def test_one_that_fails_after_all_counts_no_more(shop: Shop) -> None:
    order = await paid(shop)
    made = await in_the_dashboard(shop, order)
    await tell(shop, order, made)
    await shop.settle_refund(made, "fail")
    await tell(shop, order, made)
    assert [each.state for each in await shop.refunds(order)] == ["failed"]
    again = await shop.refund(order)
    assert again.amount.amount_minor == order.totals.total.amount_minor


async def test_an_authorization_that_is_let_go_of_is_no_refund(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    await shop.gateway.cancel(await shop.payment(order), 1)
    for made in await shop.refunds_at_stripe(order):
        await tell(shop, order, made["id"])
    assert await shop.refunds(order) == []
