"""Price lists at the checkout: one rule for the cart, the quote and the order, and what was charged stays explained."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from write_side import catalog
from write_side.carts import handlers as carts
from write_side.carts.domain import NewCart
from write_side.errors import VersionConflict
from write_side.orders.refusals import QuoteStale
from write_side.pricing.domain import BrokenTiers, TierInput
from write_side.pricing.lists import handlers as lists
from write_side.pricing.lists.domain import (
    CurrencyFixed,
    ListPriceInput,
    PriceList,
    PriceListInput,
    PriceListOver,
    UnknownPriceList,
)


async def a_list(shop: Shop, tiers: dict[int, int], sku: str = "lamp", **said: Any) -> PriceList:
    """A running price list that says so of a SKU."""
    new = PriceListInput("Wholesale", "EUR", **said)
    made = msgspec.json.decode(
        (await lists.announce_price_list(shop.pool, new, CAUSE, new_call())).body, type=PriceList
    )
    await says(shop, made, sku, tiers)
    return made


async def says(shop: Shop, made: PriceList, sku: str, tiers: dict[int, int]) -> None:
    said = [ListPriceInput(sku, [TierInput(amount, quantity) for quantity, amount in tiers.items()])]
    await lists.set_list_prices(shop.pool, made.id, said, CAUSE, new_call())


async def test_the_quantity_decides_and_cart_quote_and_order_say_the_same(shop: Shop) -> None:
    await shop.stock("lamp", 100, price=1000)
    bulk = await a_list(shop, {1: 950, 10: 800})
    basket = await shop.basket(lamp=9)
    cart = await carts.show_cart(shop.pool, basket.id, basket.secret)
    assert cart.lines[0].unit_price is not None
    assert (cart.lines[0].unit_price.amount_minor, cart.subtotal.amount_minor) == (950, 8550)
    await shop.add(basket, "lamp", 1)
    quote = await shop.quote(basket)
    [line] = quote.lines
    assert (line.unit_price_minor, line.total_minor, line.price_list_id, line.from_quantity) == (800, 8000, bulk.id, 10)
    order = await shop.place(basket, quote.id)
    assert (await shop.now(order)).lines == quote.lines


async def test_a_channel_s_list_is_asked_in_carts_of_that_channel(shop: Shop) -> None:
    await shop.stock("lamp", 100, price=1000)
    await a_list(shop, {1: 900}, channels=["app"])
    for channel, amount in (("web", 1000), ("app", 900)):
        basket = shop.basket_of(await carts.open_cart(shop.pool, NewCart("EUR", channel), CAUSE))
        await shop.add(basket, "lamp", 1)
        quote = await shop.quote(basket)
        assert quote.lines[0].unit_price_minor == amount
        await shop.place(basket, quote.id)


async def test_a_quote_is_stale_once_its_list_says_otherwise_or_is_over(shop: Shop) -> None:
    await shop.stock("lamp", 100, price=1000)
    made = await a_list(shop, {1: 900})
    basket = await shop.basket(lamp=1)
    first = await shop.quote(basket)
    await says(shop, made, "lamp", {1: 850})
    with pytest.raises(QuoteStale) as stale:
        await shop.place(basket, first.id)
    assert stale.value.facts["changes"] == [{"what": "price", "sku": "lamp", "was_minor": 900, "now_minor": 850}]
    second = await shop.quote(basket)
    await lists.end_price_list(shop.pool, made.id, CAUSE)
    with pytest.raises(QuoteStale):
        await shop.place(basket, second.id)
    assert (await shop.quote(basket)).lines[0].unit_price_minor == 1000


async def test_a_list_is_over_by_the_clock_alone_and_one_that_says_nothing_more_is_passed_over(shop: Shop) -> None:
    await shop.stock("lamp", 100, price=1000)
    now = datetime.now(UTC)
    await a_list(shop, {1: 1}, priority=0, ends_at=now)
    await a_list(shop, {1: 2}, priority=1, starts_at=now + timedelta(hours=1))
    emptied = await a_list(shop, {1: 3}, priority=2)
    await says(shop, emptied, "lamp", {})
    assert (await shop.quote(await shop.basket(lamp=1))).lines[0].unit_price_minor == 1000


async def test_what_a_list_may_not_be_is_refused(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    made = await a_list(shop, {1: 900})
    with pytest.raises(BrokenTiers):
        await says(shop, made, "lamp", {10: 800, 5: 900})
    with pytest.raises(catalog.UnknownSku) as told:
        await says(shop, made, "sofa", {1: 900})
    assert told.value.facts == {"sku": "sofa", "skus": ["sofa"], "pointer": "/prices/0/sku"}
    with pytest.raises(CurrencyFixed):
        await lists.revise_price_list(shop.pool, made.id, PriceListInput("n", "USD"), None, CAUSE)
    with pytest.raises(VersionConflict):
        await lists.revise_price_list(shop.pool, made.id, PriceListInput("n", "EUR"), 7, CAUSE)
    await lists.end_price_list(shop.pool, made.id, CAUSE)
    with pytest.raises(PriceListOver):
        await says(shop, made, "lamp", {1: 800})
    with pytest.raises(UnknownPriceList):
        await lists.show_list_prices(shop.pool, (await shop.basket()).id, None, 10)
    page = await lists.show_list_prices(shop.pool, made.id, None, 10)
    assert [(price.sku, price.tiers[0].amount_minor) for price in page.prices] == [("lamp", 900)]
