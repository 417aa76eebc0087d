"""Purchase limits of what is wished instead: what is held counts like an order, and what comes back for as many of the
same is not had twice."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.patience import meeting, patient, waits_ahead_of_the_stock
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.test_bundles import bundle
from tests.integration.checkout.test_exchanges import at_provider, replacement, swap
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_purchase_limits import bought, left, limit
from tests.integration.checkout.test_returns import now, receive, shipped
from write_side.inventory import PurchaseLimitReached
from write_side.orders.handlers import OrderState
from write_side.returns import handlers, replacing
from write_side.returns.domain import ApproveReturn, NewReturn, Return


async def bulbs(shop: Shop) -> OrderState:
    """An order of one bulb, that has left."""
    order = await shop.captured(bulb=1)
    await ship(shop, order, order.number)
    return order


async def test_a_customer_holds_and_buys_so_many_however_many_exchanges_are_open_at_once(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 9, price=500)
    await limit(shop, most_per_customer=2)
    orders = [await bulbs(shop) for _ in range(4)]
    basket = await shop.basket(lamp=2)
    quote = await shop.quote(basket)
    async with patient(shop) as slow:
        calls: list[Any] = [swap(slow, order, 1, of="bulb", lamp=2) for order in orders]
        done = await meeting(slow, "stock_item", [*calls, slow.place(basket, quote.id)])
    assert Counter(isinstance(each, PurchaseLimitReached) for each in done) == {True: 4, False: 1}, done
    assert {type(each) for each in done} <= {PurchaseLimitReached, Return, OrderState}
    assert await shop.figures("lamp") == (50, 2)


async def test_what_is_held_counts_until_it_is_let_go_and_as_an_order_from_then_on(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 9, price=500)
    await limit(shop, most_per_customer=2)
    order = await bulbs(shop)
    by_hand = {"return_approval": "by_hand"}
    asked = [await swap(shop, each, 1, of="bulb", said=by_hand, lamp=2) for each in (order, await bulbs(shop))]
    for n, each in enumerate(asked):  # wished by both, held for one
        approving = handlers.approve_return(shop.pool, each.id, ApproveReturn(), shop.settings, CAUSE, new_call())
        if n:
            with pytest.raises(PurchaseLimitReached):
                await approving
        else:
            await approving
    assert left(await bought(shop, MAIL, lamp=1)) == [("lamp", 0)]
    await handlers.cancel_return(shop.pool, asked[0].order_id, asked[0].id, CAUSE, new_call())
    each = await receive(shop, await swap(shop, order, 1, of="bulb", lamp=1), {"sku": "bulb", "quantity": 1})
    assert (each.exchange_state, left(await bought(shop, MAIL, lamp=2))) == ("placed", [("lamp", 1)])
    assert isinstance(await bought(shop, MAIL, lamp=1), OrderState)


async def test_the_same_instead_is_no_purchase_however_often(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 9, price=500)
    order = await shipped(shop, 3)
    await limit(shop, most_per_customer=2)  # less than they have already
    first, second = [await swap(shop, order, 1, lamp=1) for _ in range(2)]
    await receive(shop, first)
    again = await swap(shop, order, 1, lamp=1)
    for each in (second, again):
        await receive(shop, each)
    with pytest.raises(PurchaseLimitReached) as refusal:
        await swap(shop, await bulbs(shop), 1, of="bulb", lamp=1)
    assert left(refusal.value) == [("lamp", 0)]
    await limit(shop, most_per_customer=4)
    assert left(await bought(shop, MAIL, lamp=2)) == [("lamp", 1)], "after three exchanges they have three"


async def test_where_less_comes_than_was_announced_nothing_is_sent_beyond_the_limit(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    order = await shipped(shop, 2)
    await limit(shop, most_per_customer=3)
    each = await receive(shop, await swap(shop, order, 1, lamp=2))
    assert (await replacement(shop, each)).totals.total.amount_minor == 2380
    order = await shipped_to(shop, "bob@shop.example")
    each = await receive(shop, await swap(shop, order, 2, lamp=3))
    now_ = await now(shop, each)
    assert (now_.state, now_.exchange_state, now_.failure) == ("received", "failed", "purchase_limit")
    assert await at_provider(shop, order) == [1190]


async def test_a_bundle_for_the_same_bundle_is_no_purchase_however_often(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=500)
    await bundle(shop, "set", 1500, lamp=1, bulb=2)
    await limit(shop, "set", most_per_customer=2)
    order = await shop.captured(set=2)
    await ship(shop, order, order.number)
    whole = {"lamp": 1, "bulb": 2}
    for n in range(2):
        each = await swapped(shop, order, whole, {"set": 1})
        assert left(await bought(shop, MAIL, set=1)) == [("set", 0)]
        await receive(shop, each, *units(whole))
        assert (await now(shop, each)).exchange_state == "placed", f"exchange {n}"
    new = await replacement(shop, each)
    await shop.work()
    await shop.work()
    await ship(shop, new, new.number)
    again = await swapped(shop, new, whole, {"set": 1})
    assert again.exchange_state == "held", "what was sent instead is exchanged, too"
    await limit(shop, "set", most_per_customer=3)
    assert left(await bought(shop, MAIL, set=2)) == [("set", 1)], "after three exchanges they have two"


async def test_part_of_a_bundle_is_no_bundle_that_comes_back(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    await shop.stock("bulb", 50, price=500)
    await bundle(shop, "set", 1500, lamp=1, bulb=2)
    await limit(shop, "set", most_per_customer=1)
    order = await shop.captured(set=1)
    await ship(shop, order, order.number)
    with pytest.raises(PurchaseLimitReached):
        await swapped(shop, order, {"lamp": 1, "bulb": 1}, {"set": 1})
    each = await swapped(shop, order, {"lamp": 1, "bulb": 2}, {"set": 1})
    await receive(shop, each, *units({"lamp": 1, "bulb": 1}))
    assert (await now(shop, each)).failure == "purchase_limit"


def units(goods: dict[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in goods.items()]


async def swapped(shop: Shop, order: OrderState, given: dict[str, int], instead: dict[str, int]) -> Return:
    body = {"lines": units(given), "reason": "wrong_size", "instead": units(instead)}
    wanted = msgspec.convert(body, NewReturn)
    offer = await replacing.offer(shop.pool, shop.keyring, shop.outside, shop.settings, order.id, wanted)
    asked = handlers.request_return(
        shop.pool, order.id, wanted, "customer", shop.settings, CAUSE, new_call(), offer
    )
    return msgspec.json.decode((await asked).body, type=Return)


async def test_what_falls_short_of_a_limit_holds_gift_cards_ahead_of_the_stock(shop: Shop) -> None:
    """As placing does: else the two may wait for each other."""
    await shop.stock("lamp", 50)
    basket = await shop.basket(lamp=2)
    order = await shop.place(basket, (await shop.quote(basket, gifts=[(await shop.gift_card(9000)).code])).id)
    await shop.work()
    await shop.work()
    await ship(shop, order, order.number)
    await limit(shop, most_per_customer=3)
    each = await swap(shop, order, 2, lamp=3)
    async with patient(shop) as slow:
        await waits_ahead_of_the_stock(slow, "gift_card", receive(slow, each))
    now_ = await now(shop, each)
    assert (now_.exchange_state, now_.failure) == ("failed", "purchase_limit")
    assert await shop.figures("lamp") == (49, 0)


async def shipped_to(shop: Shop, mail: str) -> OrderState:
    """Two lamps that have left for somebody else."""
    basket = await shop.basket(lamp=2)
    order = await shop.place(basket, (await shop.quote(basket, mail)).id)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    await ship(shop, order, order.number)
    return order
