"""Shipping that was kept for what was added goes back once that is over, however it ended."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from tests.fixtures.reacting import publish, react_to_all
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import patient, waits_ahead_of_the_stock
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, add_paid, given_back, paid, total
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_releases import release
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side import orders, reactions
from write_side.fulfilment.editing import freeing
from write_side.orders import closing
from write_side.orders.handlers import OrderState


async def come_to_know(shop: Shop) -> None:
    """As if the relay had got to the end of the log."""
    await react_to_all(shop.pool, *freeing.reactions())


async def authorized(shop: Shop, order: OrderState) -> None:
    """Paid and not captured: it may still be cancelled."""
    await shop.pay(order)
    await shop.complete(order)


async def cancel(shop: Shop, order: OrderState) -> None:
    await closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)


async def refuse(shop: Shop, order: OrderState) -> None:
    """As fraud checks do, or whoever looks at a payment that was held."""
    async with shop.pool.acquire() as conn, conn.transaction():
        locked = await orders.lock_order(conn, order.id)
        assert locked is not None
        await orders.begin_closing(conn, locked, "payment_not_accepted", CAUSE)
    await shop.work()


async def refund(shop: Shop, order: OrderState) -> None:
    await shop.work()  # captures it
    await shop.refund(order, reason="goodwill", lines=[{"sku": "lamp", "quantity": 1}], restock=True)


@pytest.mark.parametrize("end", [cancel, refuse, refund])
async def test_shipping_that_was_kept_for_what_was_added_goes_back_however_that_ends(
    shop: Shop, end: Callable[[Shop, OrderState], Awaitable[None]]
) -> None:
    await shop.stock("lamp", 10)
    order, other = await shop.captured(lamp=1), await shop.captured(lamp=1)
    more, ends = await add(shop, order, lamp=1), await add(shop, other, lamp=1)
    await authorized(shop, ends)
    await end(shop, ends)
    await authorized(shop, more)
    await edit(shop, order, lamp=0)
    await come_to_know(shop)
    assert await given_back(shop, order) < await total(shop, order), "the other one goes by it"
    await end(shop, more)
    for _ in range(2):
        await come_to_know(shop)
    assert await given_back(shop, order) == await total(shop, order)
    assert await given_back(shop, other) == 0, "it goes itself"


async def arrived(shop: Shop, order: OrderState) -> None:
    """It was sent, and nobody sent it back for long."""
    await ship(shop, order, order.number)
    async with shop.pool.acquire() as conn, conn.transaction():
        await orders.complete(conn, await orders.lock_whole(conn, order.id), CAUSE)


async def test_what_was_added_and_is_done_went_by_the_shipping_whatever_comes_back_of_it(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add_paid(shop, order, lamp=1)
    await edit(shop, order, lamp=0)
    await arrived(shop, more)
    await shop.refund(more, reason="returned", lines=[{"sku": "lamp", "quantity": 1}])
    await come_to_know(shop)
    assert await given_back(shop, order) == 1190


async def test_what_was_added_and_is_done_went_by_the_shipping_whatever_is_taken_back_later(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order, other = await shop.captured(lamp=1), await shop.captured(lamp=1)
    more, last = await add_paid(shop, order, lamp=1), await add_paid(shop, order, lamp=1)
    for each in (more, await add_paid(shop, other, lamp=1)):
        await arrived(shop, each)
    await edit(shop, order, lamp=0)
    await edit(shop, last, lamp=0)
    await edit(shop, other, lamp=0)
    await come_to_know(shop)
    assert [await given_back(shop, each) for each in (order, other)] == [1190, 1190]


async def test_lines_that_are_all_released_go_by_no_shipping(shop: Shop) -> None:
    await shop.stock("lamp", 10, grams=1200)
    order = await shop.captured(lamp=1)
    await shop.work()
    await set_zone(shop, STANDARD)  # both weigh more than the first one paid for
    more = await add(shop, order, lamp=1)
    await authorized(shop, more)
    await edit(shop, order, lamp=0)
    await come_to_know(shop)
    assert await given_back(shop, order) < await total(shop, order), "the other one goes by it"
    await release(shop, more, lines=[{"sku": "lamp", "quantity": 1}], restock=True)  # its own shipping stays
    await come_to_know(shop)
    assert await given_back(shop, order) == await total(shop, order)


async def test_of_shipping_that_is_freed_as_much_goes_back_as_is_left_of_the_money(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    await shop.work()
    await shop.refund(order, reason="goodwill", amount_minor=200)
    more = await add(shop, order, lamp=1)
    await authorized(shop, more)
    await edit(shop, order, lamp=0)
    await come_to_know(shop)
    assert await given_back(shop, order) < await total(shop, order)
    await cancel(shop, more)
    await come_to_know(shop)
    assert await given_back(shop, order) == await total(shop, order)


async def test_groups_of_orders_are_paid_back_one_by_one_whoever_holds_the_next(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    groups = [await shop.captured(lamp=1) for _ in range(2)]
    more = [await add(shop, order, lamp=1) for order in groups]
    for order, added in zip(groups, more, strict=True):
        await authorized(shop, added)
        await edit(shop, order, lamp=0)
    await come_to_know(shop)
    for added in more:
        await cancel(shop, added)
    await publish(shop.pool)
    [reaction] = freeing.reactions()
    held = await asyncpg.connect(shop.settings.database_url)
    async with held.transaction():
        await held.execute("SELECT FROM customer_order WHERE id = $1 FOR UPDATE", groups[1].id)
        await asyncio.wait_for(reactions.advance(shop.pool, reaction), 15)
        assert await given_back(shop, groups[0]) == await total(shop, groups[0])
    await held.close()
    await come_to_know(shop)
    assert await given_back(shop, groups[1]) == await total(shop, groups[1])


async def test_what_shipping_goes_back_to_is_held_ahead_of_the_stock(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket, gifts=[(await shop.gift_card(5000)).code])
    order = await shop.place(basket, quote.id)
    await shop.work()
    await shop.work()
    more = await add(shop, order, lamp=1)
    await paid(shop, more)
    await edit(shop, order, lamp=0)
    async with patient(shop) as slow:
        await waits_ahead_of_the_stock(slow, "gift_card", edit(slow, more, lamp=0))
    assert await given_back(shop, order) == quote.totals.total.amount_minor
