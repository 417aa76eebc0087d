"""Parcels booked, followed and ended by themselves, at a carrier that answers late, never, or twice."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from doorbuster.simulators.signing import signature
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.carriers import SECRET, CarrierProcess
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_mails import react as write_mails
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, missing, picks, start
from tests.integration.checkout.test_picking import react as list_paid
from write_side.app import create_app
from write_side.fulfilment import store as parcel_store
from write_side.fulfilment.booking import handlers, steps, store
from write_side.fulfilment.booking.carrier import Carrier, Scan
from write_side.fulfilment.booking.domain import Booking
from write_side.fulfilment.booking.gateway import open_carrier
from write_side.fulfilment.booking.reactions import reactions as booking_reactions
from write_side.fulfilment.domain import Parcel
from write_side.orders.handlers import OrderState


@pytest.fixture
def settings(shop_settings: Settings, process: CarrierProcess) -> Settings:
    return structs.replace(process.named_in(shop_settings), complete_after_days=14)


@pytest.fixture
async def carrier(settings: Settings, process: CarrierProcess) -> AsyncIterator[Carrier]:
    """The way to a carrier that is well."""
    await process.is_well("off")
    async with open_carrier(settings) as opened:
        assert opened is not None
        yield opened
    await process.is_well("off")


async def packed(shop: Shop, settings: Settings, lamps: int = 1) -> OrderState:
    """An order that is paid and packed, and whose parcel is to be booked."""
    order = await shop.captured(lamp=lamps)
    await list_paid(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    await finish(shop, pick)
    await booked_when_packed(shop, settings)
    return order


async def booked_when_packed(shop: Shop, settings: Settings) -> None:
    """As if the relay had got to the end of the log: the bookings of what is packed are asked for."""
    reaction, _ = booking_reactions(settings)
    await react_to_all(shop.pool, reaction)


async def book(shop: Shop, carrier: Carrier) -> int:
    """The worker's step, whatever was put off."""
    await shop.pool.execute("UPDATE booking SET next_attempt_at = clock_timestamp()")
    return await steps.book_due(shop.pool, shop.keyring, carrier)


async def look(shop: Shop, carrier: Carrier, settings: Settings) -> int:
    """The worker's other step, likewise."""
    await shop.pool.execute("UPDATE parcel SET look_at = clock_timestamp() WHERE look_at IS NOT NULL")
    return await steps.look_after(shop.pool, carrier, settings)


async def booking(shop: Shop) -> Booking:
    async with shop.pool.acquire() as conn:
        [found] = await store.all_bookings(conn)
    return found


async def parcel(shop: Shop, order: OrderState) -> Parcel:
    async with shop.pool.acquire() as conn:
        [found] = await parcel_store.of_order(conn, order.id)
    return found


