"""Gifts of orders that are edited before they leave: none is kept for what is not bought any more."""

from typing import Any

from doorbuster import verify
from shared.ids import uuid7
from shared.links import order_token
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_mails import react as write_mails
from tests.integration.checkout.test_mails import send
from tests.integration.checkout.test_picking import picks, react, start
from write_side.app import create_app
from write_side.notifications.gateway import MailServer
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import BudgetInput, GiftInput, PromotionInput
from write_side.promotions.handlers import revise_promotion, show_promotion


async def _filled(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=2000)
    await shop.stock("pin", 10, price=100)
    await shop.stock("mug", 5, price=500)


async def _post(shop: Shop, order: OrderState, **lines: int) -> Any:
    body = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]}
    token = order_token(shop.settings.link_secret, order.id)
    headers = {"Idempotency-Key": str(uuid7()), "Order-Token": token}
    async with client_of(create_app(shop.settings)) as api:
        return await api.post(f"/v1/orders/{order.id}/edits", json=body, headers=headers)


async def _nothing_is_wrong(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


async def test_a_gift_goes_once_the_rest_is_below_its_minimum(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await _filled(shop)
    gift = await shop.promote(
        GiftInput("mug"), minimum={"EUR": 4000}, most=1, budget=BudgetInput(5000, "EUR")
    )
    order = await shop.captured(lamp=2, pin=2)
    assert await shop.used(gift) == 1
    answer = await _post(shop, order, pin=1)
    assert [line["sku"] for line in answer.json()["lines"]] == ["pin"], "it is still above"
    assert await shop.figures("mug") == (4, 0)
    answer = await _post(shop, order, lamp=1)
    assert answer.status_code == 201, answer.text
    assert answer.json()["lines"] == [
        {"sku": "lamp", "quantity": 1, "amount_minor": 2380},
        {"sku": "mug", "quantity": 1, "amount_minor": 0, "gift_quantity": 1},
    ]
    assert await shop.figures("mug") == (5, 0)
    promotion = await show_promotion(shop.pool, gift.id)
    assert (promotion.used, promotion.granted_minor) == (0, 0)
    await shop.refund_work()
    await write_mails(shop)
    await send(shop, server)
    assert any("Mug (a gift)" in str(mail.get_body()) for mail in received.mails)
    assert await _nothing_is_wrong(shop)
    await react(shop)
    [pick] = await picks(shop, order)
    assert {line.sku: line.quantity for line in (await start(shop, pick)).lines} == {"lamp": 1, "pin": 1}


async def test_a_gift_that_is_not_wanted_is_taken_off_though_it_costs_nothing(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await _filled(shop)
    gift = await shop.promote(GiftInput("mug"), most=1)
    order = await shop.captured(lamp=1)
    answer = await _post(shop, order, mug=0)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["state"], answer.json()["amount"]["amount_minor"]) == ("released", 0)
    assert (await shop.figures("mug"), await shop.used(gift)) == ((5, 0), 0)
    await write_mails(shop)
    await send(shop, server)
    assert any("Less is sent of your order" in str(mail["Subject"]) for mail in received.mails)
    all_of_it = await edit(shop, order, lamp=0)
    assert all_of_it.amount.amount_minor == (await shop.payment(order)).amount_minor
    assert await _nothing_is_wrong(shop)


async def test_a_gift_goes_before_its_money_is_taken_too(shop: Shop) -> None:
    await _filled(shop)
    await shop.promote(GiftInput("mug"), minimum={"EUR": 4000})
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    back = await edit(shop, order, lamp=1)
    assert (back.state, back.amount.amount_minor) == ("released", 2380)
    assert await shop.figures("mug") == (5, 0)
    assert await _nothing_is_wrong(shop)


async def test_of_a_line_of_which_one_is_bought_the_gift_goes_and_the_other_pays_for_itself(shop: Shop) -> None:
    await _filled(shop)
    await shop.promote(GiftInput("mug"), minimum={"EUR": 2000})
    order = await shop.captured(lamp=1, mug=1, pin=1)
    back = await edit(shop, order, lamp=0)
    assert [(line.sku, line.quantity, line.amount_minor) for line in back.lines] == [("lamp", 1, 2380), ("mug", 1, 0)]
    assert await shop.figures("mug") == (4, 0)
    await edit(shop, order, pin=0)
    assert await shop.figures("mug") == (4, 0), "the one that is left was bought"
    rest = await edit(shop, order, mug=0)
    assert rest.lines[0].amount_minor == 595
    assert await shop.figures("mug") == (5, 0)
    paid = (await shop.payment(order)).amount_minor
    assert sum(refund.amount_minor for refund in await shop.refunds(order)) == paid
    assert await _nothing_is_wrong(shop)


async def test_what_staff_refund_or_ask_for_later_takes_no_gift(shop: Shop) -> None:
    await _filled(shop)
    gift = await shop.promote(GiftInput("mug"), minimum={"EUR": 4000})
    order = await shop.captured(lamp=2, pin=2)
    await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}], restock=True, reason="goodwill")
    await edit(shop, order, pin=1)
    assert await shop.figures("mug") == (4, 0), "what staff refunded was no edit"
    other = await shop.captured(lamp=2, pin=2)
    stricter = PromotionInput("Sale", GiftInput("mug"), minimum={"EUR": 9000})
    await revise_promotion(shop.pool, gift.id, stricter, None, CAUSE)
    await edit(shop, other, pin=1)
    assert await shop.figures("mug") == (3, 0), "nor does what is asked for since"
