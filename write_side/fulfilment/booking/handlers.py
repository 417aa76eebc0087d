"""A booking becomes a parcel, and what the carrier says of it is learnt; each under the lock of the order."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from shared.envelope import Metadata
from shared.events.booking import BookingCancelled, BookingMade, BookingRequested
from shared.events.fulfilment import ParcelLine, ParcelShipped
from shared.ids import uuid7
from write_side import commands, orders
from write_side.causes import joining_order
from write_side.commands import Done
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.fulfilment import domain as parcels
from write_side.fulfilment import standing
from write_side.fulfilment import store as parcel_store
from write_side.fulfilment.booking import along, domain, store
from write_side.fulfilment.booking.carrier import Booked, CarrierRefused, Scan
from write_side.fulfilment.booking.domain import Booking
from write_side.fulfilment.domain import NewParcel, NothingToShip, NotShippable
from write_side.fulfilment.picking import store as pick_store
from write_side.fulfilment.picking.unpacking import unpack
from write_side.fulfilment.standing import Standing

log = logging.getLogger(__name__)

LATER = timedelta(days=1)  # until an order that has arrived and is not done is looked at again


_done = msgspec.json.Decoder(Done)


async def request(
    conn: Connection, booking_id: UUID, order_id: UUID, pick_id: UUID, cause: Metadata, with_: Sequence[UUID] = ()
) -> Positions:
    """Have the worker book a parcel for what a pick list holds, and those that go along, in the caller's
    transaction."""
    event = BookingRequested(booking_id, order_id, pick_id, list(with_))
    return await store.insert(conn, domain.evolve(None, event, 1), event, cause)


def goods_of(now: Standing, booking: Booking) -> list[ParcelLine]:
    """What the list of a booking holds, as it was packed; nothing once its parcel has left or nothing of it is due."""
    if booking.pick_id in now.shipped_lists or now.order.state != "confirmed":
        return []
    pick = now.pick(booking.pick_id)
    return pick.lines if any(now.leaves_by(pick.id).values()) else []


async def ship_booked(pool: Pool, booking_id: UUID, carrier: str, booked: Booked, cause: Metadata) -> bool:
    """The carrier has it: the parcel leaves, under the booking's id. False if nothing of it is to be sent any more."""

    async def decide(conn: Connection) -> tuple[Done, Positions]:
        found = await store.find(conn, booking_id)
        assert found is not None
        now = await standing.lock(conn, found.order_id)
        if found.along:
            await orders.lock_additions(conn, now.order)
        booking = await store.find(conn, booking_id)  # as it is under the lock
        assert booking is not None
        if booking.state != "requested":
            return Done(booking.state == "booked"), {}
        wanted = NewParcel(carrier, booked.tracking_number, pick_id=booking.pick_id)
        try:
            now.check_shippable()
            packed = goods_of(now, booking)
            shipped = parcels.ship(now.order.id, now.leaves_by(booking.pick_id), wanted, booking.id, packed)
        except (NothingToShip, NotShippable):
            return Done(False), {}
        left = await _left(conn, booking, shipped, booked, cause)
        return Done(True), together(left, await along.leave(conn, now.order, shipped, booking.along, cause))

    return _done.decode((await commands.run(pool, decide)).body).changed


async def _left(
    conn: Connection, booking: Booking, shipped: ParcelShipped, booked: Booked, cause: Metadata
) -> Positions:
    event = BookingMade(booking.id, booking.order_id, shipped.carrier, booked.tracking_number, booked.label)
    after = domain.evolve(booking, event, booking.version + 1)
    made = await store.save(conn, after, event, cause)
    left = await parcel_store.insert(conn, parcels.evolve(None, shipped, 1), shipped, cause)
    if left is None:
        raise CarrierRefused("tracking_number_taken")
    return together(made, left)


async def cancel(pool: Pool, booking: Booking, cause: Metadata) -> None:
    """Nothing is to be sent by it any more, and its list ends; what was to go along goes by itself."""

    async def decide(conn: Connection) -> tuple[Done, Positions]:
        stands = await standing.lock(conn, booking.order_id)
        now = await store.find(conn, booking.id)
        if now is None or now.state != "requested":
            return Done(False), {}
        event = BookingCancelled(now.id, now.order_id)
        saved = await store.save(conn, domain.evolve(now, event, now.version + 1), event, cause)
        ended = await unpack(conn, stands, booking.pick_id, cause)
        alone = [
            await request(conn, uuid7(), pick.order_id, pick.id, cause)
            for pick in await pick_store.all_picks(conn, now.along)
        ]
        return Done(True), together(saved, ended, *alone)

    await commands.run(pool, decide)


async def learn(pool: Pool, carrier: str, scan: Scan, cause: Metadata) -> None:
    """Apply what the carrier saw, from its webhook or from asking, in any order and any number. What is no parcel of
    ours, or is known, changes nothing."""
    async with pool.acquire() as conn:
        found = await parcel_store.by_number(conn, carrier, scan.tracking_number)
    # The box last: as long as it has not arrived the carrier is asked about it again, and about none that lies in it.
    for parcel in reversed(found):
        await _learn(pool, parcel.id, parcel.order_id, scan, cause)


async def _learn(pool: Pool, parcel_id: UUID, order_id: UUID, scan: Scan, cause: Metadata) -> None:
    async with joining_order(pool, order_id, cause, "scan", request_id=scan.id) as joined:

        async def decide(conn: Connection) -> tuple[Done, Positions]:
            await orders.lock_order(conn, order_id)
            now = await parcel_store.find(conn, parcel_id)
            assert now is not None
            event = parcels.track(now, scan.status, scan.at)
            if event is None:
                return Done(False), {}
            after = parcels.evolve(now, event, now.version + 1)
            if after.tracking in parcels.GOING_BACK:
                fields = {"order_id": str(order_id), "parcel_id": str(parcel_id), "tracking": after.tracking}
                log.warning("a parcel goes back: somebody has to decide about its goods", extra={"fields": fields})
            return Done(True), await parcel_store.save(conn, after, event, joined)

        await commands.run(pool, decide)


async def end_if_due(
    conn: Connection, order_id: UUID, after: timedelta, now: datetime, cause: Metadata
) -> timedelta | None:
    """Complete an order so long after all of it has arrived, or what has not was paid back; answers when to look again,
    None for never."""
    stands = await standing.lock(conn, order_id)
    if stands.order.state != "confirmed":
        return None
    arrived = stands.arrived_at
    if arrived is None or await orders.is_being_refunded(conn, order_id):
        return LATER
    if not stands.pays_unnamed or await orders.is_being_returned(conn, order_id):
        return LATER
    if now < arrived + after:
        return arrived + after - now
    lost = all(parcel.state != "delivered" for parcel in stands.parcels)
    await orders.complete(conn, stands.order, cause, nothing_went=lost)
    return None
