"""The SQL of snapshots: states that were folded before. They may be dropped at any time: the events make them anew."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

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
