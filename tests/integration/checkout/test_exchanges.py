"""Other goods instead of money, through the handlers on real Postgres: held, paid by what came back, sent once."""

from collections import Counter
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import meeting, patient
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_returns import ask, lamps, now, receive, shipped
from write_side.app import create_app
from write_side.gift_cards.handlers import IssuedGiftCard
from write_side.inventory import OutOfStock
from write_side.notifications.gateway import MailServer
from write_side.orders import closing
from write_side.orders.handlers import OrderState, show_order
from write_side.refunds import NothingToRefund
from write_side.returns import expiring, handlers, replacing
from write_side.returns.domain import (
    ApproveReturn,
    NewReturn,
    Return,
)
from write_side.returns.refusals import (
    NotExchangeable,
    NotHeld,
    ReturnNotOpen,
    ReturnNotToRefund,
    ReturnsTooMuch,
)

_return = msgspec.json.Decoder(Return)
_order = msgspec.json.Decoder(OrderState)


async def swap(
    shop: Shop, order: OrderState, given: int, by: Any = "customer", said: Any = None, of: str = "lamp", **sku: int
) -> Return:
    """So many lamps are sent back, and these are wished instead."""
    [(wished, quantity)] = sku.items()
    given_lines = [{"sku": of, "quantity": given}]
    body = {"lines": given_lines, "reason": "wrong_size", "instead": [{"sku": wished, "quantity": quantity}]}
    wanted = msgspec.convert(body, NewReturn)
    offer = await replacing.offer(shop.pool, shop.keyring, shop.outside, shop.settings, order.id, wanted)
    settings = structs.replace(shop.settings, **(said or {}))
    call = new_call()
    answer = await handlers.request_return(shop.pool, order.id, wanted, by, settings, CAUSE, call, offer)
    return _return.decode(answer.body)


async def replacement(shop: Shop, each: Return) -> OrderState:
    answer = await handlers.show_replacement(shop.pool, each.order_id, each.id)
    return _order.decode(answer.body)


async def paid_by_a_card(shop: Shop, quantity: int) -> tuple[OrderState, IssuedGiftCard]:
    """An order of so many lamps that has left, and the gift card that has paid all of it."""
    card = await shop.gift_card(10_000)
    basket = await shop.basket(lamp=quantity)
    order = await shop.place(basket, (await shop.quote(basket, gifts=[card.code])).id)
    await shop.work()
    await shop.work()
    await ship(shop, order, order.number)
    return order, card


async def told(shop: Shop, order: OrderState) -> tuple[str, str]:
    """How an order and its payment are."""
    shown = _order.decode((await show_order(shop.pool, order.id)).body)
    return shown.state, shown.payment.state


async def at_provider(shop: Shop, order: OrderState) -> list[int]:
    """What the provider has given back of an order's payment."""
    await shop.refund_work()
    return sorted(refund["amount"] for refund in await shop.refunds_at_stripe(order))


