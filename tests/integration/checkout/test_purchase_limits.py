"""Purchase limits at the checkout: however many orders a customer places at once, they get so many and no more."""

import asyncio
from typing import Any

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import Shop
from write_side.inventory import PurchaseLimitReached
from write_side.inventory.limits.domain import SetPurchaseLimit
from write_side.inventory.limits.handlers import set_limit
from write_side.orders.closing import cancel_order, close_order
from write_side.orders.handlers import OrderState


async def limit(shop: Shop, sku: str = "lamp", **limits: int) -> None:
    await set_limit(shop.pool, sku, SetPurchaseLimit(**limits), CAUSE)


async def bought(shop: Shop, mail: str = "ada@shop.example", **lines: int) -> OrderState | PurchaseLimitReached:
    basket = await shop.basket(**lines)
    try:
        return await shop.place(basket, (await shop.quote(basket, mail)).id)
    except PurchaseLimitReached as refused:
        return refused


def left(refused: Any) -> list[tuple[str, int]]:
    assert isinstance(refused, PurchaseLimitReached)
    return [(line["sku"], line["left"]) for line in refused.facts["lines"]]


async def test_a_customer_gets_so_many_however_many_orders_they_place_at_once(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    await limit(shop, most_per_customer=3)
    baskets = [await shop.basket(lamp=1) for _ in range(12)]
    spellings = ["ada@shop.example", " ADA@shop.example", "Ada@Shop.Example"]
    quotes = [await shop.quote(basket, spellings[n % 3]) for n, basket in enumerate(baskets)]
    shops = shop.as_processes()  # several calls at once, and several orders in a call
    placing = [(next(shops), basket, quote) for basket, quote in zip(baskets, quotes, strict=True)]
    async with shop.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await conn.execute("SELECT FROM stock_item WHERE sku = 'lamp' FOR UPDATE")
        orders = [asyncio.ensure_future(one.place(basket, quote.id)) for one, basket, quote in placing]
        await until_waiting(shop.pool, 4)  # each has counted, or waits for its turn to
        await transaction.rollback()
    outcomes = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(isinstance(each, OrderState) for each in outcomes) == 3
    assert {type(each) for each in outcomes} == {OrderState, PurchaseLimitReached}
    assert await shop.figures("lamp") == (100, 3)
    assert isinstance(await bought(shop, "bob@shop.example", lamp=3), OrderState)
    assert left(await bought(shop, lamp=1)) == [("lamp", 0)]


@pytest.mark.parametrize("how", ["cancelled", "expired", "kept"])
async def test_what_did_not_go_through_does_not_count(shop: Shop, how: str) -> None:
    await shop.stock("lamp", 9)
    await limit(shop, most_per_customer=2)
    order = await bought(shop, lamp=1)
    assert isinstance(order, OrderState)
    assert left(await bought(shop, lamp=2)) == [("lamp", 1)]
    if how == "cancelled":
        await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    if how == "expired":
        await close_order(shop.pool, order.id, "expired", CAUSE, now=order.expires_at)
        await shop.work()
    assert isinstance(await bought(shop, lamp=2), PurchaseLimitReached if how == "kept" else OrderState)


async def test_limits_are_per_order_too_within_a_window_and_can_be_lifted(shop: Shop) -> None:
    await shop.stock("lamp", 99)
    await shop.stock("bulb", 99)
    await limit(shop, most_per_order=2)
    assert left(await bought(shop, lamp=3, bulb=50)) == [("lamp", 2)]
    assert isinstance(await bought(shop, lamp=2, bulb=50), OrderState)
    await limit(shop, most_per_customer=3, window_days=30)
    assert left(await bought(shop, lamp=2)) == [("lamp", 1)]
    async with shop.pool.acquire() as conn:
        assert await conn.fetchval("SELECT orders_bought(person_id, 'lamp', 30) FROM customer_order") == 2
        assert await conn.fetchval("SELECT orders_bought(person_id, 'lamp', 0) FROM customer_order") == 0
    await limit(shop)
    assert isinstance(await bought(shop, lamp=30), OrderState)


async def test_a_quote_from_before_the_limit_is_refused_when_it_is_placed(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    basket = await shop.basket(lamp=3)
    quote = await shop.quote(basket)
    await limit(shop, most_per_order=2)
    with pytest.raises(PurchaseLimitReached):
        await shop.place(basket, quote.id)
    assert await shop.figures("lamp") == (9, 0)
