"""The SQL of snapshots, states that were folded before, and of looking back along the log.

Snapshots may be dropped at any time: the events make them anew.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.envelope import Recorded
from write_side import event_log
from write_side.database import Connection
from write_side.history.domain import Point


class Snapshot(NamedTuple):
    """A state after its event of this version, which stands at this position."""

    aggregate_type: str
    aggregate_id: UUID
    version: int
    position: int
    at: datetime
    schema: str
    state: bytes  # JSON


_COMMITTED_WITHIN = timedelta(seconds=10)  # longer than any transaction may take
_COLUMNS = "aggregate_type, aggregate_id, version, position, at, schema, state"


async def find_snapshot(
    conn: Connection, aggregate_type: str, aggregate_id: UUID, schema: str, point: Point
) -> Snapshot | None:
    """The last state of this shape that lies at or before a point."""
    row = await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM aggregate_snapshot
            WHERE aggregate_type = $1 AND aggregate_id = $2 AND schema = $3
              AND version <= $4 AND position <= $5 AND at <= $6
            ORDER BY version DESC LIMIT 1""",  # noqa: S608
        aggregate_type, aggregate_id, schema, *point,
    )  # fmt: skip
    return None if row is None else Snapshot(*row)


async def all_snapshots(conn: Connection, aggregate_type: str, schema: str) -> list[Snapshot]:
    """Every state of this shape, for the comparison with the log."""
    query = f"""SELECT {_COLUMNS} FROM aggregate_snapshot WHERE aggregate_type = $1 AND schema = $2
                ORDER BY aggregate_id, version"""  # noqa: S608
    return [Snapshot(*row) for row in await conn.fetch(query, aggregate_type, schema)]


async def keep(conn: Connection, snapshot: Snapshot) -> None:
    """Keep a state, in place of what other code kept of the same version."""
    await conn.execute(
        f"""INSERT INTO aggregate_snapshot ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (aggregate_type, aggregate_id, version) DO UPDATE
            SET position = EXCLUDED.position, at = EXCLUDED.at, schema = EXCLUDED.schema,
                state = EXCLUDED.state""",  # noqa: S608
        *snapshot,
    )


async def claim(conn: Connection, shapes: str) -> int | None:
    """Up to where snapshots of these shapes were made, held until the transaction ends; None while another does it."""
    await conn.execute(
        "INSERT INTO snapshot_progress (shapes, position) VALUES ($1, 0) ON CONFLICT DO NOTHING", shapes
    )
    query = "SELECT position FROM snapshot_progress WHERE shapes = $1 FOR UPDATE SKIP LOCKED"
    at: int | None = await conn.fetchval(query, shapes)
    return at


async def reached(conn: Connection, shapes: str, position: int) -> None:
    """All snapshots up to here are made."""
    await conn.execute("UPDATE snapshot_progress SET position = $2 WHERE shapes = $1", shapes, position)


async def look_back(conn: Connection, until: int, after: int, count: int) -> int:
    """Below which position `count` events in (after, until] begin; `after` where there are fewer."""
    query = """SELECT position FROM event_log WHERE position <= $1 AND position > $2
               ORDER BY position DESC OFFSET $3 LIMIT 1"""
    found: int | None = await conn.fetchval(query, until, after, count)
    return after if found is None else found


class Wanted(NamedTuple):
    """Events with `part` in their metadata, of these tags, recorded from `since` on and before `until`; None: any."""

    part: bytes | None
    types: Sequence[str] | None
    since: datetime | None
    until: datetime | None


async def read_back(conn: Connection, until: int, after: int, wanted: Wanted, limit: int) -> list[Recorded]:
    """Those of the events in (after, until], the newest first."""
    query = """SELECT position, shard, partition_key, aggregate_type, aggregate_id, aggregate_version, event_id, type,
                      payload, metadata, recorded_at FROM event_log
               WHERE position <= $1 AND position > $2
                 AND ($4::bytea IS NULL OR position($4 IN metadata) > 0)
                 AND ($5::text[] IS NULL OR type = ANY ($5))
                 AND ($6::timestamptz IS NULL OR recorded_at >= $6) AND ($7::timestamptz IS NULL OR recorded_at < $7)
               ORDER BY position DESC LIMIT $3"""
    return [event_log.recorded(row) for row in await conn.fetch(query, until, after, limit, *wanted)]


async def recorded_by(conn: Connection, at: datetime, safe: int) -> int:
    """A position above which nothing was recorded before `at`; `safe` where no better one is known.

    A little after `at` all that was recorded before it was committed; published it was if what comes next is younger.
    """
    query = """SELECT t.safe_position, e.recorded_at > $1 AS younger
               FROM (SELECT * FROM position_timeline WHERE at > $1 ORDER BY at LIMIT 1) AS t
               LEFT JOIN LATERAL (SELECT recorded_at FROM event_log WHERE position > t.safe_position
                                  ORDER BY position LIMIT 1) AS e ON true"""
    found = await conn.fetchrow(query, at + _COMMITTED_WITHIN)
    return int(found["safe_position"]) if found is not None and found["younger"] else safe
