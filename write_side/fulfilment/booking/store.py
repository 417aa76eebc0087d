"""The SQL of bookings: the only place that names their table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
from msgspec import structs

from shared.envelope import Metadata
from shared.events.booking import BookingEvent
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.fulfilment.booking.domain import Booking

CLAIM = timedelta(seconds=20)  # for so long a booking is one worker's: longer than a call to the carrier may take
_COLUMNS = "id, order_id, pick_id, state, tracking_number, label, version, along"


class Work(NamedTuple):
    """A booking as the worker holds it, and how often it has been tried."""

    booking: Booking
    attempts: int


async def insert(conn: Connection, booking: Booking, event: BookingEvent, cause: Metadata) -> Positions:
    """A new booking's row and event; the worker takes it up at once."""
    await conn.execute(
        f"INSERT INTO booking ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",  # noqa: S608
        *structs.asdict(booking).values(),
    )
    return await _append(conn, booking, event, cause)


async def save(conn: Connection, booking: Booking, event: BookingEvent, cause: Metadata) -> Positions:
    """The row of a booking after an event, under the order's lock."""
    await conn.execute(
        "UPDATE booking SET state = $2, tracking_number = $3, label = $4, version = $5 WHERE id = $1",
        booking.id, booking.state, booking.tracking_number, booking.label, booking.version,
    )  # fmt: skip
    return await _append(conn, booking, event, cause)


async def _append(conn: Connection, booking: Booking, event: BookingEvent, cause: Metadata) -> Positions:
    new = NewEvent("booking", booking.id, booking.version, order_key(booking.order_id), event)
    return await event_log.append(conn, [new], cause)


async def find(conn: Connection, booking_id: UUID) -> Booking | None:
    """A booking by its id."""
    return next(iter(await all_bookings(conn, [booking_id])), None)


async def of_orders(conn: Connection, ids: Sequence[UUID]) -> list[Booking]:
    """The bookings of these orders, oldest first."""
    query = f"SELECT {_COLUMNS} FROM booking WHERE order_id = ANY ($1) ORDER BY id"  # noqa: S608
    return [_booking(row) for row in await conn.fetch(query, ids)]


async def claim_due(conn: Connection, limit: int) -> list[Work]:
    """Bookings to ask the carrier for now, for this worker alone for a while."""
    rows = await conn.fetch(
        f"""UPDATE booking SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2
            WHERE id IN (SELECT id FROM booking WHERE state = 'requested' AND next_attempt_at <= clock_timestamp()
                         ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING {_COLUMNS}, attempts""",  # noqa: S608
        limit, CLAIM,
    )  # fmt: skip
    return [Work(_booking(row), row["attempts"]) for row in rows]


async def put_off(conn: Connection, booking_id: UUID, pause: timedelta) -> None:
    """Try again after a pause."""
    query = "UPDATE booking SET next_attempt_at = clock_timestamp() + $2 WHERE id = $1"
    await conn.execute(query, booking_id, pause)


async def count_waiting(conn: Connection) -> tuple[int, float]:
    """Bookings that are not made yet, and how many seconds the first of them has been tried for."""
    row = await conn.fetchrow(
        """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(requested_at)), 0)::float8
           FROM booking WHERE state = 'requested'"""
    )
    assert row is not None
    return row[0], row[1]


async def all_bookings(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Booking]:
    """Every booking's row, or those of some, for the comparison with the log."""
    return [_booking(row) for row in await conn.fetch(*among(f"SELECT {_COLUMNS} FROM booking", ids))]  # noqa: S608


async def rewrite_booking(conn: Connection, booking: Booking) -> None:
    """Make the row say this, for a repair."""
    await overwrite(conn, "booking", structs.asdict(booking))


def _booking(row: asyncpg.Record) -> Booking:
    return Booking(**{name: row[name] for name in Booking.__struct_fields__})
