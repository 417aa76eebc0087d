"""A turn that a guest took goes along with their cart, as they sign in: it was the goods' that it was taken for."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from doorbuster import verify
from shared.events.sales import PassGiven
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_shopping import cart_of, lines_of, signed_in, take_over
from tests.integration.checkout.shop import Basket
from tests.integration.checkout.test_sales import announced, take, ticket
from write_side.sales import PassRequired, store
from write_side.sales.domain import SalePass, TurnTaken


async def passes_of(customers: Customers, cart: Basket) -> list[SalePass]:
    async with customers.pool.acquire() as conn:
        return [each for each in await store.all_passes(conn) if each.cart_id == cart.id]


async def moves(customers: Customers) -> int:
    query = "SELECT count(*) FROM event_log WHERE type = 'sales.pass_moved.v1'"
    return int(await customers.pool.fetchval(query))


async def test_what_was_taken_a_turn_for_is_ordered_from_the_account_s_cart_and_from_no_other(
    customers: Customers,
) -> None:
    """It was refused, `pass_required`, and its ticket, too: `turn_taken`."""
    shop = customers.shop
    await shop.stock("lamp", 5)
    sale, who = await announced(shop), await signed_in(customers)
    guests, own = await shop.basket(), await cart_of(customers, who)
    given = await take(shop, guests, token := ticket(shop, sale.id, 0))
    await shop.add(guests, "lamp", 1)
    await asyncio.gather(*(take_over(customers, who, guests, own) for _ in range(4)))
    assert (await lines_of(customers, own), await moves(customers)) == ({"lamp": 1}, 1)
    kept = await take(shop, own, token)
    assert (kept.id, kept.position, kept.until) == (given.id, 0, given.until)
    with pytest.raises(PassRequired):
        await shop.add(guests, "lamp", 1)
    with pytest.raises(TurnTaken):
        await take(shop, guests, token)
    assert (await shop.place(own, (await shop.quote(own)).id)).state == "pending_payment"
    async with shop.pool.acquire() as conn:
        assert await verify.differences(conn) == []


async def test_a_turn_goes_along_before_anything_was_bought_by_it(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 5)
    sale, who = await announced(shop), await signed_in(customers)
    guests, own = await shop.basket(), await cart_of(customers, who)
    await take(shop, guests, ticket(shop, sale.id, 0))
    await take_over(customers, who, guests, own)
    await shop.add(own, "lamp", 1)
    assert await passes_of(customers, guests) == []


async def test_who_holds_a_turn_of_the_sale_already_leaves_the_other_one_where_it_is(customers: Customers) -> None:
    """Two for one order would waste one of them."""
    shop = customers.shop
    await shop.stock("lamp", 5)
    sale, who = await announced(shop), await signed_in(customers)
    guests, own = await shop.basket(), await cart_of(customers, who)
    mine, theirs = await take(shop, own, ticket(shop, sale.id, 0)), await take(shop, guests, ticket(shop, sale.id, 1))
    await shop.add(guests, "lamp", 1)
    await take_over(customers, who, guests, own)
    assert (await passes_of(customers, own), await passes_of(customers, guests)) == ([mine], [theirs])
    await shop.add(guests, "lamp", 1)


async def test_a_pass_that_ran_out_stays_where_it_was(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 5)
    guests, who = await shop.basket(lamp=1), await signed_in(customers)
    sale, own = await announced(shop), await cart_of(customers, who)
    over = PassGiven(uuid7(), sale.id, 0, guests.id, datetime.now(UTC) - timedelta(seconds=1))
    async with customers.pool.acquire() as conn, conn.transaction():
        await store.give_pass(conn, over, CAUSE)
    await take_over(customers, who, guests, own)
    assert (len(await passes_of(customers, guests)), await passes_of(customers, own)) == (1, [])
    with pytest.raises(PassRequired):
        await shop.quote(own)
