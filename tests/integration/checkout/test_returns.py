"""Goods come back through the handlers on real Postgres: once, with their money, and everybody is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from shared.events.fulfilment import ParcelLine
from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.carriers import CarrierProcess
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import meeting, patient
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, ship_pick, start
from tests.integration.checkout.test_picking import react as list_paid
from write_side import orders
from write_side.app import create_app
from write_side.fulfilment import Carrier
from write_side.fulfilment.booking.gateway import open_carrier
from write_side.notifications.gateway import MailServer
from write_side.orders.handlers import OrderState
from write_side.returns import expiring, handlers, steps, store
from write_side.returns.domain import (
    ApproveReturn,
    NewReturn,
    ReceiveReturn,
    RejectReturn,
    Return,
)
from write_side.returns.refusals import (
    OutsideReturnWindow,
    ReceivesTooMuch,
    ReturnNotToRefund,
    ReturnsTooMuch,
)

_return = msgspec.json.Decoder(Return)


def lamps(quantity: int, of: str = "lamp") -> list[dict[str, Any]]:
    return [{"sku": of, "quantity": quantity}]


async def shipped(shop: Shop, quantity: int = 2) -> OrderState:
    """An order of so many lamps at 10.00, 19 % tax, and 4.90 shipping, that has left."""
    order = await shop.captured(lamp=quantity)
    await ship(shop, order, order.number)
    return order


async def ask(
    shop: Shop, order: OrderState, quantity: int, by: Any = "customer", of: str = "lamp", **said: Any
) -> Return:
    settings = structs.replace(shop.settings, **said)
    wanted = msgspec.convert({"lines": lamps(quantity, of), "reason": "wrong_size"}, NewReturn)
    answer = await handlers.request_return(shop.pool, order.id, wanted, by, settings, CAUSE, new_call())
    return _return.decode(answer.body)


async def receive(shop: Shop, each: Return, *units: dict[str, Any], **said: Any) -> Return:
    wanted = msgspec.convert({"warehouse": "BER", "units": units or lamps(1)} | said, ReceiveReturn)
    answer = await handlers.receive_return(shop.pool, each.id, wanted, shop.settings, CAUSE, new_call())
    return _return.decode(answer.body)


async def now(shop: Shop, each: Return) -> Return:
    async with shop.pool.acquire() as conn:
        found = await store.find(conn, each.id)
    assert found is not None
    return found


async def test_goods_come_back_are_put_on_the_shelf_where_they_are_sellable_and_paid_back(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    await shop.stock("lamp", 0, warehouse="HAM")
    order = await shipped(shop, 4)
    each = await ask(shop, order, 3, return_warehouse="HAM")
    assert (each.state, each.warehouse, each.requested_by) == ("approved", "HAM", "customer")
    async with shop.pool.acquire() as conn:
        assert await orders.is_being_returned(conn, order.id), "neither done nor to be erased"
    damaged = {"sku": "lamp", "quantity": 1, "condition": "damaged"}
    used_up = {"sku": "lamp", "quantity": 1, "condition": "damaged", "refund": False}
    each = await receive(shop, each, *lamps(1), damaged, used_up, warehouse="HAM", shipping=True)
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((6, 0), (1, 0))
    [refund] = await shop.refunds(order)
    assert (refund.id, refund.reason) == (each.refund_id, "returned")
    assert [(line.quantity, line.amount_minor) for line in refund.lines] == [(2, 2380)]
    assert (refund.amount_minor, refund.sent) == (2380 + refund.shipping_minor, [ParcelLine("lamp", 2)])
    await shop.refund_work()
    told = ["return_requested", "return_approved", "stock_returned", "refund_requested", "return_received"]
    history = await shop.history(order)
    assert [what for what in history if what in told] == [what for what in told if what != "stock_returned"]
    with pytest.raises(ReturnsTooMuch) as refusal:
        await ask(shop, order, 2)
    assert refusal.value.facts["lines"] == [{"sku": "lamp", "wanted": 2, "left": 1}]
    await react(shop)
    await send(shop, server)
    await send(shop, server)
    subjects = Counter(str(mail["Subject"]).replace(order.number, "N") for mail in received.mails)
    assert {"Your return of order N", "Your return of order N is approved", "Your return of order N has arrived",
            "A refund for your order N"} <= subjects.keys()  # fmt: skip


async def test_staff_decide_where_the_shop_says_so_and_a_rejected_return_frees_its_units(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    order = await shipped(shop)
    first = await ask(shop, order, 2, return_approval="by_hand")
    assert first.state == "requested"
    waiting = await handlers.open_returns(shop.pool, "requested", UUID(int=0))
    assert [each.id for each in waiting.returns] == [first.id]
    await handlers.reject_return(shop.pool, first.id, RejectReturn("used"), CAUSE, new_call())
    second = await ask(shop, order, 1, return_approval="by_hand")
    answer = await handlers.approve_return(shop.pool, second.id, ApproveReturn(), shop.settings, CAUSE, new_call())
    assert _return.decode(answer.body).warehouse == "BER"
    third = await ask(shop, order, 1, "staff", return_approval="by_hand")
    assert third.state == "approved", "staff need not ask themselves"
    await handlers.cancel_return(shop.pool, order.id, third.id, CAUSE, new_call())
    assert (await ask(shop, order, 1)).state == "approved"
    await react(shop)
    await send(shop, server)
    [rejected] = [mail for mail in received.mails if "not possible" in str(mail["Subject"])]
    assert "they have been used" in str(rejected)


async def test_too_late_is_told_to_customers(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shipped(shop)
    long_ago = "UPDATE parcel SET state = 'delivered', delivered_at = clock_timestamp() - interval '31 days'"
    await shop.pool.execute(long_ago)
    with pytest.raises(OutsideReturnWindow):
        await ask(shop, order, 1)
    await ask(shop, order, 1, return_window_days=32)
    await ask(shop, order, 1, "staff")
    await shop.pool.execute("UPDATE parcel SET state = 'shipped', delivered_at = NULL")  # as the log says


async def test_six_who_send_one_unit_back_are_one(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shipped(shop, 1)
    async with patient(shop) as slow:
        done = await meeting(slow, "order_return", [ask(slow, order, 1) for _ in range(6)])
    assert Counter(type(each).__name__ for each in done) == {"Return": 1, "ReturnsTooMuch": 5}


async def test_a_parcel_that_six_unpack_at_once_is_paid_back_and_on_the_shelf_once(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shipped(shop, 2)
    each = await ask(shop, order, 1)
    async with patient(shop) as slow:
        done = await meeting(slow, "refund", [receive(slow, each) for _ in range(6)])
    assert Counter(type(one).__name__ for one in done) == {"Return": 1, "ReturnNotApproved": 5}
    assert [refund.amount_minor for refund in await shop.refunds(order)] == [1190]
    assert await shop.figures("lamp") == (9, 0)


async def test_never_more_goes_back_than_was_captured_whatever_was_given_before(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shipped(shop, 2)
    captured = (await shop.payment(order)).amount_minor
    one, other = await ask(shop, order, 1), await ask(shop, order, 1)
    await shop.refund(order, reason="goodwill", amount_minor=captured - 1500)
    asked = [receive(shop, one), receive(shop, other)]
    await asyncio.gather(*asked)
    assert sum(refund.amount_minor for refund in await shop.refunds(order)) == captured
    third = await shipped(shop, 1)
    each = await ask(shop, third, 1)
    await shop.refund(third, reason="goodwill", lines=lamps(1))
    assert (await receive(shop, each)).refund_id is None, "its money is back already"


async def test_a_refund_that_failed_is_asked_for_again(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(card="pm_card_pendingRefund", lamp=1)
    await ship(shop, order, "1")
    each = await receive(shop, await ask(shop, order, 1))
    await shop.refund_work()
    with pytest.raises(ReturnNotToRefund):
        await handlers.refund_again(shop.pool, each.id, CAUSE, new_call())
    [refund] = await shop.refunds(order)
    await shop.settle_refund(refund.provider_id, "fail")
    await shop.refund_work()
    await handlers.refund_again(shop.pool, each.id, CAUSE, new_call())
    assert [refund.state for refund in await shop.refunds(order)] == ["failed", "requested"]
    with pytest.raises(ReturnsTooMuch):
        await ask(shop, order, 1)


@pytest.mark.parametrize("condition", ["sellable", "damaged"])
async def test_what_came_back_and_was_not_paid_back_is_not_put_on_a_shelf_again(shop: Shop, condition: str) -> None:
    await shop.stock("lamp", 10)
    order = await shipped(shop, 1)
    each = await ask(shop, order, 1)
    await receive(shop, each, {"sku": "lamp", "quantity": 1, "condition": condition, "refund": False})
    before = await shop.figures("lamp")
    assert before == (10 if condition == "sellable" else 9, 0)
    assert (await shop.refund(order, reason="goodwill", lines=lamps(1), restock=True)).restocked == []
    assert await shop.figures("lamp") == before


async def test_an_order_of_1114_lines_is_paid_back_in_part_picked_shipped_and_sent_back(shop: Shop) -> None:
    skus = [f"part-{n}" for n in range(1114)]
    async with patient(shop) as slow:
        await slow.stock_many(skus)
        basket = await slow.basket()
        await slow.fill(basket, dict.fromkeys(skus, 1))
        order = await slow.place(basket, (await slow.quote(basket)).id)
        await slow.pay(order)
        await slow.complete(order)
        await slow.work()
        await list_paid(slow)
        half, rest = [[{"sku": sku, "quantity": 1} for sku in some] for some in (skus[:557], skus[557:])]
        assert len((await slow.refund(order, lines=half, restock=True)).restocked) == 557
        [pick] = await picks(slow, order)
        assert (len(pick.lines), len((await start(slow, pick)).lines)) == (1114, 557)
        assert len((await finish(slow, pick)).lines) == 557
        assert len(await ship_pick(slow, pick)) == 557
        wanted = msgspec.convert({"lines": rest, "reason": "other"}, NewReturn)
        answer = await handlers.request_return(
            slow.pool, order.id, wanted, "customer", slow.settings, CAUSE, new_call()
        )
        await receive(slow, _return.decode(answer.body), *rest, shipping=True)
        given = sum(refund.amount_minor for refund in await slow.refunds(order))
        assert given == (await slow.payment(order)).amount_minor
        assert [await slow.figures(sku) for sku in (skus[0], skus[-1])] == [(100, 0), (100, 0)]


async def test_what_does_not_come_in_time_is_not_waited_for_and_is_taken_when_it_comes_all_the_same(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    order = await shipped(shop, 2)
    late, later = await ask(shop, order, 1, return_expires_days=0), await ask(shop, order, 1)
    assert await expiring.close_late(shop.pool) == 1
    assert ((await now(shop, late)).state, (await now(shop, later)).state) == ("expired", "approved")
    again = await ask(shop, order, 1)
    with pytest.raises(ReceivesTooMuch):
        await receive(shop, late)
    await handlers.cancel_return(shop.pool, order.id, again.id, CAUSE, new_call())
    assert (await receive(shop, late)).state == "received"
    assert [refund.amount_minor for refund in await shop.refunds(order)] == [1190]
    await react(shop)
    await send(shop, server)
    await send(shop, server)
    assert any("has not arrived" in str(mail["Subject"]) for mail in received.mails)


# --- the carrier -----------------------------------------------------------------------------------------------------


@pytest.fixture
def named(shop_settings: Settings, process: CarrierProcess) -> Settings:
    return process.named_in(shop_settings)


@pytest.fixture
async def carrier(named: Settings) -> AsyncIterator[Carrier]:
    async with open_carrier(named) as opened:
        assert opened is not None
        yield opened


async def work(shop: Shop, carrier: Carrier, named: Settings) -> int:
    """The worker's step, whatever was put off."""
    query = "UPDATE order_return SET next_attempt_at = clock_timestamp() WHERE next_attempt_at IS NOT NULL"
    await shop.pool.execute(query)
    [run] = [step.run for step in steps.steps(shop.pool, shop.keyring, carrier, named) if step.name == "returns"]
    return await run()


