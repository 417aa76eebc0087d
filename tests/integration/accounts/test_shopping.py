"""Whoever is signed in: their addresses, the cart that follows them, and the orders that are theirs."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from shared.events.carts import CartOpened
from shared.ids import uuid7
from shared.links import cart_secret
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import ADDRESS, MAIL, Basket
from tests.integration.checkout.test_price_lists import a_list
from write_side.accounts import SignedIn, address_book, staff
from write_side.accounts.domain import UnknownAddress
from write_side.carts import WrongSecret
from write_side.carts import handlers as carts
from write_side.carts import store as carts_store
from write_side.carts.domain import NewCart, OtherPlace, hash_of
from write_side.orders.claiming import OrderTaken, claim_order, claim_orders_of

EUR = NewCart("EUR")


async def signed_in(customers: Customers, mail: str = MAIL) -> SignedIn:
    who = await customers.who(await customers.customer(mail))
    assert who is not None
    return who


async def cart_of(customers: Customers, who: SignedIn, link_secret: str | None = None) -> Basket:
    secret = link_secret or customers.shop.settings.link_secret
    answer = await carts.open_account_cart(customers.pool, secret, who.account_id, EUR, CAUSE)
    return customers.shop.basket_of(answer)


async def take_over(customers: Customers, who: SignedIn, guests: Basket, own: Basket) -> None:
    await carts.take_over_cart(customers.pool, who.account_id, guests.id, own.id, guests.secret, CAUSE)


async def lines_of(customers: Customers, cart: Basket) -> dict[str, int]:
    state = await carts.show_cart(customers.pool, cart.id, cart.secret)
    return {line.sku: line.quantity for line in state.lines}


async def test_addresses_come_and_go_and_one_is_the_default(customers: Customers) -> None:
    who, desk = await signed_in(customers), customers.desk
    first = msgspec.json.decode((await address_book.save_address(desk, who, None, ADDRESS, CAUSE)).body)["id"]
    moved = msgspec.structs.replace(ADDRESS, city="Hamburg")
    await address_book.save_address(desk, who, None, moved, CAUSE)
    await address_book.set_default(desk, who, UUID(first), CAUSE)
    shown = await address_book.show(desk, who)
    assert [(entry.address.city, entry.default) for entry in shown.addresses] == [("London", True), ("Hamburg", False)]
    assert shown.mail == MAIL
    await address_book.save_address(desk, who, UUID(first), moved, CAUSE)
    await address_book.remove_address(desk, who, UUID(first), CAUSE)
    [left] = (await address_book.show(desk, who)).addresses
    assert (left.address.city, left.default) == ("Hamburg", False)
    with pytest.raises(UnknownAddress):
        await address_book.set_default(desk, who, UUID(first), CAUSE)
    kept = await customers.pool.fetchval("SELECT string_agg(convert_from(payload, 'UTF8'), '') FROM event_log")
    assert "Hamburg" not in kept


async def test_an_account_has_one_cart_on_all_devices_until_something_is_ordered(customers: Customers) -> None:
    await customers.shop.stock("lamp", 10)
    who = await signed_in(customers)
    first, again = await cart_of(customers, who), await cart_of(customers, who)
    assert first == again
    await customers.shop.add(first, "lamp", 1)
    quote = await customers.shop.quote(again)
    order = await customers.shop.place(first, quote.id)
    assert (await customers.shop.now(order)).account_id == who.account_id
    assert (await cart_of(customers, who)).id != first.id


async def test_two_devices_that_open_the_cart_at_once_get_the_same(customers: Customers) -> None:
    """One has written it and not committed: the other, who saw none, waits for it and then sees it."""
    who = await signed_in(customers)
    secret = customers.shop.settings.link_secret
    event = CartOpened(uuid7(), "EUR", account_id=who.account_id)
    async with customers.pool.acquire() as conn:
        await conn.execute("SET transaction_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        async with conn.transaction():
            await carts_store.save_opened(conn, event, hash_of(cart_secret(secret, event.cart_id)), CAUSE)
            other = asyncio.ensure_future(cart_of(customers, who))
            await until_waiting(customers.pool, 1, [other])
    assert (await other).id == event.cart_id


@pytest.mark.parametrize("kept", ["another secret's", "none, after a repair"])
async def test_an_account_opens_its_cart_whatever_secret_was_kept_of_it(customers: Customers, kept: str) -> None:
    """It was refused for ever: 403 `wrong_cart_secret`, and no way to another cart."""
    shop = customers.shop
    await shop.stock("lamp", 10)
    who = await signed_in(customers)
    before = await cart_of(customers, who, "the secret of links before")
    await shop.add(before, "lamp", 1)
    if kept == "none, after a repair":
        await customers.pool.execute("UPDATE cart SET secret_sha256 = ''")
    now, at_once = await asyncio.gather(cart_of(customers, who), cart_of(customers, who))
    assert now == at_once
    assert (now.id, await lines_of(customers, now)) == (before.id, {"lamp": 1})
    await shop.add(now, "lamp", 1)
    with pytest.raises(WrongSecret):
        await shop.add(before, "lamp", 1)
    assert (await shop.place(now, (await shop.quote(now)).id)).state == "pending_payment"


async def test_a_guest_s_cart_goes_into_the_account_s_once_and_by_its_secret_alone(customers: Customers) -> None:
    for sku in ("lamp", "bulb"):
        await customers.shop.stock(sku, 10)
    who = await signed_in(customers)
    own, guests = await cart_of(customers, who), await customers.shop.basket(lamp=2, bulb=1)
    await customers.shop.add(own, "lamp", 1)
    with pytest.raises(WrongSecret):
        await take_over(customers, who, Basket(guests.id, own.secret), own)
    await asyncio.gather(*(take_over(customers, who, guests, own) for _ in range(4)))
    assert await lines_of(customers, own) == {"lamp": 3, "bulb": 1}
    assert await lines_of(customers, guests) == {}
    stranger = await signed_in(customers, "eve@example.org")
    with pytest.raises(OtherPlace):
        await take_over(customers, stranger, await customers.shop.basket(lamp=1), own)


async def test_a_guest_s_orders_come_to_the_account_by_mail_or_one_by_its_link(customers: Customers) -> None:
    await customers.shop.stock("lamp", 10)
    first, second = await customers.shop.order(lamp=1), await customers.shop.order(lamp=1)
    basket = await customers.shop.basket(lamp=1)
    others = await customers.shop.place(basket, (await customers.shop.quote(basket, "eve@example.org")).id)
    who = await signed_in(customers)
    claimed = await claim_orders_of(customers.pool, who.person_id, who.account_id, CAUSE)
    assert msgspec.json.decode(claimed.body) == {"orders": 2, "more": False}
    assert {(await customers.shop.now(order)).account_id for order in (first, second)} == {who.account_id}
    assert (await customers.shop.now(others)).account_id is None
    await claim_order(customers.pool, others.id, who.account_id, CAUSE)
    assert (await claim_order(customers.pool, others.id, who.account_id, CAUSE)).positions == {}
    with pytest.raises(OrderTaken):
        await claim_order(customers.pool, others.id, uuid7(), CAUSE)
    assert (await customers.shop.history(others))[-1] == "order_claimed"


async def test_the_groups_of_the_cart_s_account_go_into_its_quotes(customers: Customers) -> None:
    await customers.shop.stock("lamp", 10)
    who = await signed_in(customers)
    await staff.set_groups(customers.pool, who.account_id, ["wholesale"], CAUSE)
    own = await cart_of(customers, who)
    await customers.shop.add(own, "lamp", 1)
    quote = await customers.shop.quote(own)
    row = await customers.pool.fetchrow("SELECT groups, account_id FROM quote WHERE id = $1", quote.id)
    assert tuple(row or ()) == (["wholesale"], who.account_id)


async def test_a_group_s_list_is_the_group_s_alone_and_holds_for_what_was_quoted(customers: Customers) -> None:
    shop = customers.shop
    await shop.stock("lamp", 100, price=1000)
    await a_list(shop, {1: 700}, groups=["wholesale"])
    basket = await shop.basket(lamp=1)
    assert (await shop.quote(basket)).lines[0].unit_price_minor == 1000
    who = await signed_in(customers)
    await staff.set_groups(customers.pool, who.account_id, ["wholesale"], CAUSE)
    own = await cart_of(customers, who)
    await shop.add(own, "lamp", 1)
    quote = await shop.quote(own)
    await staff.set_groups(customers.pool, who.account_id, [], CAUSE)
    order = await shop.place(own, quote.id)
    assert (await shop.now(order)).lines[0].unit_price_minor == 700
