"""Goods that wait for the carrier are refunded in part: what is still paid for is booked, and nothing else."""

from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.carriers import CarrierProcess
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_adding import add_paid
from tests.integration.checkout.test_carrier import book, booked_when_packed, booking
from tests.integration.checkout.test_picking import finish, missing, picks, start
from tests.integration.checkout.test_picking import react as list_paid
from tests.integration.checkout.test_refunds_among_lists import listed
from write_side.fulfilment import store as parcel_store
from write_side.fulfilment.booking import handlers
from write_side.fulfilment.booking.carrier import Carrier
from write_side.fulfilment.booking.gateway import open_carrier
from write_side.orders.handlers import OrderState


@pytest.fixture
def settings(shop_settings: Settings, process: CarrierProcess) -> Settings:
    return process.named_in(shop_settings)


@pytest.fixture
async def carrier(settings: Settings, process: CarrierProcess) -> AsyncIterator[Carrier]:
    """The way to a carrier that is well."""
    async with open_carrier(settings) as opened:
        assert opened is not None
        yield opened
    await process.is_well("off")


async def packed(shop: Shop, settings: Settings, order: OrderState) -> None:
    """All that is listed is packed, and its parcels are to be booked."""
    for pick in await picks(shop, order):
        if pick.state == "listed":
            await finish(shop, await start(shop, pick))
    await booked_when_packed(shop, settings)


async def left(shop: Shop, order: OrderState) -> list[int]:
    """How many lamps lie in each parcel."""
    async with shop.pool.acquire() as conn:
        return [line.quantity for each in await parcel_store.of_order(conn, order.id) for line in each.lines]


async def test_of_two_parcels_that_wait_for_the_carrier_the_one_that_is_paid_for_leaves(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings
) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("lamp", 1, warehouse="HAM")
    order = await shop.captured(lamp=2)
    await list_paid(shop)
    await packed(shop, settings, order)
    await process.is_well("error500")
    await book(shop, carrier)
    await shop.refund(order, reason="requested_by_customer", lines=missing(1))
    await process.is_well("off")
    assert await book(shop, carrier) == 2
    assert await left(shop, order) == [1]
    told = ["booking_cancelled", "booking_made", "parcel_shipped", "pick_cancelled"]
    assert sorted((await shop.history(order))[-4:]) == told
    assert await book(shop, carrier) == 0
    await nothing_is_wrong(shop)


async def test_what_nobody_booked_since_it_was_refunded_is_listed_anew_once_the_refund_failed(
    shop: Shop, carrier: Carrier, settings: Settings
) -> None:
    await shop.stock("lamp", 1)
    order = await shop.captured(card="pm_card_refundFail", lamp=1)
    await list_paid(shop)
    await packed(shop, settings, order)
    await shop.refund(order, reason="goodwill", lines=missing(1))
    await book(shop, carrier)
    assert [pick.state for pick in await picks(shop, order)] == ["cancelled"], "nothing of it will leave by that"
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    await shop.refund_settled(order, refund.provider_id, "fail")
    assert await listed(shop, order) == [("BER", 1)]
    await packed(shop, settings, order)
    await book(shop, carrier)
    assert await left(shop, order) == [1]
    await nothing_is_wrong(shop)


async def test_what_is_owed_again_while_its_label_is_made_void_is_listed_anew(
    shop: Shop, carrier: Carrier, settings: Settings
) -> None:
    await shop.stock("lamp", 1)
    order = await shop.captured(lamp=1)
    await list_paid(shop)
    await packed(shop, settings, order)
    await handlers.cancel(shop.pool, await booking(shop), CAUSE)  # the refund has failed by now
    assert await listed(shop, order) == [("BER", 1)]
    await packed(shop, settings, order)
    await book(shop, carrier)
    assert await left(shop, order) == [1]
    await nothing_is_wrong(shop)


async def test_what_was_to_go_along_and_stayed_is_on_no_list_any_more(
    shop: Shop, carrier: Carrier, settings: Settings
) -> None:
    await shop.stock("lamp", 2)
    order = await shop.captured(lamp=1)
    more = await add_paid(shop, order, lamp=1)
    await list_paid(shop)
    for pick in [*await picks(shop, more), *await picks(shop, order)]:
        await finish(shop, await start(shop, pick))
    await booked_when_packed(shop, settings)
    await shop.refund(more, reason="goodwill", lines=missing(1))
    await book(shop, carrier)
    assert (await left(shop, order), await left(shop, more)) == ([1], [])
    assert [pick.state for pick in await picks(shop, more)] == ["cancelled"]
    await nothing_is_wrong(shop)
