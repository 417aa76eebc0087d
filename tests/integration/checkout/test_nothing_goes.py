"""Orders of which nothing goes any more are completed by themselves, and nobody is mailed of it."""

import asyncio
from typing import Any

from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import patient, until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_adding import add_paid
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_freed_shipping import arrived, authorized
from tests.integration.checkout.test_nothing_is_found import finds_nothing
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_releases import release
from tests.integration.checkout.test_sold_gift_cards import _bought as bought_cards
from tests.integration.checkout.test_sold_gift_cards import _offer as offer_cards
from write_side import refunds
from write_side.orders.handlers import OrderState
from write_side.refunds import NewRefund, learning
from write_side.worker import reactions_of

LAMP: list[dict[str, Any]] = [{"sku": "lamp", "quantity": 1}]
BULB: list[dict[str, Any]] = [{"sku": "bulb", "quantity": 1}]


async def all_react(shop: Shop) -> None:
    """As if every reaction of the worker had got to the end of the log, with all that follows from it."""
    before, seen = -1, 0
    while before < seen:
        before, seen = seen, await react_to_all(shop.pool, *reactions_of(shop.settings))


async def state_of(shop: Shop, order: OrderState) -> str:
    """How an order is once all have reacted."""
    await all_react(shop)
    return (await shop.now(order)).state


async def paid_back(shop: Shop, order: OrderState) -> str:
    """The same once the provider has made all refunds that were asked for."""
    await shop.refund_work()
    return await state_of(shop, order)


async def mails_of(shop: Shop, order: OrderState) -> list[str]:
    query = "SELECT kind FROM mail WHERE order_id = $1 ORDER BY id"
    return [row["kind"] for row in await shop.pool.fetch(query, order.id)]


async def fail_last(shop: Shop, order: OrderState) -> None:
    """The provider will never make what was asked for last."""
    await learning.give_up(shop.pool, (await shop.refunds(order))[-1], "card_closed", CAUSE)


async def test_what_was_found_nowhere_is_over_once_its_money_is_back(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await finds_nothing(shop, order)
    assert await state_of(shop, order) == "confirmed", "its money is on its way"
    assert await paid_back(shop, order) == "completed"
    for _ in range(2):
        await all_react(shop)
    assert (await shop.history(order)).count("order_completed") == 1
    assert await mails_of(shop, order) == ["order_confirmation", "refund"]
    await nothing_is_wrong(shop)


async def test_what_is_paid_back_line_by_line_is_over_with_the_last(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    await shop.stock("bulb", 9)
    order = await shop.captured(lamp=1, bulb=1)
    await shop.refund(order, reason="goodwill", lines=LAMP, restock=True)
    assert await paid_back(shop, order) == "confirmed"
    await shop.refund(order, reason="goodwill", lines=BULB)
    assert await paid_back(shop, order) == "completed"


async def test_what_is_edited_down_to_nothing_is_over(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=2)
    await edit(shop, order, lamp=0)
    assert await paid_back(shop, order) == "completed"


async def test_goods_that_were_all_released_are_over_once_the_rest_is_captured(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.order(lamp=1)
    await authorized(shop, order)
    await release(shop, order, lines=LAMP, restock=True)  # its shipping stays
    assert await state_of(shop, order) == "confirmed"
    await shop.work()
    assert await state_of(shop, order) == "completed"


async def test_who_has_neither_goods_nor_money_has_an_order_that_is_not_over(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", lines=LAMP, restock=True)
    await fail_last(shop, order)
    assert await state_of(shop, order) == "confirmed"
    await shop.refund(order, reason="goodwill", lines=LAMP)
    assert await paid_back(shop, order) == "completed"


async def test_what_failed_and_went_back_otherwise_ends_the_order(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", lines=LAMP, restock=True)
    await fail_last(shop, order)
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    assert await paid_back(shop, order) == "completed"
    assert await shop.figures("lamp") == (9, 0)
    await nothing_is_wrong(shop)


async def test_a_favour_that_failed_holds_up_nothing(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", lines=LAMP)
    await shop.refund_work()
    await shop.refund(order, reason="goodwill", amount_minor=100)
    assert await state_of(shop, order) == "confirmed"
    await fail_last(shop, order)
    assert await state_of(shop, order) == "completed"


async def test_of_what_has_left_the_arrival_decides(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=2)
    await ship(shop, order, "1", LAMP)
    await shop.refund(order, reason="goodwill", lines=LAMP)
    assert await paid_back(shop, order) == "confirmed"


async def test_the_first_order_is_over_after_all_that_was_added_to_it(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    sent, gone = await add_paid(shop, order, lamp=1), await add_paid(shop, order, lamp=1)
    await shop.refund(order, reason="goodwill", lines=LAMP)
    assert await paid_back(shop, order) == "confirmed", "it says where the others go"
    await shop.refund(gone, reason="goodwill", lines=LAMP)
    assert await paid_back(shop, gone) == "completed"
    assert await state_of(shop, order) == "confirmed"
    await arrived(shop, sent)
    assert await state_of(shop, order) == "completed"


async def test_all_of_a_group_are_over_together_what_was_added_first(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    more = await add_paid(shop, order, lamp=1)
    for each in (order, more):
        await shop.refund(each, reason="goodwill")
    assert await paid_back(shop, order) == "completed"
    query = "SELECT aggregate_id FROM event_log WHERE type = 'orders.order_completed.v1' ORDER BY position"
    assert [row["aggregate_id"] for row in await shop.pool.fetch(query)] == [more.id, order.id]


async def test_gift_cards_that_are_left_end_their_order_and_those_taken_back_do_not(shop: Shop) -> None:
    await offer_cards(shop)
    kept, given = await bought_cards(shop, lamp=1), await bought_cards(shop, lamp=1)
    for _ in range(2):
        await shop.work()
    await all_react(shop)
    await shop.refund(kept, reason="goodwill", lines=LAMP)
    await shop.refund(given, reason="goodwill")
    assert await paid_back(shop, kept) == "completed"
    assert "order_completed" in await mails_of(shop, kept)
    assert await state_of(shop, given) == "completed"
    assert "order_completed" not in await mails_of(shop, given)


async def test_an_order_with_gift_cards_waits_for_what_was_added_to_it_as_well(shop: Shop) -> None:
    await offer_cards(shop)
    order = await bought_cards(shop, lamp=1)
    for _ in range(2):
        await shop.work()
    await all_react(shop)
    more = await add_paid(shop, order, lamp=1)
    await shop.refund(order, reason="goodwill", lines=LAMP)
    assert await paid_back(shop, order) == "confirmed", "it says where the other goes"
    await arrived(shop, more)
    assert await state_of(shop, order) == "completed"
    assert "order_completed" in await mails_of(shop, order)


async def test_a_refund_that_is_asked_for_at_the_same_time_is_waited_for(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason="goodwill", lines=LAMP)
    await shop.refund_work()
    async with patient(shop) as slow:
        async with slow.pool.acquire() as conn, conn.transaction():
            await refunds.request_within(conn, order.id, NewRefund("goodwill", amount_minor=100), CAUSE)
            ending = asyncio.ensure_future(all_react(slow))
            await until_waiting(shop.pool, 1, [ending])
        await ending
    assert await state_of(shop, order) == "confirmed"
    assert await paid_back(shop, order) == "completed"
