"""The SQL of pick lists: the only place that names their table, and what left by them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.fulfilment import ParcelLine
from shared.events.picking import PickEvent
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.fulfilment.picking.domain import Pick

CLAIM = timedelta(minutes=1)  # for so long a list that is due is one worker's
MOST_SHOWN = 100
_PICK = "SELECT id, order_id, warehouse, lines, state, version FROM pick"
_lines = msgspec.json.Decoder(list[ParcelLine])


async def find(conn: Connection, pick_id: UUID) -> Pick | None:
    """A pick list by its id."""
    return next(iter(await all_picks(conn, [pick_id])), None)


async def of_order(conn: Connection, order_id: UUID) -> list[Pick]:
    """An order's pick lists, oldest first."""
    return [_pick(row) for row in await conn.fetch(f"{_PICK} WHERE order_id = $1 ORDER BY id", order_id)]


async def open_in(conn: Connection, warehouse: str, after: UUID) -> list[Pick]:
    """What is to be picked in a warehouse or is being picked there, oldest first, behind one."""
    query = f"{_PICK} WHERE warehouse = $1 AND state IN ('listed', 'picking') AND id > $2 ORDER BY id LIMIT $3"
    return [_pick(row) for row in await conn.fetch(query, warehouse, after, MOST_SHOWN)]


async def insert(
    conn: Connection, picks: Sequence[tuple[Pick, PickEvent]], cause: Metadata, wait: timedelta = timedelta(0)
) -> Positions:
    """Rows and events of new lists, to be started by themselves after `wait`, where that is how they are started."""
    await conn.executemany(
        """INSERT INTO pick (id, order_id, warehouse, lines, state, version, due_at)
           VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7)""",
        [(*_columns(pick).values(), wait) for pick, _ in picks],
    )
    return await event_log.append(conn, [_new(pick, event) for pick, event in picks], cause)


async def save(conn: Connection, pick: Pick, event: PickEvent, cause: Metadata) -> Positions:
    """The row of a list after an event, under the order's lock."""
    query = "UPDATE pick SET state = $2, lines = $3, version = $4 WHERE id = $1"
    await conn.execute(query, pick.id, pick.state, as_json(pick.lines).decode(), pick.version)
    return await event_log.append(conn, [_new(pick, event)], cause)


async def taken(conn: Connection, order_ids: Sequence[UUID], sku: str, warehouse: str) -> dict[UUID, int]:
    """Order → how many of a SKU somebody has taken from a warehouse's shelves for it, or is taking: of a list that has
    left those that left by it."""
    rows = await conn.fetch(
        """SELECT pick.order_id, sum((line ->> 'quantity')::int) AS n
           FROM pick LEFT JOIN parcel ON parcel.order_id = pick.order_id AND parcel.pick_id = pick.id,
                jsonb_array_elements(coalesce(parcel.lines, pick.lines)) AS line
           WHERE pick.order_id = ANY ($1) AND warehouse = $3 AND pick.state IN ('picking', 'picked')
             AND line ->> 'sku' = $2
           GROUP BY pick.order_id""",
        order_ids, sku, warehouse,
    )  # fmt: skip
    return {row["order_id"]: row["n"] for row in rows}


async def claim_due(conn: Connection, limit: int) -> list[UUID]:
    """Lists that are to be picked now, for this worker alone for a while."""
    rows = await conn.fetch(
        """UPDATE pick SET due_at = clock_timestamp() + $2
           WHERE id IN (SELECT id FROM pick WHERE state = 'listed' AND due_at <= clock_timestamp()
                        ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        limit, CLAIM,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def all_picks(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Pick]:
    """Every list's row, or those of some, for the comparison with the log."""
    return [_pick(row) for row in await conn.fetch(*among(_PICK, ids))]


async def rewrite_pick(conn: Connection, pick: Pick) -> None:
    """Make the row say this, for a repair."""
    await overwrite(conn, "pick", _columns(pick))


def _new(pick: Pick, event: PickEvent) -> NewEvent:
    return NewEvent("pick", pick.id, pick.version, order_key(pick.order_id), event)


def _columns(pick: Pick) -> dict[str, object]:
    return structs.asdict(pick) | {"lines": as_json(pick.lines).decode()}


def _pick(row: asyncpg.Record) -> Pick:
    return Pick(**{**row, "lines": _lines.decode(row["lines"])})
