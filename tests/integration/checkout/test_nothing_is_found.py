"""Nothing of an order is found at the shelf: its shipping is paid back with its goods, unless others go by it."""

from typing import Any

from shared.events.refunds import RefundedLine
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, add_paid, given_back, total
from tests.integration.checkout.test_freed_shipping import arrived, cancel, come_to_know
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, missing, picks, react, ship_pick, start
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import GiftInput

MUG: list[dict[str, Any]] = [{"sku": "mug", "quantity": 1}]


async def finds_nothing(shop: Shop, order: OrderState, quantity: int = 1) -> None:
    """Whoever is at the shelf with the list of an order that waits."""
    await react(shop)
    [pick] = [pick for pick in await picks(shop, order) if pick.state == "listed"]
    await start(shop, pick)
    await finish(shop, pick, missing=missing(quantity), reason="damaged", otherwise="refund")


async def with_a_gift(shop: Shop) -> OrderState:
    """A lamp, and a mug for nothing."""
    await shop.stock("lamp", 1)
    await shop.stock("mug", 1, price=500)
    await shop.promote(GiftInput("mug"))
    order = await shop.captured(lamp=1)
    await react(shop)
    return order


async def misses_the_gift(shop: Shop, order: OrderState, **otherwise: str) -> None:
    [pick] = await picks(shop, order)
    await start(shop, pick)
    await finish(shop, pick, missing=MUG, reason="damaged", **otherwise)


async def test_what_is_found_at_no_shelf_costs_no_shipping(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("lamp", 1, warehouse="HAM")
    order = await shop.captured(lamp=2)
    await react(shop)
    for pick in await picks(shop, order):
        await start(shop, pick)
        await finish(shop, pick, missing=missing(1), reason="not_on_shelf")
    assert [refund.shipping_minor > 0 for refund in await shop.refunds(order)] == [False, True]
    assert await given_back(shop, order) == await total(shop, order)


async def test_what_one_parcel_went_by_stays_paid_where_the_next_is_not_found(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=2)
    await ship(shop, order, "1", missing(1))
    await finds_nothing(shop, order)
    assert await given_back(shop, order) == 1190


async def test_what_was_added_goes_by_the_shipping_of_what_is_not_found(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add_paid(shop, order, lamp=1)
    await finds_nothing(shop, order)
    assert await given_back(shop, order) == 1190
    await finds_nothing(shop, more)
    await come_to_know(shop)
    assert await given_back(shop, order) == await total(shop, order)


async def test_what_was_added_and_is_done_went_by_the_shipping_of_what_is_not_found(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    await arrived(shop, await add_paid(shop, order, lamp=1))
    await finds_nothing(shop, order)
    assert await given_back(shop, order) == 1190


async def test_what_is_not_paid_yet_may_still_go_by_the_shipping_of_what_is_not_found(shop: Shop) -> None:
    await shop.stock("lamp", 10, grams=1200)
    order = await shop.captured(lamp=1)
    await set_zone(shop, STANDARD)  # both weigh more than the first one paid for
    more = await add_paid(shop, order, lamp=1)
    last = await add(shop, order, lamp=1)
    await finds_nothing(shop, more)
    assert await given_back(shop, more) == await total(shop, more) - 476
    await cancel(shop, last)
    await come_to_know(shop)
    assert await given_back(shop, more) == await total(shop, more)
    assert await given_back(shop, order) == 0, "it goes itself"


async def test_of_shipping_as_much_goes_back_as_an_amount_has_left(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", amount_minor=200)
    await finds_nothing(shop, order)
    assert await given_back(shop, order) == await total(shop, order)
    assert [refund.lines for refund in await shop.refunds(order)] == [[], [RefundedLine("lamp", 1, 1190)]]


async def test_where_only_a_gift_is_left_shipping_is_paid_back(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("mug", 1, price=500)
    await shop.promote(GiftInput("mug"))
    order = await shop.captured(lamp=1)
    await finds_nothing(shop, order)
    assert await given_back(shop, order) == await total(shop, order)
    [pick] = await picks(shop, order)
    assert await ship_pick(shop, pick) == {"mug": 1}, "the gift is sent all the same"


async def test_shipping_is_paid_for_no_gift_that_left_before(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("mug", 0, price=500)
    await shop.stock("mug", 1, warehouse="HAM")
    await shop.promote(GiftInput("mug"))
    order = await shop.captured(lamp=1)
    await react(shop)
    for pick in sorted(await picks(shop, order), key=lambda pick: pick.warehouse, reverse=True):
        if pick.warehouse == "HAM":
            await start(shop, pick)
            await finish(shop, pick)
            assert await ship_pick(shop, pick) == {"mug": 1}
        else:
            await finds_nothing(shop, order)
    assert await given_back(shop, order) == await total(shop, order)


async def test_nothing_goes_by_what_shipping_has_cost_where_of_what_was_added_only_a_gift_is_left(shop: Shop) -> None:
    await shop.stock("lamp", 2)
    order = await shop.captured(lamp=1)
    await shop.stock("mug", 1, price=500)
    await shop.promote(GiftInput("mug"))
    more = await add_paid(shop, order, lamp=1)
    await finds_nothing(shop, order)
    await come_to_know(shop)
    assert await given_back(shop, order) == 1190
    await finds_nothing(shop, more)
    await come_to_know(shop)
    assert await given_back(shop, order) == await total(shop, order)


async def test_goods_are_named_with_what_an_amount_has_left_of_them(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", amount_minor=600)
    await finds_nothing(shop, order)
    left = await total(shop, order) - 600
    assert [refund.lines for refund in await shop.refunds(order)] == [[], [RefundedLine("lamp", 1, left)]]
    assert (await picks(shop, order))[0].state == "cancelled"


async def test_shipping_that_the_shop_could_not_send_is_no_wish_of_the_customer(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", amount_minor=200)
    await finds_nothing(shop, order)
    assert {refund.reason for refund in await shop.refunds(order)} == {"goodwill", "out_of_stock"}
    first = await shop.captured(lamp=1)
    more = await add_paid(shop, first, lamp=1)
    for each in (first, more):
        await finds_nothing(shop, each)
    await come_to_know(shop)
    assert {refund.reason for refund in await shop.refunds(first)} == {"out_of_stock"}
    assert await given_back(shop, first) == await total(shop, first)


async def test_a_gift_that_is_not_found_holds_up_nothing_that_was_bought(shop: Shop) -> None:
    order = await with_a_gift(shop)
    await misses_the_gift(shop, order)
    [pick] = await picks(shop, order)
    assert await shop.refunds(order) == []
    assert await ship_pick(shop, pick) == {"lamp": 1}
