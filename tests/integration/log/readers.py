"""Rules of publishing that look right and are not, beside ours: the tests show what each of them loses or reorders.

A reader polls over its own connection and answers the positions it would publish, in that order.
"""

import asyncpg

from write_side.prefix import Prefix
from write_side.relay import HOLDERS

Connection = asyncpg.Connection


class SequenceLockFence:
    """Ours: the contiguous prefix, holes judged by who held the sequence's lock."""

    def __init__(self) -> None:
        self._prefix = Prefix(0)

    async def poll(self, conn: Connection) -> list[int]:
        holders = frozenset(await conn.fetchval(HOLDERS)) if self._prefix.needs_holders else None
        rows = await conn.fetch(
            "SELECT position FROM event_log WHERE position > $1 ORDER BY position LIMIT 2000", self._prefix.last
        )
        positions = [row["position"] for row in rows]
        return positions[: self._prefix.take(positions, holders)]


class AfterLast:
    """`position > last`: loses what commits late."""

    def __init__(self) -> None:
        self._last = 0

    async def poll(self, conn: Connection) -> list[int]:
        rows = await conn.fetch("SELECT position FROM event_log WHERE position > $1 ORDER BY position", self._last)
        positions = [row["position"] for row in rows]
        self._last = max([self._last, *positions])
        return positions


class BelowXmin:
    """`xid < xmin`, ordered by (xid, position): loses nothing, but a transaction that began earlier and drew its number
    later comes first; and any long transaction holds it up."""

    def __init__(self) -> None:
        self._last = (0, 0)

    async def poll(self, conn: Connection) -> list[int]:
        rows = await conn.fetch(
            """SELECT xmin::text::bigint AS xid, position FROM event_log
               WHERE (xmin::text::bigint, position) > ($1, $2)
                 AND xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
               ORDER BY xmin::text::bigint, position""",
            *self._last,
        )
        if rows:
            self._last = (rows[-1]["xid"], rows[-1]["position"])
        return [row["position"] for row in rows]
