"""Paid orders are changed before somebody goes to the shelf, through the handlers on real Postgres."""

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec import structs

from doorbuster import verify
from shared.events.orders import Allocation
from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import patient, until_waiting
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_mails import react as write_mails
from tests.integration.checkout.test_mails import send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import picks, react, start
from tests.integration.checkout.test_releases import release
from write_side import customers
from write_side.app import create_app
from write_side.customers import AddressInput, SealedContact
from write_side.fulfilment.editing import handlers
from write_side.fulfilment.editing.domain import (
    AddressChangesPrice,
    AddsToOrder,
    EditOrder,
    NotEditable,
    PickingHasBegun,
)
from write_side.notifications.gateway import MailServer
from write_side.orders.closing import cancel_order
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import GiftInput, PercentageInput
from write_side.refunds import NothingLeftToCapture, RefundState

_refund = msgspec.json.Decoder(RefundState)


async def edit(shop: Shop, order: OrderState, *, by_staff: bool = False, **lines: int) -> RefundState:
    asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    wanted = msgspec.convert({"lines": asked}, EditOrder)
    answer = await handlers.lower_lines(shop.pool, order.id, wanted, CAUSE, new_call(), by_staff=by_staff)
    return _refund.decode(answer.body)


async def send_to(shop: Shop, order: OrderState, address: AddressInput, *, by_staff: bool = False) -> None:
    call = new_call()
    args = (shop.pool, shop.keyring, order.id, address, shop.settings, CAUSE, call)
    await handlers.change_address(*args, by_staff=by_staff)


