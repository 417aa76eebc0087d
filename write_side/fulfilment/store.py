"""The SQL of parcels: the only place that names their table."""

from collections.abc import Sequence
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

_PARCEL = "SELECT id, order_id, carrier, tracking_number, lines, state, version FROM parcel"
_lines = msgspec.json.Decoder(list[ParcelLine])


async def find(conn: Connection, parcel_id: UUID) -> Parcel | None:
    """A parcel by its id."""
    return next(iter(await all_parcels(conn, [parcel_id])), None)


async def of_order(conn: Connection, order_id: UUID) -> list[Parcel]:
    """An order's parcels, oldest first."""
    return [_parcel(row) for row in await conn.fetch(f"{_PARCEL} WHERE order_id = $1 ORDER BY id", order_id)]


async def insert(conn: Connection, parcel: Parcel, event: FulfilmentEvent, cause: Metadata) -> Positions | None:
    """A new parcel's row and event, under the order's lock; None if a parcel of this carrier has this number, perhaps
    of another order that is packed at the same time."""
    query = """INSERT INTO parcel (id, order_id, carrier, tracking_number, lines, state, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (carrier, tracking_number) DO NOTHING RETURNING id"""
    if await conn.fetchval(query, *_columns(parcel).values()) is None:
        return None
    return await _append(conn, parcel, event, cause)


async def save(conn: Connection, parcel: Parcel, event: FulfilmentEvent, cause: Metadata) -> Positions:
    """The row of a parcel after an event, under the order's lock."""
    query = "UPDATE parcel SET state = $2, version = $3 WHERE id = $1"
    await conn.execute(query, parcel.id, parcel.state, parcel.version)
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
