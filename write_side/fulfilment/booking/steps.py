"""The worker's steps about parcels: book what is packed, ask where parcels are, and end orders that have arrived."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.envelope import Metadata, Recorded
from shared.settings import Settings
from write_side import commands, customers, event_log, inventory, metrics, orders, refunds
from write_side.causes import continuing
from write_side.customers import Keyring, KeyringUnavailable, SealedContact
from write_side.database import Connection, Pool
from write_side.fulfilment import standing
from write_side.fulfilment import store as parcel_store
from write_side.fulfilment.booking import handlers, store
from write_side.fulfilment.booking.carrier import Carrier, CarrierDown, CarrierRefused, Consignment
from write_side.fulfilment.booking.store import Work
from write_side.fulfilment.domain import Parcel
from write_side.fulfilment.picking import store as pick_store
from write_side.fulfilment.standing import Standing
from write_side.steps import Step, growing

log = logging.getLogger(__name__)

AT_ONCE = 8  # calls to the carrier under way
PAUSE = 0.5
LOOK_PAUSE = 5.0
LONGEST_PAUSE = 60.0  # between tries while the carrier is down
REFUSED_PAUSE = 3600.0  # between tries of what it refuses: somebody has to see to it, or ship by hand


def steps(pool: Pool, keyring: Keyring, carrier: Carrier | None, settings: Settings) -> list[Step]:
    """What the worker is to do again and again about parcels."""
    looking = Step("parcels", LOOK_PAUSE, lambda: look_after(pool, carrier, settings))
    if carrier is None:
        return [looking]
    return [
        Step("bookings", PAUSE, lambda: book_due(pool, keyring, carrier)),
        Step("bookings waiting", LOOK_PAUSE, lambda: count_waiting(pool)),
        looking,
    ]


async def count_waiting(pool: Pool) -> int:
    """Tell the metrics what waits for the carrier, and what comes back; answers 0, there is nothing to go on with."""
    async with pool.acquire() as conn:
        waiting, oldest = await store.count_waiting(conn)
        returning = await parcel_store.count_returning(conn)
    metrics.WAITING.labels("parcels_returning").set(returning)
    metrics.WAITING.labels("bookings_due").set(waiting)
    metrics.WAITING_AGE.labels("bookings_due").set(oldest)
    return 0


async def book_due(pool: Pool, keyring: Keyring, carrier: Carrier) -> int:
    """Book what is due; answers how many bookings that were."""
    async with pool.acquire() as conn:
        due = await store.claim_due(conn, AT_ONCE)
        reasons = await event_log.latest_of(conn, "booking", [work.booking.id for work in due])
    await asyncio.gather(*(_attempt(pool, keyring, carrier, work, reasons) for work in due))
    return len(due)


async def _attempt(
    pool: Pool, keyring: Keyring, carrier: Carrier, work: Work, reasons: Mapping[UUID, Recorded]
) -> None:
    booking = work.booking
    ids = {"order_id": booking.order_id, "booking_id": booking.id}
    with continuing(reasons[booking.id], "booking", **ids) as cause:
        fields = {name: str(id_) for name, id_ in ids.items()} | {"attempts": work.attempts}
        pause: timedelta | None
        try:
            outcome, pause = await _book(pool, keyring, carrier, work, cause), None
        except (CarrierDown, KeyringUnavailable):
            outcome, pause = "put_off", growing(0.5, work.attempts, LONGEST_PAUSE)
        except CarrierRefused as refused:
            log.error("the carrier refuses a parcel", extra={"fields": fields | {"code": str(refused)}})
            outcome, pause = "refused", timedelta(seconds=REFUSED_PAUSE)
        except Exception:
            log.exception("a booking failed", extra={"fields": fields})
            outcome, pause = "failed", timedelta(seconds=LONGEST_PAUSE)
        if pause is not None:
            async with pool.acquire() as conn:
                await store.put_off(conn, booking.id, pause)
        log.info("tried a booking", extra={"fields": fields | {"outcome": outcome}})


async def _book(pool: Pool, keyring: Keyring, carrier: Carrier, work: Work, cause: Metadata) -> str:
    """One attempt. A label that an earlier one may have got is asked for once more, so that it can be made void."""
    booking = work.booking
    async with commands.transaction(pool) as conn:
        now = await standing.lock(conn, booking.order_id)
    goods = handlers.goods_of(now, booking)
    if not goods and work.attempts == 1:
        await handlers.cancel(pool, booking, cause)
        return "cancelled"
    order = now.order
    contact = await customers.open_contact(keyring, SealedContact(order.person_id, order.mail, order.address))
    if contact is None:
        raise CarrierRefused("recipient_erased")
    async with pool.acquire() as conn:
        packed = await pick_store.all_picks(conn, [booking.pick_id, *booking.along])
    pieces = inventory.summed(line for pick in packed for line in pick.lines)
    booked = await carrier.book(Consignment(booking.id, contact, pieces))
    if await handlers.ship_booked(pool, booking.id, carrier.name, booked, cause):
        return "booked"
    await carrier.void(booked.tracking_number)
    await handlers.cancel(pool, booking, cause)
    return "void"


# --- where parcels are -----------------------------------------------------------------------------------------------


async def look_after(pool: Pool, carrier: Carrier | None, settings: Settings) -> int:
    """Ask where parcels are that the carrier is silent of, and end the orders of those that arrived long enough ago;
    answers how many parcels were looked after."""
    async with pool.acquire() as conn:
        due = await parcel_store.claim_due(conn, AT_ONCE)
        reasons = await event_log.latest_of(conn, "parcel", [parcel.id for parcel in due])
    await asyncio.gather(*(_look(pool, carrier, settings, parcel, reasons[parcel.id]) for parcel in due))
    return len(due)


async def _look(pool: Pool, carrier: Carrier | None, settings: Settings, parcel: Parcel, reason: Recorded) -> None:
    with continuing(reason, "parcel", order_id=parcel.order_id, parcel_id=parcel.id) as cause:
        try:
            pause = await _ask(pool, carrier, settings, parcel, cause)
            if parcel.state == "delivered" or await _is_given_up(pool, parcel):
                return await _end(pool, settings, parcel, pause, cause)
            async with pool.acquire() as conn:
                await parcel_store.look_again(conn, parcel.id, parcel.state, pause)
        except Exception:
            log.exception("a parcel can't be looked after", extra={"fields": {"parcel_id": str(parcel.id)}})
            # Its claim ends.


async def _ask(
    pool: Pool, carrier: Carrier | None, settings: Settings, parcel: Parcel, cause: Metadata
) -> timedelta | None:
    """Learn what the carrier has seen of it, also where it is given up: refunds name goods, and it may be another
    parcel with the same in it that was lost. Answers when to ask again, None for never."""
    if carrier is None or not _is_told_of(parcel, carrier):
        return None
    try:
        for scan in await carrier.scans(parcel.tracking_number):
            await handlers.learn(pool, carrier.name, scan, cause)
    except (CarrierDown, CarrierRefused):
        return timedelta(seconds=LONGEST_PAUSE)
    return timedelta(seconds=settings.carrier_poll_seconds)


def _is_told_of(parcel: Parcel, carrier: Carrier) -> bool:
    """Whether this carrier may have news of it: what lies in another parcel comes with that."""
    if parcel.state == "delivered" or parcel.tracking == "returned":
        return False
    return parcel.carrier == carrier.name and parcel.within is None


async def _is_given_up(pool: Pool, parcel: Parcel) -> bool:
    """Asked before the rest is read: of hardly any order something is refunded while it is under way."""
    async with pool.acquire() as conn:
        if not any(refund.sent for refund in await refunds.of_order(conn, parcel.order_id)):
            return False
        return parcel.id in {each.id for each in (await _stands(conn, parcel)).given_up}


async def _end(pool: Pool, settings: Settings, parcel: Parcel, ask_again: timedelta | None, cause: Metadata) -> None:
    async with commands.transaction(pool) as conn:
        after = timedelta(days=settings.complete_after_days)
        pause = await handlers.end_if_due(conn, parcel.order_id, after, datetime.now(UTC), cause)
        if pause is not None:
            pause = min(pause, ask_again or pause)
        elif parcel.tracking == "returning" or await _is_waited_for_within(conn, parcel):
            pause = ask_again
        await parcel_store.look_again(conn, parcel.id, parcel.state, pause)


async def _is_waited_for_within(conn: Connection, box: Parcel) -> bool:
    """Whether something that was added lies in a box, and is waited for: of that the carrier tells by the box alone."""
    for parcel in await parcel_store.within(conn, [box.id]):
        stands = await _stands(conn, parcel)
        if parcel.state != "delivered" and stands.order.state == "confirmed" and parcel not in stands.given_up:
            return True
    return False


async def _stands(conn: Connection, parcel: Parcel) -> Standing:
    order = await orders.find_order(conn, parcel.order_id)
    assert order is not None
    return await standing.read(conn, order)
