"""Parcels through the handlers on real Postgres: what leaves, what may not, and what the customer is told."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from shared.events.fulfilment import ParcelLine
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react, send
from write_side.fulfilment import handlers
from write_side.fulfilment.domain import (
    NewParcel,
    NothingToShip,
    NotShippable,
    Parcel,
    ShipsTooMuch,
    TrackingNumberTaken,
)
from write_side.notifications.gateway import MailServer
from write_side.orders.handlers import OrderState

_parcel = msgspec.json.Decoder(Parcel)
ONE: list[dict[str, Any]] = [{"sku": "lamp", "quantity": 1}]


async def ship(shop: Shop, order: OrderState, number: str, lines: list[dict[str, Any]] | None = None) -> Parcel:
    asked = msgspec.convert({"carrier": "DHL", "tracking_number": number, "lines": lines or []}, NewParcel)
    return _parcel.decode((await handlers.ship_parcel(shop.pool, order.id, asked, CAUSE, new_call())).body)


async def test_an_order_goes_in_parcels_arrives_and_its_customer_is_told_of_each(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=3)
    first, rest = await ship(shop, order, "1", ONE), await ship(shop, order, "2")
    assert [(line.sku, line.quantity) for line in rest.lines] == [("lamp", 2)]
    for _ in range(2):
        answer = await handlers.deliver_parcel(shop.pool, first.id, CAUSE, new_call())
        assert _parcel.decode(answer.body).state == "delivered"
    assert (await shop.history(order))[-3:] == ["parcel_shipped", "parcel_shipped", "parcel_delivered"]
    with pytest.raises(NothingToShip):
        await ship(shop, order, "3")
    await react(shop)
    assert await send(shop, server) == 4
    subjects = Counter(str(mail["Subject"]).partition(order.number)[2] for mail in received.mails)
    assert subjects == {" is confirmed": 1, " is on its way": 2, " has arrived": 1}


async def test_what_is_not_paid_cancelled_or_refunded_stays_in_the_house(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    unpaid = await shop.order(lamp=1)
    with pytest.raises(NotShippable):
        await ship(shop, unpaid, "1")
    order = await shop.captured(lamp=3)
    await shop.refund(order, lines=ONE)
    with pytest.raises(ShipsTooMuch) as refusal:
        await ship(shop, order, "1", [{"sku": "lamp", "quantity": 2}, *ONE])
    assert refusal.value.facts["lines"] == [{"sku": "lamp", "wanted": 3, "left": 2}]
    await ship(shop, order, "1")
    with pytest.raises(TrackingNumberTaken):
        await ship(shop, await shop.captured(lamp=1), "1")


async def test_after_a_return_out_of_a_parcel_the_rest_is_still_shipped(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=3)
    await ship(shop, order, "1", ONE)
    back = await shop.refund(order, lines=ONE, restock=True)
    [refund] = await shop.refunds(order)
    assert (len(back.restocked), refund.sent) == (1, [ParcelLine("lamp", 1)])
    rest = await ship(shop, order, "2")
    assert [(line.sku, line.quantity) for line in rest.lines] == [("lamp", 2)]


async def test_six_who_pack_the_same_three_lamps_ship_three(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=3)
    packing = [ship(shop, order, str(n), ONE) for n in range(6)]
    done = Counter(type(each).__name__ for each in await asyncio.gather(*packing, return_exceptions=True))
    assert done == {"Parcel": 3, "ShipsTooMuch": 3}


async def test_goods_that_went_back_into_stock_are_not_shipped_though_their_refund_failed(shop: Shop) -> None:
    await shop.stock("lamp", 3)
    order = await shop.captured(card="pm_card_refundFail", lamp=2)
    await shop.refund(order, lines=ONE, restock=True)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    await shop.refund_settled(order, refund.provider_id, "fail")
    assert [each.state for each in await shop.refunds(order)] == ["failed"]
    with pytest.raises(ShipsTooMuch) as refused:
        await ship(shop, order, "1", [{"sku": "lamp", "quantity": 2}])
    assert refused.value.facts["lines"][0]["left"] == 1, "the other one may be somebody else's by now"


async def test_of_two_orders_packed_at_once_one_has_the_tracking_number(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    orders = [await shop.captured(lamp=1) for _ in range(4)]
    done = await asyncio.gather(*(ship(shop, order, "1") for order in orders), return_exceptions=True)
    assert Counter(type(each) for each in done) == {Parcel: 1, TrackingNumberTaken: 3}
