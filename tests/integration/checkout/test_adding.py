"""More goes with a paid order before it is picked, through the handlers on real Postgres: held, paid, sent once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
import pytest
from msgspec import structs

from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.carriers import CarrierProcess
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import all_while_the_stock_is_held, patient, until_waiting
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_editing import edit, send_to
from tests.integration.checkout.test_mails import react as write_mails
from tests.integration.checkout.test_mails import send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, react, start
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side.app import create_app
from write_side.commands import Call
from write_side.errors import Refusal
from write_side.fulfilment.booking import handlers as booking
from write_side.fulfilment.booking import store as booking_store
from write_side.fulfilment.booking.carrier import Booked
from write_side.fulfilment.booking.reactions import reactions as booking_reactions
from write_side.fulfilment.editing import adding
from write_side.fulfilment.editing.domain import AdditionUnpaid, AddLines, IsAddition, NotEditable, PickingHasBegun
from write_side.inventory import OutOfStock, PurchaseLimitReached
from write_side.inventory.limits.domain import SetPurchaseLimit
from write_side.inventory.limits.handlers import set_limit
from write_side.notifications.gateway import MailServer
from write_side.orders import closing
from write_side.orders.handlers import OrderState

_order = msgspec.json.Decoder(OrderState)


async def add(shop: Shop, order: OrderState, call: Call | None = None, **lines: int) -> OrderState:
    asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    wanted = msgspec.convert({"lines": asked}, AddLines)
    offered = await adding.offer(shop.pool, shop.keyring, order.id, wanted, shop.settings, shop.outside)
    answer = await adding.add_lines(shop.pool, order.id, offered, shop.settings, CAUSE, call or new_call())
    return _order.decode(answer.body)


async def tried(shop: Shop, order: OrderState, **lines: int) -> OrderState | Refusal:
    try:
        return await add(shop, order, None, **lines)
    except Refusal as refused:
        return refused


async def ask_for_bookings(shop: Shop, settings: Settings) -> None:
    """As if the relay had got to the end of the log."""
    reaction, _ = booking_reactions(settings)
    await react_to_all(shop.pool, reaction)


async def paid(shop: Shop, order: OrderState) -> None:
    """Paid and captured."""
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()


async def add_paid(shop: Shop, order: OrderState, **lines: int) -> OrderState:
    """Added, and its money taken."""
    more = await add(shop, order, None, **lines)
    await paid(shop, more)
    return more


async def test_what_is_added_is_held_at_todays_price_and_goes_along_once_it_is_paid(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("cord", 3, 2000)
    unpaid = await shop.order(lamp=1)
    with pytest.raises(NotEditable):
        await add(shop, unpaid, cord=1)
    order = await shop.captured(lamp=2)
    await shop.price("lamp", 1500)
    call = new_call()
    more = await add(shop, order, call, cord=2, lamp=1)
    assert (more.state, more.totals.lines.amount_minor, more.totals.shipping.amount_minor) == (
        "pending_payment", 5500, 0,
    )  # fmt: skip
    assert (await shop.figures("cord"), await shop.figures("lamp")) == ((3, 2), (8, 2))
    assert (await add(shop, order, call, cord=2, lamp=1)).id == more.id
    with pytest.raises(AdditionUnpaid):
        await add(shop, order, cord=1)
    await paid(shop, more)
    assert (await shop.payment(more)).amount_minor == more.totals.total.amount_minor
    assert (await shop.payment(more)).intent_id != (await shop.payment(order)).intent_id
    assert await shop.figures("cord") == (1, 0)
    first, added = await shop.now(order), await shop.now(more)
    assert (first.additions, added.adds_to, added.state) == ([more.id], order.id, "confirmed")
    assert (await shop.history(order))[-1] == "order_added_to"
    with pytest.raises(IsAddition):
        await add(shop, more, cord=1)
    with pytest.raises(OutOfStock):
        await add(shop, order, cord=2)


async def test_sending_both_costs_what_the_first_does_not_cover(shop: Shop) -> None:
    await shop.stock("lamp", 10, grams=1200)
    order = await shop.captured(lamp=1)
    await set_zone(shop, STANDARD)  # 4.90 up to two kilogrammes, 8.90 above
    assert (await add(shop, order, lamp=1)).totals.shipping.amount_minor == 400


async def given_back(shop: Shop, order: OrderState) -> int:
    return sum(refund.amount_minor for refund in await shop.refunds(order))


async def total(shop: Shop, order: OrderState) -> int:
    return (await shop.payment(order)).amount_minor


async def test_nothing_goes_by_shipping_that_is_given_back(shop: Shop) -> None:
    await shop.stock("lamp", 10, grams=1200)
    order = await shop.captured(lamp=1)
    await set_zone(shop, STANDARD)  # 4.90 up to two kilogrammes, 8.90 above
    gone = await add(shop, order, lamp=1)
    await shop.pay(gone)
    await shop.complete(gone)
    with pytest.raises(AdditionUnpaid):  # it may still be cancelled, with its shipping
        await add(shop, order, lamp=1)
    await shop.work()
    await edit(shop, gone, lamp=0)
    assert await given_back(shop, gone) == await total(shop, gone)
    dear = await add(shop, order, lamp=1)
    assert dear.totals.shipping.amount_minor == 400, "what is not sent covers nothing"
    await paid(shop, dear)
    cheap = await add(shop, order, lamp=1)
    assert cheap.totals.shipping.amount_minor == 0
    with pytest.raises(AdditionUnpaid):
        await edit(shop, dear, lamp=0)
    await paid(shop, cheap)
    await edit(shop, dear, lamp=0)
    assert await given_back(shop, dear) == await total(shop, dear) - 476, "by which the other one goes"
    await edit(shop, cheap, lamp=0)
    assert await given_back(shop, dear) == await total(shop, dear)
    assert await given_back(shop, order) == 0


@pytest.mark.parametrize("first", [True, False])
async def test_where_nothing_is_sent_no_shipping_is_kept(shop: Shop, first: bool) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add(shop, order, lamp=1)
    await paid(shop, more)
    for each in (order, more) if first else (more, order):
        await edit(shop, each, lamp=0)
    for each in (order, more):
        assert await given_back(shop, each) == await total(shop, each)


async def test_what_is_not_paid_in_time_is_free_again(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add(shop, order, lamp=2)
    await closing.close_order(shop.pool, more.id, "expired", CAUSE, now=more.expires_at)
    assert (await shop.now(more)).state == "closing"
    with pytest.raises(AdditionUnpaid):  # while Stripe has not let go of it, its stock is held
        await add(shop, order, lamp=3)
    await shop.work()
    assert ((await shop.now(more)).state, await shop.figures("lamp")) == ("expired", (9, 0))
    other = await add(shop, order, lamp=3)
    await closing.cancel_order(shop.pool, shop.providers, other.id, CAUSE)
    assert ((await shop.now(other)).state, await shop.figures("lamp")) == ("cancelled", (9, 0))


async def test_an_order_that_leaves_waits_for_nothing_unpaid(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add(shop, order, lamp=2)
    await shop.pay(more)  # at the bank: we have not heard of it
    await react(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    assert (await shop.now(more)).state == "closing"
    await shop.work()
    assert ((await shop.now(more)).state, await shop.figures("lamp")) == ("cancelled", (9, 0))
    assert (await shop.at_stripe(more))["status"] == "canceled"
    with pytest.raises(PickingHasBegun):
        await add(shop, order, lamp=1)
    await write_mails(shop)
    for _ in range(3):
        await send(shop, server)
    subjects = [str(mail["Subject"]) for mail in received.mails]
    assert f"More goes with your order {order.number}" in subjects
    assert f"Your order {order.number} leaves without order {more.number}" in subjects


async def test_nobody_pays_for_what_would_go_with_an_order_that_was_refunded(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=2)
    more = await add(shop, order, lamp=1)
    await shop.refund(order, reason="requested_by_customer", lines=[{"sku": "lamp", "quantity": 1}])
    assert (await shop.now(more)).state == "pending_payment"
    await shop.refund(order, reason="requested_by_customer")
    assert (await shop.now(more)).state == "closing"


async def test_what_was_added_goes_by_the_shipping_of_the_first(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add(shop, order, lamp=2)
    await paid(shop, more)
    with pytest.raises(IsAddition):
        await send_to(shop, more, ADDRESS)
    await send_to(shop, order, structs.replace(ADDRESS, line1="Hill Road 7"))
    first, added = await shop.now(order), await shop.now(more)
    assert first.address == added.address
    unpaid = await add(shop, order, lamp=1)
    back = await edit(shop, order, lamp=0)
    total = (await shop.payment(order)).amount_minor
    assert back.amount.amount_minor == total - first.totals.shipping_minor * 119 // 100, "it still goes"
    assert (await shop.now(unpaid)).state == "closing"
    assert (await edit(shop, more, lamp=0)).amount.amount_minor == (await shop.payment(more)).amount_minor
    with pytest.raises(NotEditable):
        await add(shop, order, lamp=1)


async def test_additions_to_several_orders_at_once_stay_within_the_limit(shop: Shop) -> None:
    """A customer may have five: three are in three orders, and each wants one more, at once."""
    await shop.stock("lamp", 10)
    orders = [await shop.captured(lamp=1) for _ in range(3)]
    await set_limit(shop.pool, "lamp", SetPurchaseLimit(most_per_customer=5), CAUSE)
    async with patient(shop) as slow:
        done = await all_while_the_stock_is_held(slow, [tried(slow, order, lamp=1) for order in orders])
    assert sorted(type(each).__name__ for each in done) == ["OrderState", "OrderState", "PurchaseLimitReached"]
    assert await shop.figures("lamp") == (7, 2)


async def test_what_is_limited_per_order_is_limited_with_all_that_was_added(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await set_limit(shop.pool, "lamp", SetPurchaseLimit(most_per_order=2), CAUSE)
    order = await shop.captured(lamp=1)
    await paid(shop, await add(shop, order, lamp=1))
    with pytest.raises(PurchaseLimitReached) as refused:
        await add(shop, order, lamp=1)
    assert refused.value.facts["lines"] == [{"sku": "lamp", "wanted": 1, "left": 0, "most_per_order": 2}]


async def test_who_may_add_is_who_may_edit(shop: Shop, shop_settings: Settings) -> None:
    await shop.stock("lamp", 10)
    order, other = await shop.captured(lamp=2), await shop.captured(lamp=2)
    lines: Any = {"lines": [{"sku": "lamp", "quantity": 1}]}
    async with client_of(create_app(shop_settings)) as api:
        for whose, status in ((other, 403), (order, 201)):
            token = order_token(shop_settings.link_secret, whose.id)
            headers = {"Idempotency-Key": str(uuid7()), "Order-Token": token}
            answer = await api.post(f"/v1/orders/{order.id}/additions", json=lines, headers=headers)
            assert answer.status_code == status
            listed = await api.get(f"/v1/orders/{order.id}/additions", headers={"Order-Token": token})
            assert listed.status_code == (200 if status == 201 else 403)
    assert listed.json()["additions"] == [answer.json()]


async def appends_nothing_while_it_waits(shop: Shop, held: str, call: Callable[[Shop], Awaitable[Any]]) -> None:
    """From its first event on a command holds up the feed for everybody: what it waits for comes before."""
    async with patient(shop) as slow:
        holder = await asyncpg.connect(shop.settings.database_url)
        try:
            async with holder.transaction():
                await holder.execute(f"SELECT FROM {held} FOR UPDATE")
                before = await shop.pool.fetchval("SELECT last_value FROM event_position")
                waiting = asyncio.ensure_future(call(slow))
                await until_waiting(shop.pool, 1)
                drawn = await shop.pool.fetchval("SELECT last_value FROM event_position") - before
        finally:
            await holder.close()
        await waiting
    assert drawn == 0


async def test_the_feed_waits_for_nobody_who_waits_for_an_addition_or_its_goods(
    shop: Shop, process: CarrierProcess
) -> None:
    settings = process.named_in(shop.settings)
    await shop.stock("lamp", 10)
    orders = [await shop.captured(lamp=1) for _ in range(3)]
    await appends_nothing_while_it_waits(shop, "stock_item", lambda slow: add(slow, orders[0], lamp=1))
    added = [await add(shop, order, lamp=1) for order in orders[1:]]
    ids = [(await shop.now(orders[0])).additions[0], *[each.id for each in added]]
    rows = [f"customer_order WHERE id = '{order_id}'" for order_id in ids]
    await paid(shop, added[0])
    await react(shop)
    [first] = await picks(shop, orders[0])
    await appends_nothing_while_it_waits(shop, rows[0], lambda slow: start(slow, first))
    for [each] in (await picks(shop, added[0]), await picks(shop, orders[1])):
        await start(shop, each)
        await finish(shop, each)
    await ask_for_bookings(shop, settings)
    async with shop.pool.acquire() as conn:
        [asked] = await booking_store.all_bookings(conn)
    booked = Booked("1", "")
    await appends_nothing_while_it_waits(
        shop, rows[1], lambda slow: booking.ship_booked(slow.pool, asked.id, "Carrier", booked, CAUSE)
    )
    await appends_nothing_while_it_waits(shop, rows[2], lambda slow: ship(slow, orders[2], "2"))
