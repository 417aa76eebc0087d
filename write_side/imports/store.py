"""How far an import of stock got. The only SQL that names `stock_import`."""

from datetime import datetime
from typing import NamedTuple

from write_side.database import Connection


class Standing(NamedTuple):
    """Up to which line an import has gone in, and when it was finished."""

    line: int
    finished_at: datetime | None


async def begin(conn: Connection, import_id: bytes) -> Standing:
    """Where an import stands; line 0 if it is new."""
    await conn.execute("INSERT INTO stock_import (id, line) VALUES ($1, 0) ON CONFLICT DO NOTHING", import_id)
    return await find(conn, import_id)


async def find(conn: Connection, import_id: bytes) -> Standing:
    """Where an import stands; line 0 if nobody began it."""
    row = await conn.fetchrow("SELECT line, finished_at FROM stock_import WHERE id = $1", import_id)
    return Standing(0, None) if row is None else Standing(row["line"], row["finished_at"])


async def advance(conn: Connection, import_id: bytes, before: int, line: int) -> bool:
    """Go on from one line to another; False if somebody else went on meanwhile. In the transaction of what went in."""
    query = "UPDATE stock_import SET line = $3 WHERE id = $1 AND line = $2 AND finished_at IS NULL"
    return bool(await conn.execute(query, import_id, before, line) == "UPDATE 1")


async def finish(conn: Connection, import_id: bytes) -> None:
    """All of it has gone in."""
    await conn.execute("UPDATE stock_import SET finished_at = clock_timestamp() WHERE id = $1", import_id)
