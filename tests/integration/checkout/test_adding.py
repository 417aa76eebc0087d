"""More goes with a paid order before it is picked, through the handlers on real Postgres: held, paid, sent once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from msgspec import structs

from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.carriers import CarrierProcess
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import all_while_the_stock_is_held, patient, until_waiting
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_carrier import book
from tests.integration.checkout.test_editing import edit, send_to
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_mails import react as write_mails
from tests.integration.checkout.test_mails import send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, react, ship_pick, start
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side import fulfilment, reactions
from write_side.app import create_app
from write_side.commands import Call
from write_side.errors import Refusal
from write_side.fulfilment import Parcel
from write_side.fulfilment.booking import handlers as booking
from write_side.fulfilment.booking import store as booking_store
from write_side.fulfilment.booking.carrier import Booked, Scan
from write_side.fulfilment.booking.gateway import open_carrier
from write_side.fulfilment.booking.reactions import reactions as booking_reactions
from write_side.fulfilment.domain import TrackingNumberTaken
from write_side.fulfilment.editing import adding
from write_side.fulfilment.editing.domain import AdditionUnpaid, AddLines, IsAddition, NotEditable, PickingHasBegun
from write_side.fulfilment.handlers import deliver_parcel
from write_side.fulfilment.picking.handlers import open_picks
from write_side.fulfilment.picking.steps import pick_due
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


async def parcels(shop: Shop, order: OrderState) -> list[Parcel]:
    async with shop.pool.acquire() as conn:
        return await fulfilment.parcels_of(conn, order.id)


async def ask_for_bookings(shop: Shop, settings: Settings) -> None:
    """As if the relay had got to the end of the log."""
    await shop.pool.execute("UPDATE relay_state SET safe_position = (SELECT max(position) FROM event_log)")
    [reaction] = booking_reactions(settings)
    await reactions.advance(shop.pool, reaction)
    while await reactions.advance(shop.pool, reaction):
        pass


async def paid(shop: Shop, order: OrderState) -> None:
    """Paid and captured."""
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()


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


async def test_what_is_packed_with_the_first_goes_in_its_box(shop: Shop, process: CarrierProcess) -> None:
    settings = process.named_in(shop.settings)
    await process.is_well("off")
    await shop.stock("lamp", 10)
    order, other = await shop.captured(lamp=1), await shop.captured(lamp=1)
    more, left = await add(shop, order, lamp=2), await add(shop, other, lamp=1)
    await paid(shop, more)
    await paid(shop, left)
    await react(shop)
    await pick_due(shop.pool, settings)
    await shop.refund(other, reason="requested_by_customer", lines=[{"sku": "lamp", "quantity": 1}])
    await ask_for_bookings(shop, settings)
    async with open_carrier(settings) as carrier:
        assert carrier is not None
        assert await book(shop, carrier) == 2
        [box], [within] = await parcels(shop, order), await parcels(shop, more)
        assert (within.within, within.tracking_number) == (box.id, box.tracking_number)
        assert await parcels(shop, left) == [], "the first does not go: it goes by itself"
        assert await book(shop, carrier) == 1
        [alone] = await parcels(shop, left)
        assert (alone.within, await parcels(shop, other)) == (None, [])
        await process.see(box.tracking_number, "delivered")
        [scan] = await carrier.scans(box.tracking_number)
        await booking.learn(shop.pool, carrier.name, scan, CAUSE)
    assert [each.state for each in [*await parcels(shop, order), *await parcels(shop, more)]] == ["delivered"] * 2


async def test_what_is_to_be_picked_says_what_lies_in_one_parcel(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order, other = await shop.captured(lamp=1), await shop.captured(lamp=1)
    more, left = await add(shop, order, lamp=2), await add(shop, other, lamp=1)
    for each in (more, left):
        await paid(shop, each)
    await react(shop)
    ([first], [added], [alone]) = (await picks(shop, order), await picks(shop, more), await picks(shop, left))
    await edit(shop, other, lamp=0)
    await start(shop, first)
    await start(shop, (await picks(shop, other))[0])  # nothing is due of it: cancelled
    shown = {pick.id: pick for pick in (await open_picks(shop.pool, "BER", UUID(int=0))).picks}
    assert {id_: (pick.adds_to, pick.goes_with) for id_, pick in shown.items()} == {
        first.id: (None, [added.id]), added.id: (order.id, [first.id]), alone.id: (other.id, []),
    }  # fmt: skip
    await finish(shop, first)
    [waiting, _] = (await open_picks(shop.pool, "BER", UUID(int=0))).picks
    assert (waiting.id, waiting.goes_with) == (added.id, [first.id]), "it still goes along"
    await ship_pick(shop, first)
    [waiting, _] = (await open_picks(shop.pool, "BER", UUID(int=0))).picks
    assert waiting.goes_with == [], "the box has left"


async def test_of_two_lists_of_one_order_the_next_to_leave_has_what_was_added_in_its_parcel(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=2)
    more = await add(shop, order, lamp=1)
    await paid(shop, more)
    await react(shop)
    ([first], [added]) = (await picks(shop, order), await picks(shop, more))
    await start(shop, first)
    await finish(shop, first, missing=[{"sku": "lamp", "quantity": 1}], reason="damaged")
    [again] = [pick for pick in await picks(shop, order) if pick.id != first.id]  # another lamp, from the same shelf
    assert await goes_with(shop) == {added.id: [first.id], again.id: []}, "each list of the first is a parcel"
    await ship_pick(shop, first)
    assert await goes_with(shop) == {added.id: [again.id], again.id: [added.id]}


async def goes_with(shop: Shop) -> dict[UUID, list[UUID]]:
    return {pick.id: pick.goes_with for pick in (await open_picks(shop.pool, "BER", UUID(int=0))).picks}


async def test_who_ships_by_hand_gives_both_one_number(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order, stranger = await shop.captured(lamp=1), await shop.captured(lamp=1)
    more = await add(shop, order, lamp=2)
    await paid(shop, more)
    await ship(shop, order, "1")
    with pytest.raises(TrackingNumberTaken):
        await ship(shop, stranger, "1")
    await ship(shop, more, "1")
    [box], [within] = await parcels(shop, order), await parcels(shop, more)
    assert within.within == box.id
    await deliver_parcel(shop.pool, box.id, CAUSE, new_call())
    assert [each.state for each in [*await parcels(shop, order), *await parcels(shop, more)]] == ["delivered"] * 2
    await shop.stock("cord", 1)
    assert (await swap(shop, more, 1, cord=1)).exchange_state == "held", "what was added is exchanged like anything"


async def test_what_lies_in_a_box_is_seen_before_the_box_is(shop: Shop) -> None:
    """Whoever is killed between the two asks the carrier again: about the box."""
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add(shop, order, lamp=2)
    await paid(shop, more)
    await ship(shop, order, "1")
    await ship(shop, more, "1")
    scan = Scan("scan-1", "1", "delivered", datetime.now(UTC))
    [box], [within] = await parcels(shop, order), await parcels(shop, more)
    async with patient(shop) as slow:
        async with slow.pool.acquire() as conn, conn.transaction():
            await conn.execute("SELECT FROM customer_order WHERE id = $1 FOR UPDATE", order.id)
            learning = asyncio.ensure_future(booking.learn(slow.pool, box.carrier, scan, CAUSE))
            await until_waiting(slow, 1)
            states = [each.state for each in [*await parcels(slow, order), *await parcels(slow, more)]]
        await learning
    assert states == ["shipped", "delivered"]
    assert within.within == box.id


async def test_what_is_to_be_added_while_somebody_goes_to_the_shelf_comes_too_late(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    await react(shop)
    [pick] = await picks(shop, order)
    async with patient(shop) as slow:
        async with slow.pool.acquire() as conn, conn.transaction():
            await conn.execute("LOCK TABLE pick IN SHARE MODE")  # it may be read, and nobody writes it
            going = asyncio.ensure_future(start(slow, pick))
            await until_waiting(slow, 1)
            late = asyncio.ensure_future(tried(slow, order, lamp=1))
            await until_waiting(slow, 2)
        await going
        assert isinstance(await late, PickingHasBegun)
    assert await shop.figures("lamp") == (9, 0)


async def test_what_is_packed_while_the_first_still_is_waits_for_its_box(shop: Shop, process: CarrierProcess) -> None:
    settings = process.named_in(shop.settings)
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    more = await add(shop, order, lamp=2)
    await paid(shop, more)
    await react(shop)
    ([first], [added]) = (await picks(shop, order), await picks(shop, more))
    await start(shop, first)
    await start(shop, added)
    await finish(shop, added)
    await ask_for_bookings(shop, settings)
    async with shop.pool.acquire() as conn:
        assert await booking_store.all_bookings(conn) == []
    await finish(shop, first)
    await ask_for_bookings(shop, settings)
    async with shop.pool.acquire() as conn:
        [asked] = await booking_store.all_bookings(conn)
    assert (asked.pick_id, asked.along) == (first.id, [added.id])


async def appends_nothing_while_it_waits(shop: Shop, held: str, call: Callable[[Shop], Awaitable[Any]]) -> None:
    """From its first event on a command holds up the feed for everybody: what it waits for comes before."""
    async with patient(shop) as slow:
        holder = await asyncpg.connect(shop.settings.database_url)
        try:
            async with holder.transaction():
                await holder.execute(f"SELECT FROM {held} FOR UPDATE")
                before = await shop.pool.fetchval("SELECT last_value FROM event_position")
                waiting = asyncio.ensure_future(call(slow))
                await until_waiting(shop, 1)
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
