"""Reading the event log: the truth that streams only carry. Read-only, under the projector's own role."""

from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

import asyncpg
from msgspec import Raw

from projector.chain import Stretch
from shared.envelope import Recorded
from shared.http.pools import Pool, bounded_pool

__all__ = ["EventLog", "LogSettings", "NotVisibleYet", "Pool", "open_pool"]

ROLE = "doorbuster_projector"
CONNECT_TIMEOUT = 3.0  # seconds
QUERY_TIMEOUT = 10.0
HISTORY = 1_000  # events of one read


class NotVisibleYet(Exception):
    """The log does not show the position that a stream entry named: wait and ask again."""


class LogSettings(NamedTuple):
    """What is fixed when the store is created (shards) or restored (epoch)."""

    epoch: int
    shards: int
    store: str  # tells this store, in this life, from any other: documents made from another one are worth nothing


_COLUMNS = """position, shard, partition_key, aggregate_type, aggregate_id, aggregate_version, event_id, type, payload,
              metadata, recorded_at"""

# The row at $3 comes along whatever its context: it proves that the whole stretch is visible.
_SLICE = f"""SELECT {_COLUMNS} FROM event_log
             WHERE shard = $1 AND position > $2 AND position <= $3
               AND (split_part(type, '.', 1) = ANY ($4) OR position = $3)
             ORDER BY position LIMIT $5"""  # noqa: S608

_HISTORY = f"""SELECT {_COLUMNS} FROM event_log
               WHERE partition_key = $1 AND position > $2 AND position <= $3 AND split_part(type, '.', 1) = ANY ($4)
               ORDER BY position LIMIT $5"""  # noqa: S608

_SETTINGS = """SELECT s.epoch, s.shards, concat_ws('.', c.system_identifier, d.oid, s.epoch) AS store
               FROM log_settings s, pg_control_system() c, pg_database d
               WHERE s.id = 1 AND d.datname = current_database()"""

_HEADS = """SELECT s.shard, coalesce((SELECT e.position FROM event_log e
                                      WHERE e.shard = s.shard AND e.position <= r.safe_position
                                      ORDER BY e.position DESC LIMIT 1), 0) AS head
            FROM relay_state r, LATERAL (SELECT generate_series(0, $1::integer - 1)::smallint AS shard) AS s"""


async def open_pool(url: str, size: int, name: str = "projector") -> Pool:
    """A pool under the projector's role, which may read the log and keep its own books."""
    return await bounded_pool(
        url, name=name, size=size, connect_seconds=CONNECT_TIMEOUT, command_seconds=QUERY_TIMEOUT,
        wait_seconds=QUERY_TIMEOUT, settings={"role": ROLE},
    )  # fmt: skip


def _recorded(row: asyncpg.Record) -> Recorded:
    return Recorded(
        position=row[0],
        previous=0,  # in the log itself there is no hole to find
        shard=row[1],
        key=row[2],
        aggregate_type=row[3],
        aggregate_id=row[4],
        version=row[5],
        event_id=row[6],
        type=row[7],
        payload=Raw(row[8]),
        metadata=Raw(row[9]),
        recorded_at=row[10],
    )


class EventLog:
    """The log, shard by shard and key by key."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def settings(self) -> LogSettings:
        """Epoch and number of shards."""
        row = await self.pool.fetchrow(_SETTINGS)
        if row is None:
            raise LookupError("the store has no log_settings: is it migrated?")
        return LogSettings(row["epoch"], row["shards"], row["store"])

    async def heads(self, shards: int) -> dict[int, int]:
        """The last safe position of each shard, 0 where there is none."""
        return {row["shard"]: row["head"] for row in await self.pool.fetch(_HEADS, shards)}

    async def slice(self, shard: int, at: int, until: int, contexts: Iterable[str], limit: int) -> Stretch:
        """Up to `limit` events of `contexts` in (at, until]; `until` is the position of an event of this shard.

        Raises `NotVisibleYet` while that event isn't visible.
        """
        wanted = frozenset(contexts)
        rows = await self.pool.fetch(_SLICE, shard, at, until, list(wanted), limit)
        if len(rows) < limit and (not rows or rows[-1][0] != until):
            raise NotVisibleYet(f"shard {shard} has no event at {until}")
        events = [_recorded(row) for row in rows if row[7].partition(".")[0] in wanted]
        return Stretch(events, at, rows[-1][0])

    async def history(self, key: str, until: int, contexts: Iterable[str]) -> AsyncIterator[Recorded]:
        """All events of a partition key up to `until`, oldest first."""
        at = 0
        while rows := await self.pool.fetch(_HISTORY, key, at, until, list(contexts), HISTORY):
            for row in rows:
                yield _recorded(row)
            at = rows[-1][0]
