"""What was added leaves with its order: on its lists, in its boxes, under its number."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.carriers import CarrierProcess
from tests.integration.checkout.patience import patient, until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, ask_for_bookings, paid, tried
from tests.integration.checkout.test_carrier import book
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, react, ship_pick, start
from write_side import fulfilment
from write_side.fulfilment import Parcel
from write_side.fulfilment.booking import handlers as booking
from write_side.fulfilment.booking import store as booking_store
from write_side.fulfilment.booking.carrier import Scan
from write_side.fulfilment.booking.gateway import open_carrier
from write_side.fulfilment.domain import TrackingNumberTaken
from write_side.fulfilment.editing.domain import PickingHasBegun
from write_side.fulfilment.handlers import deliver_parcel
from write_side.fulfilment.picking.handlers import open_picks
from write_side.fulfilment.picking.steps import pick_due
from write_side.orders.handlers import OrderState


async def parcels(shop: Shop, order: OrderState) -> list[Parcel]:
    async with shop.pool.acquire() as conn:
        return await fulfilment.parcels_of(conn, order.id)


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
            await until_waiting(slow.pool, 1)
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
            await until_waiting(slow.pool, 1)
            late = asyncio.ensure_future(tried(slow, order, lamp=1))
            await until_waiting(slow.pool, 2)
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