async def test_an_equal_is_held_from_the_approval_and_sent_when_the_goods_are_here(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    await shop.stock("uplighter", 1)
    order = await shipped(shop, 3)
    each = await swap(shop, order, 1, uplighter=1)
    assert (each.state, each.exchange_state) == ("approved", "held")
    assert each.exchange is not None
    assert (each.exchange.total_minor, each.exchange.credit_minor) == (1190, 1190)
    assert await shop.figures("uplighter") == (1, 1)
    with pytest.raises(OutOfStock):
        await shop.order(uplighter=1)
    each = await receive(shop, each)
    assert (each.state, each.exchange_state) == ("received", "placed")
    new = await replacement(shop, each)
    assert (new.id, new.state, new.totals.total.amount_minor) == (each.replacement_id, "pending_payment", 1190)
    await shop.work()
    await shop.work()
    assert await told(shop, new) == ("confirmed", "captured")
    assert await shop.figures("uplighter") == (0, 0)
    [moved] = await shop.refunds(order)
    assert (moved.amount_minor, moved.moved_minor, moved.charged_minor) == (1190, 1190, 0)
    assert await at_provider(shop, order) == []
    await ship(shop, new, "new")
    await react(shop)
    for _ in range(3):
        await send(shop, server)
    subjects = [str(mail["Subject"]) for mail in received.mails]
    assert f"Your exchange is order {new.number}" in subjects
    assert f"Your order {new.number} is confirmed" in subjects


async def test_what_costs_less_gives_the_difference_back_and_what_is_refunded_of_it_goes_where_it_was_paid(
    shop: Shop,
) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order = await shipped(shop, 2)
    each = await receive(shop, await swap(shop, order, 1, bulb=2))
    new = await replacement(shop, each)
    assert new.totals.total.amount_minor == 714
    assert await at_provider(shop, order) == [1190 - 714]
    await shop.work()
    await shop.work()
    await shop.refund(new, reason="goodwill", lines=[{"sku": "bulb", "quantity": 1}])
    assert await at_provider(shop, order) == [357, 476]
    await shop.refund(new, reason="goodwill")
    assert await at_provider(shop, order) == [357, 357, 476]
    assert sum(refund.amount_minor for refund in await shop.refunds(new)) == 714


async def test_what_costs_more_is_paid_before_it_is_sent_and_goes_back_by_both_payments(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("chandelier", 5, price=2000)
    order = await shipped(shop, 1)
    each = await receive(shop, await swap(shop, order, 1, chandelier=1))
    new = await replacement(shop, each)
    assert new.payment.amount is not None
    assert (new.totals.total.amount_minor, new.payment.amount.amount_minor) == (2380, 1190)
    await shop.pay(new)
    await shop.complete(new)
    await shop.work()
    assert await told(shop, new) == ("confirmed", "captured")
    await ship(shop, new, "new")
    await shop.refund(new, lines=[{"sku": "chandelier", "quantity": 1}])
    own, earlier = sorted(await shop.refunds(new), key=lambda refund: -refund.lines[0].quantity)
    assert [(line.quantity, line.amount_minor) for line in (*own.lines, *earlier.lines)] == [(1, 1190), (0, 1190)]
    assert (await at_provider(shop, new), await at_provider(shop, order)) == ([1190], [1190])


async def test_a_part_of_a_refund_that_failed_goes_again_by_its_own_payment(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("chandelier", 5, price=2000)
    order = await shop.captured(card="pm_card_pendingRefund", lamp=1)
    await ship(shop, order, order.number)
    new = await replacement(shop, await receive(shop, await swap(shop, order, 1, chandelier=1)))
    await shop.pay(new)
    await shop.complete(new)
    await shop.work()
    await ship(shop, new, "new")
    each = await receive(shop, await ask(shop, new, 1, of="chandelier"), {"sku": "chandelier", "quantity": 1})
    await shop.refund_work()
    own, earlier = sorted(await shop.refunds(new), key=lambda part: part.part_of is not None)
    assert [(part.state, part.part_of) for part in (own, earlier)] == [("succeeded", None), ("pending", own.id)]
    with pytest.raises(ReturnNotToRefund):
        await handlers.refund_again(shop.pool, each.id, CAUSE, new_call())
    await shop.settle_refund(earlier.provider_id, "fail")
    await shop.refund_work()
    await handlers.refund_again(shop.pool, each.id, CAUSE, new_call())
    with pytest.raises(ReturnNotToRefund):
        await handlers.refund_again(shop.pool, each.id, CAUSE, new_call())
    *_, instead = await shop.refunds(new)
    assert (instead.intent_id, instead.amount_minor, instead.part_of) == (earlier.intent_id, 1190, own.id)
    assert instead.lines == earlier.lines
    assert (await now(shop, each)).refund_id == own.id, "the one that has the goods"
    with pytest.raises(ReturnsTooMuch):
        await ask(shop, new, 1, of="chandelier")


async def test_what_was_sent_in_exchange_is_exchanged_again_and_all_of_its_money_ends_where_it_came_from(
    shop: Shop,
) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    await shop.stock("chandelier", 5, price=2000)
    first = await shipped(shop, 1)
    second = await replacement(shop, await receive(shop, await swap(shop, first, 1, bulb=2)))
    await shop.work()
    await shop.work()
    await ship(shop, second, "second")
    each = await swap(shop, second, 2, of="bulb", chandelier=1)
    third = await replacement(shop, await receive(shop, each, {"sku": "bulb", "quantity": 2}))
    assert third.payment.amount is not None
    assert third.payment.amount.amount_minor == 2380 - 714
    await shop.pay(third)
    await shop.complete(third)
    await shop.work()
    await shop.refund(third, reason="goodwill")
    assert (await at_provider(shop, third), await at_provider(shop, first)) == ([2380 - 714], [476, 714])
    assert {order.credit_minor for order in [await shop.now(each) for each in (first, second, third)]} == {0, 714}


async def test_what_comes_of_an_exchange_in_part_pays_in_part(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("uplighter", 5)
    order = await shipped(shop, 2)
    each = await swap(shop, order, 2, uplighter=2)
    kept = {"sku": "lamp", "quantity": 1, "condition": "damaged", "refund": False}
    new = await replacement(shop, await receive(shop, each, {"sku": "lamp", "quantity": 1}, kept))
    assert new.payment.amount is not None
    assert (new.totals.total.amount_minor, new.payment.amount.amount_minor) == (2380, 1190)


async def test_what_is_not_paid_in_time_is_not_sent_and_its_money_goes_back_once(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    await shop.stock("chandelier", 5, price=2000)
    order = await shipped(shop, 1)
    each = await swap(shop, order, 1, chandelier=1)
    wanted = structs.replace(shop.settings, exchange_payment_days=0)
    each = await receive(Shop(shop.pool, shop.keyring, shop.providers, wanted), each)
    new = await replacement(shop, each)
    await closing.close_expired(shop.pool)
    await shop.work()
    assert await told(shop, new) == ("expired", "voided")
    assert await shop.figures("chandelier") == (5, 0)
    assert [await replacing.work_off(shop.pool) for _ in range(2)] == [1, 0]
    assert await at_provider(shop, order) == [1190]
    assert ((await now(shop, each)).exchange_state, (await now(shop, each)).failure) == ("failed", "not_paid")
    await react(shop)
    for _ in range(3):
        await send(shop, server)
    assert any("is off" in str(mail["Subject"]) for mail in received.mails)
    over = [mail for mail in received.mails if str(mail["Subject"]).endswith(("is cancelled", "was not paid in time"))]
    assert over == [], "that the exchange is off says it"


async def test_what_is_sent_before_the_goods_are_here_is_not_paid_back_once_more_as_they_come(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order = await shipped(shop, 3)
    each = await swap(shop, order, 1, bulb=1)
    answer = await handlers.send_early(shop.pool, each.id, shop.settings, CAUSE, new_call())
    each = _return.decode(answer.body)
    assert (each.state, each.exchange_state) == ("approved", "placed")
    with pytest.raises(NotHeld):
        await handlers.send_early(shop.pool, each.id, shop.settings, CAUSE, new_call())
    with pytest.raises(ReturnNotOpen):
        await handlers.cancel_return(shop.pool, order.id, each.id, CAUSE, new_call())
    await receive(shop, each)
    assert await shop.figures("lamp") == (8, 0)
    assert [refund.amount_minor for refund in await shop.refunds(order)] == [1190]
    assert await at_provider(shop, order) == [1190 - 357]


async def test_whoever_ends_a_return_frees_what_was_held_and_staff_may_refuse_the_wish(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 2, price=300)
    order = await shipped(shop, 3)
    each = await swap(shop, order, 1, bulb=2)
    await handlers.cancel_return(shop.pool, order.id, each.id, CAUSE, new_call())
    assert await shop.figures("bulb") == (2, 0)
    late = await swap(shop, order, 1, said={"return_expires_days": 0}, bulb=2)
    await expiring.close_late(shop.pool)
    assert ((await now(shop, late)).exchange_state, await shop.figures("bulb")) == ("dropped", (2, 0))
    asked = await swap(shop, order, 1, said={"return_approval": "by_hand"}, bulb=1)
    wanted = ApproveReturn(exchange=False)
    await handlers.approve_return(shop.pool, asked.id, wanted, shop.settings, CAUSE, new_call())
    refused = await receive(shop, asked)
    assert (refused.exchange_state, await shop.figures("bulb")) == ("refused", (2, 0))
    assert await at_provider(shop, order) == [1190]
    with pytest.raises(OutOfStock):
        await swap(shop, order, 1, bulb=3)
    left = (await shop.payment(order)).amount_minor - 1190
    await shop.refund(order, reason="goodwill", amount_minor=left)
    with pytest.raises(NotExchangeable):
        await swap(shop, order, 1, bulb=1)


async def test_six_who_receive_an_exchange_at_once_are_sent_one_and_paid_by_one(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order = await shipped(shop, 2)
    each = await swap(shop, order, 1, bulb=1)
    async with patient(shop) as slow:
        done = await meeting(slow, "refund", [receive(slow, each) for _ in range(6)])
    assert Counter(type(one).__name__ for one in done) == {"Return": 1, "ReturnNotApproved": 5}
    assert [refund.amount_minor for refund in await shop.refunds(order)] == [1190]
    assert await shop.pool.fetchval("SELECT count(*) FROM customer_order WHERE credit_minor > 0") == 1


async def test_what_is_cancelled_is_paid_back_once_however_many_see_to_it(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order = await shipped(shop, 1)
    each = await receive(shop, await swap(shop, order, 1, bulb=2))
    new = await replacement(shop, each)
    await closing.cancel_order(shop.pool, shop.providers, new.id, CAUSE)
    assert (await told(shop, new), await shop.figures("bulb")) == (("cancelled", "voided"), (5, 0))
    async with patient(shop) as slow:
        done = [replacing.fall_through(slow.pool, new.id, CAUSE) for _ in range(6)]
        assert await meeting(slow, "refund", done) == [None] * 6
    assert [refund.amount_minor for refund in await shop.refunds(new)] == [714]
    assert await at_provider(shop, order) == [476, 714]
    assert (await now(shop, each)).failure == "cancelled"
    again = await shop.refunds(new)
    with pytest.raises(NothingToRefund):
        await shop.refund(new, reason="goodwill")
    assert await shop.refunds(new) == again


async def test_no_more_is_held_than_there_is_however_many_wish_it(shop: Shop) -> None:
    await shop.stock("lamp", 20)
    await shop.stock("bulb", 2, price=300)
    orders = [await shipped(shop, 1) for _ in range(3)]
    async with patient(shop) as slow:
        done = await meeting(slow, "stock_item", [swap(slow, order, 1, bulb=1) for order in orders])
    assert Counter(type(one).__name__ for one in done) == {"Return": 2, "OutOfStock": 1}
    assert await shop.figures("bulb") == (2, 2)


async def test_what_gift_cards_paid_is_taken_from_them_again(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order, card = await paid_by_a_card(shop, 2)
    before = await shop.balance(card)
    each = await receive(shop, await swap(shop, order, 1, bulb=2))
    new = await replacement(shop, each)
    assert await shop.balance(card) == before + 1190 - 714
    await shop.work()
    await shop.work()
    assert await told(shop, new) == ("confirmed", "captured")
    await shop.refund_work()
    await react(shop)
    for _ in range(3):
        await send(shop, server)
    [mail] = [each for each in received.mails if "A refund" in str(each["Subject"])]
    text = mail.get_body(("plain",))
    assert text is not None
    assert "€7.14 of your order" in text.get_content(), "the rest alone goes back"
    assert "€4.76 are on their way back" in text.get_content()
    await shop.refund(new, reason="goodwill")
    assert await shop.balance(card) == before + 1190


async def test_an_exchange_opens_to_the_token_of_the_first_order(shop: Shop, shop_settings: Settings) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order = await shipped(shop, 1)
    token = {"Order-Token": order_token(shop_settings.link_secret, order.id)}
    body = {"lines": lamps(1), "reason": "other", "instead": [{"sku": "bulb", "quantity": 1}]}
    address = f"/v1/orders/{order.id}/returns"
    async with client_of(create_app(shop_settings)) as api:
        key = {"Idempotency-Key": "an exchange"}
        answer = await api.post(address, json=body, headers=token | key)
        assert answer.status_code == 201, answer.text
        again = await api.post(address, json=body, headers=token | key)
        assert again.json() == answer.json()
        each = msgspec.convert(answer.json(), Return)
        shown = f"{address}/{each.id}/replacement"
        assert (await api.get(shown)).json()["code"] == "order_token_required"
        assert (await api.get(shown, headers=token)).json()["code"] == "no_replacement"
        await receive(shop, each)
        new = (await api.get(shown, headers=token)).json()
        assert UUID(new["id"]) == each.replacement_id
        assert new["order_token"] == order_token(shop_settings.link_secret, UUID(new["id"]))