async def test_what_is_not_wanted_any_more_is_paid_back_and_back_in_stock(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("cord", 10)
    order = await shop.captured(lamp=3, cord=1)
    await react(shop)
    back = await edit(shop, order, lamp=1)
    assert (back.state, back.amount.amount_minor, back.reason) == ("requested", 2380, "requested_by_customer")
    assert await shop.figures("lamp") == (9, 0)
    [pick] = await picks(shop, order)
    assert {line.sku: line.quantity for line in (await start(shop, pick)).lines} == {"lamp": 1, "cord": 1}
    with pytest.raises(PickingHasBegun):
        await edit(shop, order, lamp=0)
    other = await shop.captured(lamp=2)
    with pytest.raises(AddsToOrder):
        await edit(shop, other, lamp=3)
    all_of_it = await edit(shop, other, lamp=0)
    assert all_of_it.amount.amount_minor == (await shop.payment(other)).amount_minor, "shipping, too"
    await ship(shop, await shop.captured(lamp=1), "1")


async def test_nobody_keeps_a_gift_for_what_they_take_back_before_it_leaves(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=2000)
    await shop.stock("cord", 10, price=2000)
    await shop.stock("mug", 5, price=500)
    await shop.promote(GiftInput("mug"), minimum={"EUR": 2000})
    order = await shop.captured(lamp=1, cord=1)
    await edit(shop, order, cord=0)
    assert await shop.figures("mug") == (4, 0), "of what is left it is still a gift"
    await edit(shop, order, lamp=0)
    assert await shop.figures("mug") == (5, 0)
    paid = (await shop.payment(order)).amount_minor
    assert sum(refund.amount_minor for refund in await shop.refunds(order)) == paid
    wanted = await shop.captured(lamp=1, cord=1, mug=1)  # one of them is bought
    await edit(shop, wanted, cord=0)
    assert await shop.figures("mug") == (3, 0)
    await edit(shop, wanted, lamp=0, mug=1)
    assert await shop.figures("mug") == (5, 0), "the one that is left is the gift"


async def test_who_takes_all_of_it_back_before_it_leaves_may_use_their_code_again(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    coupon = await shop.promote(PercentageInput(1000), code="ONCE", most=1)
    order = await shop.bought_by("ONCE", "ada@shop.example")
    assert isinstance(order, OrderState)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    await edit(shop, order, lamp=0)
    assert await shop.used(coupon) == 0
    again = await shop.bought_by("ONCE", "ada@shop.example")
    assert isinstance(again, OrderState)
    await fall_through(shop, again, "cancelled before it was paid")
    assert await shop.used(coupon) == 0
    async with shop.pool.acquire() as conn:
        assert await verify.differences(conn) == []


async def test_what_is_not_captured_yet_is_not_taken(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.order(lamp=3)
    with pytest.raises(NotEditable):
        await edit(shop, order, lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    back = await edit(shop, order, lamp=1)
    assert (back.state, back.amount.amount_minor) == ("released", 2380)
    assert await shop.figures("lamp") == (9, 0)
    with pytest.raises(NothingLeftToCapture):
        await edit(shop, order, lamp=0)
    await shop.work()
    payment, received = await shop.payment(order), (await shop.at_stripe(order))["amount_received"]
    assert (payment.state, received) == ("captured", payment.amount_minor - 2380)


@pytest.mark.parametrize("left", [1, 0])
async def test_what_an_edit_has_put_back_is_not_put_back_again_by_a_cancellation(shop: Shop, left: int) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("lamp", 10, warehouse="HAM")
    order = await shop.order(lamp=12)
    await shop.pay(order)
    await shop.complete(order)
    if left:
        await edit(shop, order, lamp=left)
    else:
        await release(shop, order, lines=[{"sku": "lamp", "quantity": 12}], restock=True)  # all but shipping
    await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert (await shop.now(order)).state == "cancelled"
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((10, 0), (10, 0))


@pytest.mark.parametrize("listed_before", [True, False])
async def test_what_an_edit_has_put_back_is_not_picked(shop: Shop, listed_before: bool) -> None:
    """One lamp of Berlin's and one of Hamburg's: Berlin's is on sale again."""
    await shop.stock("lamp", 1)
    await shop.stock("lamp", 1, warehouse="HAM")
    order = await shop.captured(lamp=2)
    if listed_before:
        await react(shop)
    back = await edit(shop, order, lamp=1)
    assert back.restocked == [Allocation("lamp", "BER", 1)]
    await react(shop)
    started = [await start(shop, pick) for pick in await picks(shop, order)]
    assert [(pick.warehouse, pick.lines[0].quantity) for pick in started if pick.state == "picking"] == [("HAM", 1)]


async def test_an_edit_that_waits_for_who_goes_to_the_shelf_comes_too_late(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=2)
    await react(shop)
    [pick] = await picks(shop, order)
    async with patient(shop) as slow:
        async with slow.pool.acquire() as conn, conn.transaction():
            await conn.execute("LOCK TABLE pick IN SHARE MODE")  # it may be read, and nobody writes it
            going = asyncio.ensure_future(start(slow, pick))
            await until_waiting(slow.pool, 1)
            editing = asyncio.ensure_future(edit(slow, order, lamp=1))
            await until_waiting(slow.pool, 2)
        assert (await going).lines[0].quantity == 2
        with pytest.raises(PickingHasBegun):
            await editing


async def test_an_address_is_changed_where_it_costs_the_same(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    await send_to(shop, order, structs.replace(ADDRESS, line1="Hill Road 7", city="Munich", postal_code="80331"))
    now = await shop.now(order)
    contact = await customers.open_contact(shop.keyring, SealedContact(now.person_id, now.mail, now.address))
    assert contact is not None
    assert (contact.address.line1, contact.address.city) == ("Hill Road 7", "Munich")
    kept = await shop.pool.fetchval("SELECT string_agg(convert_from(payload, 'UTF8'), '') FROM event_log")
    assert "Hill Road" not in kept
    with pytest.raises(AddressChangesPrice):
        await send_to(shop, order, structs.replace(ADDRESS, country="AT", postal_code="1010"))
    await write_mails(shop)
    await send(shop, server)
    [told] = [mail for mail in received.mails if "another address" in str(mail["Subject"])]
    assert "Hill Road 7" in str(told)
    await ship(shop, order, "1")
    with pytest.raises(PickingHasBegun):
        await send_to(shop, order, ADDRESS)


async def test_an_edit_opens_to_the_orders_token_and_to_no_other(shop: Shop, shop_settings: Settings) -> None:
    await shop.stock("lamp", 10)
    order, other = await shop.captured(lamp=2), await shop.captured(lamp=2)
    address: Any = {"address": msgspec.to_builtins(ADDRESS)}
    async with client_of(create_app(shop_settings)) as api:
        for whose, status in ((other, 403), (order, 201)):
            token = order_token(shop_settings.link_secret, whose.id)
            headers = {"Idempotency-Key": str(uuid7()), "Order-Token": token}
            lines = {"lines": [{"sku": "lamp", "quantity": 1}]}
            answer = await api.post(f"/v1/orders/{order.id}/edits", json=lines, headers=headers)
            assert answer.status_code == status
            headers["Idempotency-Key"] = str(uuid7())
            answer = await api.put(f"/v1/orders/{order.id}/address", json=address, headers=headers)
            assert answer.is_success == (status == 201)