async def test_a_packed_parcel_is_booked_once_though_the_first_answer_was_lost(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await packed(shop, settings, lamps=2)
    await process.is_well("lost_answer")
    before = process.booked()
    assert await book(shop, carrier) == 1
    assert (await booking(shop)).state == "requested", "nobody knows whether it is booked"
    await process.is_well("off")
    assert await book(shop, carrier) == 1
    assert process.booked() == before + 1
    assert await book(shop, carrier) == 0
    made, sent = await booking(shop), await parcel(shop, order)
    assert (made.state, made.label) == ("booked", f"label:{sent.tracking_number}")
    assert (sent.id, sent.carrier, sent.pick_id) == (made.id, "SimEx", made.pick_id)
    assert [(line.sku, line.quantity) for line in sent.lines] == [("lamp", 2)]
    assert (await shop.history(order))[-2:] == ["booking_made", "parcel_shipped"]


@pytest.mark.parametrize("mode", ["error500", "hang"])
async def test_while_the_carrier_is_down_the_parcel_waits_and_nothing_is_held(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings, mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("write_side.fulfilment.booking.gateway.TIMEOUT", 0.3)
    await shop.stock("lamp", 5)
    order = await packed(shop, settings)
    await process.is_well(mode)
    trying = asyncio.create_task(book(shop, carrier))
    assert (await shop.refund(order, amount_minor=1)).amount.amount_minor == 1, "the order is not locked meanwhile"
    assert await trying == 1
    assert (await booking(shop)).state == "requested"
    await process.is_well("off")
    await book(shop, carrier)
    assert (await booking(shop)).state == "booked"


async def test_what_the_carrier_refuses_waits_for_a_person_who_may_ship_by_hand(
    shop: Shop, carrier: Carrier, settings: Settings
) -> None:
    class Picky:
        name = carrier.name
        book = staticmethod(lambda consignment: carrier.book(structs.replace(consignment, pieces={})))
        fetch, void, scans = carrier.fetch, carrier.void, carrier.scans

    await shop.stock("lamp", 5)
    order = await packed(shop, settings)
    await book(shop, Picky())
    assert (await booking(shop)).state == "requested"
    due = "SELECT next_attempt_at > clock_timestamp() + interval '50 minutes' FROM booking"
    assert await shop.pool.fetchval(due)
    await by_hand(shop, order)
    await book(shop, carrier)
    assert (await booking(shop)).state == "cancelled"
    assert (await parcel(shop, order)).carrier == "DHL"


async def by_hand(shop: Shop, order: OrderState) -> None:
    """Somebody takes the packed goods to the post office."""
    from tests.integration.checkout.test_picking import ship_pick

    [pick] = await picks(shop, order)
    await ship_pick(shop, pick)


async def test_a_label_whose_goods_were_refunded_meanwhile_is_made_void(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await packed(shop, settings)
    await process.is_well("lost_answer")
    await book(shop, carrier)
    await process.is_well("off")
    await shop.refund(order, reason="goodwill", lines=missing(1))
    await book(shop, carrier)
    assert (await booking(shop)).state == "cancelled"
    assert (await shop.history(order))[-2:] == ["booking_cancelled", "pick_cancelled"]
    again = await packed(shop, settings)
    await shop.refund(again, reason="goodwill", lines=missing(1))
    before = process.booked()
    await book(shop, carrier)
    assert process.booked() == before, "nobody is asked for a label that nobody needs"


async def test_scans_come_in_any_order_and_number_and_from_nobody_else(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await packed(shop, settings)
    await book(shop, carrier)
    number = (await parcel(shop, order)).tracking_number
    collected, out, delivered = [await process.see(number, s) for s in ("collected", "out_for_delivery", "delivered")]
    async with client_of(create_app(settings)) as api:

        async def tell(scan: object, secret: str = SECRET, at: float | None = None) -> int:
            body = msgspec.json.encode(scan)
            headers = {"Carrier-Signature": signature(body, secret, int(at or time.time()))}
            return int((await api.post("/v1/webhooks/carrier", content=body, headers=headers)).status_code)

        assert await tell(delivered, secret="guessed") == 400
        assert await tell(delivered, at=time.time() - 301) == 400, "an old one, sent again"
        assert await tell({"tracking_number": number}) == 400
        assert await tell(delivered | {"tracking_number": "nobody's"}) == 200
        assert (await parcel(shop, order)).tracking is None
        for scan in (out, out, collected):
            assert await tell(scan) == 200
        assert (await parcel(shop, order)).tracking == "out_for_delivery"
        for scan in (delivered, delivered, out):
            assert await tell(scan) == 200
    arrived = await parcel(shop, order)
    assert (arrived.state, arrived.delivered_at) == ("delivered", datetime.fromisoformat(delivered["at"]))
    told = Counter(await shop.history(order))
    assert (told["parcel_tracked"], told["parcel_delivered"]) == (1, 1)


async def test_where_no_webhook_comes_the_carrier_is_asked_and_orders_end_once_over_several_workers(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await packed(shop, settings, lamps=2)
    await book(shop, carrier)
    number = (await parcel(shop, order)).tracking_number
    await process.see(number, "delivered")
    assert await look(shop, carrier, settings) == 1
    assert (await parcel(shop, order)).state == "delivered"
    await look(shop, carrier, settings)
    assert (await shop.now(order)).state == "confirmed", "it may still be questioned"
    soon = structs.replace(settings, complete_after_days=0)
    await asyncio.gather(*(look(shop, carrier, soon) for _ in range(4)))
    assert (await shop.now(order)).state == "completed"
    assert Counter(await shop.history(order))["order_completed"] == 1
    assert await look(shop, carrier, soon) == 0
    await write_mails(shop)
    await write_mails(shop)
    assert await shop.pool.fetchval("SELECT count(*) FROM mail WHERE kind = 'order_completed'") == 1


async def test_an_order_is_not_done_while_something_of_it_is_owed_or_under_way(
    shop: Shop, carrier: Carrier, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=2)
    first = await ship(shop, order, "1", missing(1))
    past = datetime.now(UTC) - timedelta(days=30)
    scan = Scan("1", "1", "delivered", past)
    await handlers.learn(shop.pool, first.carrier, scan, CAUSE)
    soon = structs.replace(settings, complete_after_days=0)
    await look(shop, carrier, soon)
    await ship(shop, order, "2")
    await look(shop, carrier, soon)
    assert (await shop.now(order)).state == "confirmed"
    await handlers.learn(shop.pool, first.carrier, structs.replace(scan, tracking_number="2"), CAUSE)
    await look(shop, carrier, soon)
    assert (await shop.now(order)).state == "completed"


async def test_a_parcel_that_is_brought_back_to_us_has_not_arrived(
    shop: Shop, carrier: Carrier, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=1)
    back = await ship(shop, order, "1")
    past = datetime.now(UTC) - timedelta(days=30)
    await handlers.learn(shop.pool, back.carrier, Scan("1", "1", "returning", past), CAUSE)
    async with shop.pool.acquire() as conn:
        assert await parcel_store.count_returning(conn) == 1
    await handlers.learn(shop.pool, back.carrier, Scan("2", "1", "delivered", past), CAUSE)
    async with shop.pool.acquire() as conn:
        assert await parcel_store.count_returning(conn) == 0
    await look(shop, carrier, structs.replace(settings, complete_after_days=0))
    assert (await shop.now(order)).state == "confirmed"
    there = await parcel(shop, order)
    assert (there.state, there.tracking) == ("shipped", "returned")
    await write_mails(shop)
    await write_mails(shop)
    assert await shop.pool.fetchval("SELECT count(*) FROM mail WHERE kind = 'parcel_delivered'") == 0


async def test_the_carrier_hears_where_it_goes_and_keeps_what_it_knows(
    shop: Shop, carrier: Carrier, process: CarrierProcess, settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    order = await packed(shop, settings)
    await book(shop, carrier)
    number = (await parcel(shop, order)).tracking_number
    process.kill()
    process.start()
    assert (await process.shipment(number))["tracking_number"] == number
    journal = (process._folder / "shipments.jsonl").read_text()
    assert ADDRESS.line1 in journal
    assert ADDRESS.line1 not in str(await shop.pool.fetch("SELECT * FROM booking"))
