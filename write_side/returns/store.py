"""The SQL of returns: the only place that names their table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation
from shared.events.returns import Exchange, ReturnedUnits, ReturnEvent
from shared.shards import order_key
from write_side import database, event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.returns.domain import Return, evolve

CLAIM = timedelta(seconds=20)  # for so long a return is one worker's: longer than a call to the carrier may take
MOST_SHOWN = 100
_COLUMNS = """id, order_id, lines, reason, requested_by, state, version, warehouse, rejection, carrier,
              tracking_number, label, tracking, units, refund_id, expires_at, exchange,
              exchange_state, replacement_id, allocations, failure"""
_RETURN = f"SELECT {_COLUMNS} FROM order_return"  # noqa: S608
_lines = msgspec.json.Decoder(list[ParcelLine])
_units = msgspec.json.Decoder(list[ReturnedUnits])
_exchange = msgspec.json.Decoder(Exchange)
_allocations = msgspec.json.Decoder(list[Allocation])


class Work(NamedTuple):
    """A return as the worker holds it, and how often it has been tried since it last changed."""

    each: Return
    attempts: int


async def insert(conn: Connection, each: Return, event: ReturnEvent, cause: Metadata) -> Positions:
    """A new return's row and event."""
    await database.insert(conn, "order_return", _columns(each))
    return await _append(conn, each, event, cause)


async def save(
    conn: Connection, each: Return, event: ReturnEvent, cause: Metadata, due: timedelta | None = None, *,
    keeps_due: bool = False,
) -> tuple[Return, Positions]:  # fmt: skip
    """The row of a return after an event, under the order's lock, and the event; `due`: when the worker looks at it,
    None for never, unless that stays as it is (`keeps_due`)."""
    now = evolve(each, event, each.version + 1)
    await conn.execute(
        """UPDATE order_return
           SET state = $2, version = $3, warehouse = $4, rejection = $5, carrier = $6, tracking_number = $7, label = $8,
               tracking = $9, units = $10, refund_id = $11, attempts = 0,
               next_attempt_at = CASE WHEN $13 THEN next_attempt_at ELSE clock_timestamp() + $12 END, expires_at = $14,
               exchange_state = $15, replacement_id = $16, allocations = $17, failure = $18
           WHERE id = $1""",
        now.id, now.state, now.version, now.warehouse, now.rejection, now.carrier, now.tracking_number,
        now.label, now.tracking, as_json(now.units).decode(), now.refund_id, due,
        keeps_due, now.expires_at, now.exchange_state, now.replacement_id, as_json(now.allocations).decode(),
        now.failure,
    )  # fmt: skip
    return now, await _append(conn, now, event, cause)


async def _append(conn: Connection, each: Return, event: ReturnEvent, cause: Metadata) -> Positions:
    return await event_log.append(
        conn, [NewEvent("return", each.id, each.version, order_key(each.order_id), event)], cause
    )


async def find(conn: Connection, return_id: UUID) -> Return | None:
    """A return by its id."""
    return next(iter(await all_returns(conn, [return_id])), None)


async def find_by_number(conn: Connection, carrier: str, tracking_number: str) -> Return | None:
    """A return by what the carrier calls its parcel."""
    query = f"{_RETURN} WHERE carrier = $1 AND tracking_number = $2"
    row = await conn.fetchrow(query, carrier, tracking_number)
    return None if row is None else _return(row)


async def of_order(conn: Connection, order_id: UUID) -> list[Return]:
    """An order's returns, oldest first."""
    return [_return(row) for row in await conn.fetch(f"{_RETURN} WHERE order_id = $1 ORDER BY id", order_id)]


async def open_in(conn: Connection, state: str, after: UUID) -> list[Return]:
    """Returns that wait to be decided on, or to be received; oldest first, behind one."""
    query = f"""{_RETURN} WHERE state = $1 AND state IN ('requested', 'approved') AND id > $2 ORDER BY id LIMIT $3"""
    return [_return(row) for row in await conn.fetch(query, state, after, MOST_SHOWN)]


async def claim_due(conn: Connection, limit: int) -> list[Work]:
    """Returns to ask the carrier about now, for this worker alone for a while."""
    rows = await conn.fetch(
        f"""UPDATE order_return SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2
            WHERE id IN (SELECT id FROM order_return WHERE next_attempt_at <= clock_timestamp()
                         ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING {_COLUMNS}, attempts""",  # noqa: S608
        limit, CLAIM,
    )  # fmt: skip
    return [Work(_return(row), row["attempts"]) for row in rows]


async def late(conn: Connection, after: Return | None, limit: int) -> list[Return]:
    """Returns whose goods did not come in time, those first that are late for longest; behind one."""
    query = f"""{_RETURN} WHERE state = 'approved' AND expires_at <= clock_timestamp()
                AND tracking IS DISTINCT FROM 'delivered'
                AND ($1::timestamptz IS NULL OR (expires_at, id) > ($1, $2::uuid))
                ORDER BY expires_at, id LIMIT $3"""
    behind = (after.expires_at, after.id) if after else (None, None)
    return [_return(row) for row in await conn.fetch(query, *behind, limit)]


async def look_again(conn: Connection, each: Return, pause: timedelta | None) -> None:
    """When a return is looked at next (None: never), unless it has changed since."""
    query = "UPDATE order_return SET next_attempt_at = clock_timestamp() + $3 WHERE id = $1 AND version = $2"
    await conn.execute(query, each.id, each.version, pause)


async def count_waiting(conn: Connection) -> tuple[int, float]:
    """Labels that are not booked yet, and for how many seconds the first of them has been due."""
    row = await conn.fetchrow(
        """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)), 0)::float8
           FROM order_return WHERE state = 'approved' AND label IS NULL AND next_attempt_at <= clock_timestamp()"""
    )
    assert row is not None
    return row[0], row[1]


async def holding(conn: Connection, order_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are orders to be, that goods are held for."""
    query = "SELECT replacement_id FROM order_return WHERE exchange_state = 'held' AND replacement_id = ANY ($1)"
    return {row["replacement_id"] for row in await conn.fetch(query, order_ids)}


async def all_returns(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Return]:
    """Every return's row, or those of some, for the comparison with the log."""
    return [_return(row) for row in await conn.fetch(*among(_RETURN, ids))]


async def rewrite_return(conn: Connection, each: Return) -> None:
    """Make the row say this, for a repair."""
    await overwrite(conn, "order_return", _columns(each))


def _columns(each: Return) -> dict[str, object]:
    texts = {name: as_json(getattr(each, name)).decode() for name in ("lines", "units", "allocations")}
    exchange = None if each.exchange is None else as_json(each.exchange).decode()
    return structs.asdict(each) | texts | {"exchange": exchange}


def _return(row: asyncpg.Record) -> Return:
    columns = {name: row[name] for name in Return.__struct_fields__}
    columns["lines"], columns["units"] = _lines.decode(row["lines"]), _units.decode(row["units"])
    columns["allocations"] = _allocations.decode(row["allocations"])
    columns["exchange"] = _exchange.decode(row["exchange"]) if row["exchange"] else None
    return Return(**columns)
