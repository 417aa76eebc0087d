"""Promotions at the checkout: what was quoted is charged, and a limit is a limit however many come at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from doorbuster import verify
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.falling_through import WAYS, fall_through
from tests.integration.checkout.shop import Shop
from write_side.orders.closing import close_expired
from write_side.orders.handlers import OrderState
from write_side.orders.refusals import QuoteStale
from write_side.promotions import handlers as promotions
from write_side.promotions.domain import (
    BelowUsed,
    BudgetFixed,
    BudgetInput,
    CodeTaken,
    Promotion,
    PromotionInput,
)
from write_side.promotions.domain import FreeShippingInput as FreeShipping
from write_side.promotions.domain import PercentageInput as Percentage


async def _is_verified(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


async def test_lines_less_discount_and_shipping_and_tax_are_what_is_charged(shop: Shop) -> None:
    await shop.stock("lamp", 5, price=1999)
    await shop.stock("bulb", 5, price=333)
    await shop.promote(Percentage(1500), code="SUMMER-15")
    await shop.promote(FreeShipping(), minimum={"EUR": 2000})
    basket = await shop.basket(lamp=1, bulb=3)
    quote = await shop.quote(basket, codes=["SUMMER-15", "NO-SUCH"])
    amounts = {name: getattr(quote.totals, name).amount_minor for name in quote.totals.__struct_fields__}
    # 15 % of 29.98 and the shipping of 4.90; 19 % of 16.99 and of 8.49
    assert amounts == {"lines": 2998, "shipping": 490, "discount": 940, "tax": 323 + 161, "total": 3032}
    assert [(each.code, each.lines_minor, each.shipping_minor) for each in quote.discounts] == [
        ("SUMMER-15", 450, 0), ("", 0, 490),
    ]  # fmt: skip
    assert [(each.code, each.why) for each in quote.refused_codes] == [("NO-SUCH", "unknown_code")]
    order = await shop.place(basket, quote.id)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    payment = await shop.payment(order)
    assert (payment.state, payment.amount_minor) == ("captured", 3032)
    assert (await shop.now(order)).discounts == quote.discounts
    assert await _is_verified(shop)


async def test_what_a_promotion_promised_holds_until_it_ends_and_then_the_quote_is_stale(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    sale = await shop.promote(Percentage(1000))
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    await promotions.end_promotion(shop.pool, sale.id, CAUSE)
    with pytest.raises(QuoteStale):
        await shop.place(basket, quote.id)
    assert (await shop.quote(basket)).discounts == []


async def test_one_customer_uses_it_so_often_however_they_spell_their_mail(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    coupon = await shop.promote(Percentage(1000), code="ONCE-EACH", most_per_customer=1)
    spellings = ["ada@shop.example", "Ada@Shop.Example", " ada@shop.example", "ADA@SHOP.EXAMPLE"]
    shops = shop.as_processes()
    outcomes = await asyncio.gather(*(next(shops).bought_by("ONCE-EACH", mail) for mail in spellings * 3))
    assert sum(isinstance(each, OrderState) for each in outcomes) == 1
    assert isinstance(await shop.bought_by("ONCE-EACH", "bob@shop.example"), OrderState)
    assert await shop.bought_by("ONCE-EACH", "ada@shop.example") == "used_up_by_you"
    assert await shop.used(coupon) == 2


@pytest.mark.parametrize("how", WAYS)
async def test_a_use_comes_back_when_its_order_does_not_go_through(shop: Shop, how: str) -> None:
    await shop.stock("lamp", 5)
    coupon = await shop.promote(Percentage(1000), code="ONE", most=1)
    order = await shop.bought_by("ONE", "ada@shop.example")
    assert isinstance(order, OrderState)
    assert await shop.bought_by("ONE", "bob@shop.example") == "used_up"
    await fall_through(shop, order, how)
    assert (await shop.now(order)).state == ("expired" if how == "expired" else "cancelled")
    assert await shop.used(coupon) == 0
    assert isinstance(await shop.bought_by("ONE", "bob@shop.example"), OrderState)
    assert await _is_verified(shop)


async def test_who_loses_the_race_for_the_stock_takes_no_use_with_them(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    coupon = await shop.promote(Percentage(1000), code="MANY", most=30)
    outcomes = await asyncio.gather(
        *(shop.bought_by("MANY", f"guest-{n}@shop.example") for n in range(20)), return_exceptions=True
    )
    assert sum(isinstance(each, OrderState) for each in outcomes) == await shop.used(coupon) == 3
    assert await _is_verified(shop)


async def test_the_row_refuses_what_a_mistake_of_ours_would_let_through(shop: Shop) -> None:
    coupon = await shop.promote(Percentage(1000), code="ONE", most=1, budget=BudgetInput(1000, "EUR"))
    for column, guard in (("used = 2", "never_overused"), ("granted_minor = 1001", "within_budget")):
        with pytest.raises(asyncpg.CheckViolationError, match=guard):
            await shop.pool.execute(f"UPDATE promotion SET {column} WHERE id = $1", coupon.id)


async def test_a_budget_is_never_passed_and_what_falls_through_gives_its_part_back(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    coupon = await shop.promote(Percentage(1000), code="BUDGET", budget=BudgetInput(550, "EUR"))  # 1.00 off a lamp
    shops = shop.as_processes()
    outcomes = await asyncio.gather(*(next(shops).bought_by("BUDGET", f"guest-{n}@shop.example") for n in range(16)))
    orders = [each for each in outcomes if isinstance(each, OrderState)]
    assert (len(orders), await _granted(shop, coupon)) == (5, 500)
    for order, how in zip(orders, WAYS, strict=False):
        await fall_through(shop, order, how)
    assert await _granted(shop, coupon) == 200
    assert isinstance(await shop.bought_by("BUDGET", "bob@shop.example"), OrderState)
    assert await _is_verified(shop)


async def _granted(shop: Shop, coupon: Promotion) -> int:
    return (await promotions.show_promotion(shop.pool, coupon.id)).granted_minor


async def test_a_budget_keeps_its_currency_and_is_not_lowered_below_what_is_granted(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    coupon = await shop.promote(Percentage(1000), code="SOME", budget=BudgetInput(200, "EUR"))
    assert isinstance(await shop.bought_by("SOME", "ada@shop.example"), OrderState)
    for other in (None, BudgetInput(200, "USD")):
        with pytest.raises(BudgetFixed):
            await _revise(shop, coupon, budget=other)
    with pytest.raises(BelowUsed):
        await _revise(shop, coupon, budget=BudgetInput(99, "EUR"))
    await _revise(shop, coupon, budget=BudgetInput(100, "EUR"))
    assert await shop.bought_by("SOME", "bob@shop.example") == "used_up"


async def test_a_limit_is_not_lowered_below_what_is_used_and_a_code_is_somebodys_for_good(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    coupon = await shop.promote(Percentage(1000), code="TWO", most=5)
    for name in ("ada", "bob"):
        assert isinstance(await shop.bought_by("TWO", f"{name}@shop.example"), OrderState)
    with pytest.raises(BelowUsed):
        await _revise(shop, coupon, most=1)
    await _revise(shop, coupon, most=2)
    assert await shop.bought_by("TWO", "eve@shop.example") == "used_up"
    await promotions.end_promotion(shop.pool, coupon.id, CAUSE)
    assert await shop.bought_by("TWO", "eve@shop.example") == "over"
    with pytest.raises(CodeTaken):
        await shop.promote(Percentage(1000), code="TWO")
    assert await _is_verified(shop)


async def _revise(shop: Shop, coupon: Promotion, **terms: Any) -> None:
    said = PromotionInput("Sale", Percentage(1000), code=coupon.terms.code, **terms)
    await promotions.revise_promotion(shop.pool, coupon.id, said, None, CAUSE)


async def test_a_promotion_begins_and_is_over_by_the_clock_alone(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    now = datetime.now(UTC)
    await shop.promote(Percentage(1000), starts_at=now + timedelta(hours=1))
    await shop.promote(Percentage(2000), ends_at=now - timedelta(seconds=1))
    assert (await shop.quote(await shop.basket(lamp=1))).discounts == []
    assert await close_expired(shop.pool) == 0
