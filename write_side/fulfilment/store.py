"""The SQL of parcels: the only place that names their table."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.fulfilment import FulfilmentEvent, ParcelLine
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.fulfilment.domain import Parcel

_PARCEL = """SELECT id, order_id, carrier, tracking_number, lines, state, version, pick_id, tracking,
            delivered_at, within FROM parcel"""
CLAIM = timedelta(minutes=1)
_lines = msgspec.json.Decoder(list[ParcelLine])


async def find(conn: Connection, parcel_id: UUID) -> Parcel | None:
    """A parcel by its id."""
    return next(iter(await all_parcels(conn, [parcel_id])), None)


async def of_order(conn: Connection, order_id: UUID) -> list[Parcel]:
    """An order's parcels, oldest first."""
    return [_parcel(row) for row in await conn.fetch(f"{_PARCEL} WHERE order_id = $1 ORDER BY id", order_id)]


async def sent_without_lists(conn: Connection, order_ids: Sequence[UUID], sku: str) -> dict[UUID, int]:
    """Order → how many of a SKU have left in parcels that were made of no pick list."""
    rows = await conn.fetch(
        """SELECT order_id, sum((line ->> 'quantity')::int) AS n FROM parcel, jsonb_array_elements(lines) AS line
           WHERE order_id = ANY ($1) AND pick_id IS NULL AND line ->> 'sku' = $2 GROUP BY order_id""",
        order_ids, sku,
    )  # fmt: skip
    return {row["order_id"]: row["n"] for row in rows}


async def by_number(conn: Connection, carrier: str, tracking_number: str) -> list[Parcel]:
    """A parcel by what the carrier calls it, and those that lie in it."""
    query = f"{_PARCEL} WHERE carrier = $1 AND tracking_number = $2 AND within IS NULL"
    found = [_parcel(row) for row in await conn.fetch(query, carrier, tracking_number)]
    return [*found, *await within(conn, [parcel.id for parcel in found])]


async def within(conn: Connection, ids: Sequence[UUID]) -> list[Parcel]:
    """What lies in these parcels."""
    return [_parcel(row) for row in await conn.fetch(f"{_PARCEL} WHERE within = ANY ($1) ORDER BY id", ids)]


async def claim_due(conn: Connection, limit: int) -> list[Parcel]:
    """Parcels to be looked after now, for this worker alone for a while."""
    rows = await conn.fetch(
        """UPDATE parcel SET look_at = clock_timestamp() + $2
           WHERE id IN (SELECT id FROM parcel WHERE look_at <= clock_timestamp()
                        ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        limit, CLAIM,
    )  # fmt: skip
    return await all_parcels(conn, [row["id"] for row in rows]) if rows else []


async def count_returning(conn: Connection) -> int:
    """Parcels that the carrier brings back, and has not brought yet."""
    count: int = await conn.fetchval("SELECT count(*) FROM parcel WHERE tracking = 'returning' AND state = 'shipped'")
    return count


async def look_again(conn: Connection, parcel_id: UUID, state: str, pause: timedelta | None) -> None:
    """When a parcel is looked after next (None: never), unless its state has changed since."""
    query = "UPDATE parcel SET look_at = clock_timestamp() + $3 WHERE id = $1 AND state = $2"
    await conn.execute(query, parcel_id, state, pause)


async def look_soon(conn: Connection, order_id: UUID) -> None:
    """An order's parcels that have not arrived are looked after at once, whoever has stopped."""
    query = "UPDATE parcel SET look_at = clock_timestamp() WHERE order_id = $1 AND state = 'shipped'"
    await conn.execute(query, order_id)


async def insert(conn: Connection, parcel: Parcel, event: FulfilmentEvent, cause: Metadata) -> Positions | None:
    """A new parcel's row and event, under the order's lock; None if a parcel of this carrier has this number, perhaps
    of another order that is packed at the same time."""
    query = """INSERT INTO parcel (id, order_id, carrier, tracking_number, lines, state, version, pick_id,
                                   tracking, delivered_at, within, look_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                       CASE WHEN $11::uuid IS NULL THEN clock_timestamp() + interval '1 hour' END)
               ON CONFLICT (carrier, tracking_number) WHERE within IS NULL DO NOTHING RETURNING id"""
    if await conn.fetchval(query, *_columns(parcel).values()) is None:
        return None
    return await _append(conn, parcel, event, cause)


async def save(conn: Connection, parcel: Parcel, event: FulfilmentEvent, cause: Metadata) -> Positions:
    """The row of a parcel after an event, under the order's lock."""
    await conn.execute(
        """UPDATE parcel SET state = $2, version = $3, tracking = $4, delivered_at = $5,
                             look_at = CASE WHEN $2 = 'delivered' THEN clock_timestamp() ELSE look_at END
           WHERE id = $1""",
        parcel.id, parcel.state, parcel.version, parcel.tracking, parcel.delivered_at,
    )  # fmt: skip
    return await _append(conn, parcel, event, cause)


async def _append(conn: Connection, parcel: Parcel, event: FulfilmentEvent, cause: Metadata) -> Positions:
    new = NewEvent("parcel", parcel.id, parcel.version, order_key(parcel.order_id), event)
    return await event_log.append(conn, [new], cause)


async def all_parcels(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Parcel]:
    """Every parcel's row, or those of some, for the comparison with the log."""
    return [_parcel(row) for row in await conn.fetch(*among(_PARCEL, ids))]


async def rewrite_parcel(conn: Connection, parcel: Parcel) -> None:
    """Make the row say this, for a repair."""
    await overwrite(conn, "parcel", _columns(parcel))


def _columns(parcel: Parcel) -> dict[str, object]:
    return structs.asdict(parcel) | {"lines": as_json(parcel.lines).decode()}


def _parcel(row: asyncpg.Record) -> Parcel:
    return Parcel(**{**row, "lines": _lines.decode(row["lines"])})
