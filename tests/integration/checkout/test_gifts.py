"""Gifts of promotions at the checkout: reserved like what is bought; left out, not sold twice, when they are gone."""

import asyncio

import pytest

from doorbuster import verify
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.shop import Shop
from write_side.orders.handlers import OrderState
from write_side.orders.refusals import QuoteStale
from write_side.promotions import domain, handlers, store
from write_side.promotions.domain import FreeShippingInput, GiftInput, PromotionInput
from write_side.promotions.sets import NeverMatches
from write_side.refunds.domain import NothingToRefund


async def _is_verified(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


async def test_a_gift_is_reserved_and_sent_and_costs_nothing_and_may_be_kept(shop: Shop) -> None:
    await shop.stock("lamp", 5, price=2000)
    await shop.stock("mug", 1, price=500)
    await shop.promote(GiftInput("mug"), minimum={"EUR": 2000})
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    assert [(line.sku, line.total_minor, line.discount_minor, line.gift_quantity) for line in quote.lines] == [
        ("lamp", 2000, 0, 0), ("mug", 500, 500, 1),
    ]  # fmt: skip
    assert quote.totals.total.amount_minor == 2380 + 583, "a lamp with its tax, and the parcel"
    order = await shop.place(basket, quote.id)
    assert await shop.figures("mug") == (1, 1)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    assert await shop.figures("mug") == (0, 0)
    with pytest.raises(NothingToRefund):
        await shop.refund(order, lines=[{"sku": "mug", "quantity": 1}])
    refund = await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}])
    assert refund.amount.amount_minor == 2380, "the gift is kept, and nobody is charged for it"
    assert await _is_verified(shop)


async def test_a_gift_that_is_gone_is_left_out_with_a_notice_and_comes_back_with_its_order(shop: Shop) -> None:
    await shop.stock("lamp", 5, price=2000)
    await shop.stock("mug", 1, price=500)
    gift = await shop.promote(GiftInput("mug"))
    basket, other = await shop.basket(lamp=1), await shop.basket(lamp=1)
    both = [await shop.quote(basket), await shop.quote(other)]
    order = await shop.place(basket, both[0].id)
    with pytest.raises(QuoteStale) as stale:
        await shop.place(other, both[1].id)
    assert stale.value.facts["changes"] == [{"what": "discount", "was_minor": 500, "now_minor": 0}]
    without = await shop.quote(other)
    assert [line.sku for line in without.lines] == ["lamp"]
    assert [(each.promotion_id, each.sku) for each in without.gifts_left_out] == [(gift.id, "mug")]
    await fall_through(shop, order, "expired")
    assert await shop.figures("mug") == (1, 0)
    placed = await shop.place(other, without.id)  # quoted without it: it stays so
    assert [line.sku for line in (await shop.now(placed)).lines] == ["lamp"]
    assert await _is_verified(shop)


async def test_a_gift_that_was_left_out_stays_so_where_its_sku_is_bought_as_well(shop: Shop) -> None:
    await shop.stock("mug", 2, price=2000)
    taken = await shop.order(mug=1)
    await shop.promote(GiftInput("mug"))
    basket = await shop.basket(mug=1)
    quote = await shop.quote(basket)
    assert [each.sku for each in quote.gifts_left_out] == ["mug"]
    await fall_through(shop, taken, "expired")
    placed = await shop.place(basket, quote.id)
    assert [(line.quantity, line.gift_quantity) for line in (await shop.now(placed)).lines] == [(1, 0)]


async def test_buyers_at_the_same_time_get_as_many_gifts_as_there_are_and_the_others_none(shop: Shop) -> None:
    await shop.stock("lamp", 20, price=2000)
    await shop.stock("mug", 3, price=500)
    await shop.promote(GiftInput("mug"))
    shops = shop.as_processes()

    async def buy() -> OrderState:
        one = next(shops)
        basket = await one.basket(lamp=1)
        while True:
            try:
                return await one.place(basket, (await one.quote(basket)).id)
            except QuoteStale:
                continue  # the gift went to somebody else: a new quote says so

    orders = await asyncio.gather(*(buy() for _ in range(10)))
    gifts = [line for order in orders for line in (await shop.now(order)).lines if line.gift_quantity]
    assert (len(gifts), await shop.figures("mug")) == (3, (3, 3))
    assert await _is_verified(shop)


async def test_nobody_announces_what_gives_a_gift_card_away_or_is_for_gift_cards_alone(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    await shop.stock("card", 5, price=2500, tax_class="gift-card")
    with pytest.raises(NeverMatches) as refused:
        await shop.promote(GiftInput("card"))
    assert refused.value.facts["pointer"] == "/off/sku"
    with pytest.raises(NeverMatches) as refused:
        await shop.promote(FreeShippingInput(), skus=["card"])
    assert refused.value.facts["pointer"] == "/skus"
    running = await shop.promote(GiftInput("lamp"), skus=["card", "lamp"])
    for wrong in (PromotionInput("x", GiftInput("card")), PromotionInput("x", GiftInput("lamp"), skus=["card"])):
        with pytest.raises(NeverMatches):
            await handlers.revise_promotion(shop.pool, running.id, wrong, None, CAUSE)


async def test_a_gift_card_that_was_promised_is_left_out_and_takes_nothing_off_one_that_is_bought(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    await shop.stock("card", 5, price=2500, tax_class="gift-card")
    promised = domain.announce(uuid7(), PromotionInput("of before", GiftInput("card")))
    async with shop.pool.acquire() as conn, conn.transaction():
        await store.announce(conn, promised, CAUSE)
    for bought in ({"lamp": 1}, {"lamp": 1, "card": 1}):
        quote = await shop.quote(await shop.basket(**bought))
        assert {line.sku: (line.quantity, line.discount_minor) for line in quote.lines} == {
            sku: (n, 0) for sku, n in bought.items()
        }
        assert [(each.promotion_id, each.sku) for each in quote.gifts_left_out] == [(promised.promotion_id, "card")]
    renamed = PromotionInput("of before, with another name", GiftInput("card"))
    await handlers.revise_promotion(shop.pool, promised.promotion_id, renamed, None, CAUSE)
