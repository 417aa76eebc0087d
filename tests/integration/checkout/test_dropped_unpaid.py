"""Goods were dropped for an amount that fails then: somebody has neither them nor their money."""

from typing import Any

import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_dropping import drop, dropped_for_an_amount, looked_at
from tests.integration.checkout.test_nothing_goes import all_react, fail_last, paid_back, state_of
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, react, ship_pick, start
from tests.integration.checkout.test_sold_gift_cards import _bought as bought_cards
from tests.integration.checkout.test_sold_gift_cards import _offer as offer_cards
from write_side.fulfilment.handlers import deliver_parcel
from write_side.orders.handlers import OrderState
from write_side.refunds.domain import DroppedUnpaid

LAMP: list[dict[str, Any]] = [{"sku": "lamp", "quantity": 1}]


async def dropped_unpaid(shop: Shop, order: OrderState) -> None:
    """A lamp is dropped, and the amount that was to pay for it fails."""
    await dropped_for_an_amount(shop, order)
    await fail_last(shop, order)


async def test_an_amount_that_fails_after_its_goods_were_dropped_keeps_the_order_open(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(card="pm_card_refundFail", lamp=1)
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    await drop(shop, order, lamp=1)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    await shop.refund_settled(order, refund.provider_id, "fail")
    assert await state_of(shop, order) == "confirmed"


async def test_lines_are_not_taken_for_those_of_what_was_dropped_for_an_amount_that_failed(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=2)
    await react(shop)
    await dropped_unpaid(shop, order)
    with pytest.raises(DroppedUnpaid):
        await shop.refund(order, reason="goodwill", lines=LAMP)
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    [pick] = await picks(shop, order)
    await finish(shop, await start(shop, pick))
    assert await ship_pick(shop, pick) == {"lamp": 1}
    await shop.refund(order, reason="goodwill", lines=LAMP)
    await nothing_is_wrong(shop)


async def test_all_units_that_were_dropped_for_an_amount_that_failed_are_refunded_by_their_lines(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=1)
    await dropped_unpaid(shop, order)
    await shop.refund(order, reason="goodwill", lines=LAMP)
    assert await paid_back(shop, order) == "completed"


async def test_neither_what_arrived_nor_a_gift_card_ends_an_order_of_which_an_amount_for_the_rest_failed(
    shop: Shop,
) -> None:
    await offer_cards(shop)
    await shop.stock("bulb", 5)
    with_card, order = await bought_cards(shop, lamp=1), await shop.captured(lamp=1, bulb=1)
    for _ in range(2):
        await shop.work()
    await all_react(shop)
    for each in (with_card, order):
        await dropped_unpaid(shop, each)
    parcel = await ship(shop, order, "1")
    await deliver_parcel(shop.pool, parcel.id, CAUSE, new_call())
    assert (await state_of(shop, with_card), await looked_at(shop, order)) == ("confirmed", "confirmed")
    for each in (with_card, order):
        await shop.refund(each, reason="goodwill", amount_minor=1190)
    assert (await paid_back(shop, with_card), await looked_at(shop, order)) == ("completed", "completed")
