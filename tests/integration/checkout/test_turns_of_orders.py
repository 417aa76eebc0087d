"""What is sold by turns, beside an order there is: its cart takes no turn any more, so nobody is told to queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import tried
from tests.integration.checkout.test_bundles import bundle
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_limits_of_exchanges import swapped, units
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_returns import now, receive, shipped
from tests.integration.checkout.test_sales import announced, take, ticket
from write_side.errors import Refusal
from write_side.orders import NotAddable
from write_side.orders.handlers import OrderState
from write_side.returns.refusals import NotExchangeable


async def test_as_many_as_come_back_are_exchanged_while_they_are_sold_by_turns(shop: Shop) -> None:
    """It was refused, `pass_required`, and a pass for its cart, `cart_ordered`: to customers and staff alike."""
    await shop.stock("lamp", 50)
    order = await shipped(shop, 2)
    await announced(shop)
    each = await receive(shop, await swap(shop, order, 1, lamp=1))
    assert (each.exchange_state, each.failure) == ("placed", None)


async def test_more_than_comes_back_or_something_else_is_not_exchanged_while_it_is_sold_by_turns(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=1000)
    order = await shipped(shop, 2)
    await announced(shop, skus=["lamp", "bulb"])
    for quantity, sku in ((2, "lamp"), (1, "bulb")):
        with pytest.raises(NotExchangeable) as told:
            await swapped(shop, order, {"lamp": 1}, {sku: quantity})
        assert told.value.facts == {"why": "sold_by_turns", "sku": sku}


async def test_who_sends_less_than_they_wish_gets_nothing_of_what_is_sold_by_turns(shop: Shop) -> None:
    """Else one of three that comes back would take two past everybody who waits."""
    await shop.stock("lamp", 50)
    orders = [await shipped(shop, 3) for _ in range(2)]
    await announced(shop)
    for wished, what in ((3, ("failed", "too_little_came")), (1, ("placed", None))):
        each = await swap(shop, orders.pop(), 3, lamp=wished)
        now_ = await now(shop, await receive(shop, each, {"sku": "lamp", "quantity": 1}))
        assert (now_.exchange_state, now_.failure) == what, wished


async def test_what_is_wished_beside_what_is_sold_by_turns_has_not_to_come_for_it(shop: Shop) -> None:
    """It failed (`too_little_came`) over a bulb that anybody can have."""
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=500)
    orders = [await shop.captured(lamp=1, bulb=2) for _ in range(2)]
    for order in orders:
        await ship(shop, order, order.number)
    await announced(shop)
    for came, what in (({"bulb": 2}, ("failed", "too_little_came")), ({"lamp": 1, "bulb": 1}, ("placed", None))):
        each = await swapped(shop, orders.pop(), both := {"lamp": 1, "bulb": 2}, both)
        now_ = await now(shop, await receive(shop, each, *units(came)))
        assert (now_.exchange_state, now_.failure) == what, came


async def test_a_bundle_that_is_sold_by_turns_is_exchanged_for_all_that_is_in_one(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=500)
    await bundle(shop, "set", 1500, lamp=1, bulb=2)
    order = await shop.captured(set=2)
    await ship(shop, order, order.number)
    await announced(shop, skus=["set"])
    with pytest.raises(NotExchangeable):
        await swapped(shop, order, {"lamp": 1, "bulb": 1}, {"set": 1})
    each = await swapped(shop, order, whole := {"lamp": 1, "bulb": 2}, {"set": 1})
    await receive(shop, each, *units(whole))
    assert (await now(shop, each)).exchange_state == "placed"


async def test_what_is_sold_by_turns_is_added_while_the_order_s_own_is_good(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=1000)
    without = await shop.captured(bulb=1)
    sale, basket = await announced(shop), await shop.basket()
    refused: Any = await tried(shop, without, lamp=1)
    assert (type(refused), refused.facts) == (NotAddable, {"why": "sold_by_turns", "sku": "lamp"})
    given = await take(shop, basket, ticket(shop, sale.id, 0))
    assert given.until > datetime.now(UTC) + timedelta(minutes=5)
    await shop.add(basket, "lamp", 1)
    order = await shop.place(basket, (await shop.quote(basket)).id)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    added: OrderState | Refusal = await tried(shop, order, lamp=1)
    assert isinstance(added, OrderState)