async def test_a_label_is_booked_once_though_the_first_answer_was_lost_and_its_parcel_is_followed(
    shop: Shop, carrier: Carrier, process: CarrierProcess, named: Settings, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    order = await shipped(shop)
    each = await ask(shop, order, 1, carrier_url=named.carrier_url)
    await process.is_well("lost_answer")
    before = process.booked()
    assert await work(shop, carrier, named) == 1
    await process.is_well("off")
    await work(shop, carrier, named)
    assert process.booked() == before + 1
    each = await now(shop, each)
    assert (each.carrier, each.label) == ("SimEx", f"label:{each.tracking_number}")
    await process.see(each.tracking_number or "", "in_transit")
    await work(shop, carrier, named)
    assert (await now(shop, each)).tracking == "in_transit"
    await receive(shop, each)
    assert await work(shop, carrier, named) == 0, "nobody looks after what is here"
    await react(shop)
    await send(shop, server)
    await send(shop, server)
    [label] = [mail for mail in received.mails if "label" in str(mail["Subject"])]
    assert f"label:{each.tracking_number}" in str(label)


async def test_the_label_of_a_return_that_is_cancelled_is_made_void(
    shop: Shop, carrier: Carrier, process: CarrierProcess, named: Settings
) -> None:
    await shop.stock("lamp", 10)
    order = await shipped(shop)
    each = await ask(shop, order, 1, carrier_url=named.carrier_url)
    await work(shop, carrier, named)
    await handlers.cancel_return(shop.pool, order.id, each.id, CAUSE, new_call())
    await work(shop, carrier, named)
    assert (await process.shipment((await now(shop, each)).tracking_number or ""))["void"]
    assert await work(shop, carrier, named) == 0


# --- who may ---------------------------------------------------------------------------------------------------------


async def test_a_return_opens_to_its_orders_token_and_to_no_other(shop: Shop, shop_settings: Settings) -> None:
    await shop.stock("lamp", 10)
    order, other = await shipped(shop), await shipped(shop)
    body = {"lines": lamps(1), "reason": "other"}
    async with client_of(create_app(shop_settings)) as api:

        async def post(path: str, token: str | None, json: Any = None) -> tuple[int, str, Any]:
            headers = {"Idempotency-Key": str(uuid7())} | ({"Order-Token": token} if token else {})
            answer = await api.post(path, json=json, headers=headers)
            return answer.status_code, answer.json().get("code", ""), answer.json()

        token = order_token(shop_settings.link_secret, order.id)
        another = order_token(shop_settings.link_secret, other.id)
        address = f"/v1/orders/{order.id}/returns"
        assert (await post(address, None, body))[1] == "order_token_required"
        assert (await post(address, another, body))[1] == "wrong_order_token"
        status, _, each = await post(address, token, body)
        assert (status, each["state"]) == (201, "approved")
        others = f"/v1/orders/{other.id}/returns/{each['id']}/cancel"
        assert (await post(others, another))[:2] == (404, "unknown_return")
        assert (await post(f"{address}/{each['id']}/cancel", token))[2]["state"] == "cancelled"

