"""The log: appending to it, and reading it in order.

Backwards it is read in looking_back.py, and what only checks it reads it in verifying/log_rows.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from msgspec import Raw, Struct

from shared.codec import encode_event, tag_of
from shared.envelope import Metadata, Recorded, as_json
from shared.ids import uuid7
from write_side.database import Connection

Positions = Mapping[int, int]  # shard → the highest position a command wrote there

GENESIS = bytes(32)  # the hash before an aggregate's first event


class NewEvent(NamedTuple):
    """An event about to be appended: which aggregate, which version it makes, whose documents it feeds."""

    aggregate_type: str
    aggregate_id: UUID
    version: int
    key: str
    event: Struct


async def append(conn: Connection, events: Sequence[NewEvent], cause: Metadata) -> Positions:
    """Append in order, in the caller's transaction and last in it; one call to Postgres.

    Raises `asyncpg.UniqueViolationError` if another transaction made the same version first.
    """
    return await _append(conn, events, [as_json(cause)] * len(events))


async def append_each(conn: Connection, events: Sequence[NewEvent], causes: Sequence[Metadata]) -> Positions:
    """The same for events that each have a cause of their own, in the same order."""
    return await _append(conn, events, [as_json(cause) for cause in causes])


async def _append(conn: Connection, events: Sequence[NewEvent], metadata: Sequence[bytes]) -> Positions:
    if not events:
        return {}
    rows = await conn.fetch(
        "SELECT shard, at FROM event_append_all($1, $2, $3, $4, $5, $6, $7, $8)",
        [e.aggregate_type for e in events],
        [e.aggregate_id for e in events],
        [e.version for e in events],
        [e.key for e in events],
        [uuid7() for _ in events],
        [tag_of(type(e.event)) for e in events],
        [encode_event(e.event) for e in events],
        metadata,
    )
    return highest((row["shard"], row["at"]) for row in rows)


def highest(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """shard → highest position of (shard, position) pairs."""
    found: dict[int, int] = {}
    for shard, position in pairs:
        found[shard] = max(position, found.get(shard, 0))
    return found


def together(*parts: Positions) -> dict[int, int]:
    """Where all that a command appended stands, part by part."""
    return highest(pair for part in parts for pair in part.items())


COLUMNS = """position, shard, partition_key, aggregate_type, aggregate_id, aggregate_version, event_id, type, payload,
              metadata, recorded_at"""

_AFTER_OF_TYPES = f"""SELECT {COLUMNS} FROM event_log WHERE position > $1 AND position <= $2 AND type = ANY ($4)
                      ORDER BY position LIMIT $3"""  # noqa: S608
TAIL = f"SELECT {COLUMNS} FROM event_log WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608  # the relay's
_AFTER_OF_KIND = f"""SELECT {COLUMNS} FROM event_log WHERE aggregate_type = $1 AND position > $2
                     ORDER BY position LIMIT $3"""  # noqa: S608
# OFFSET 0: else the planner may walk along the positions until it has met enough of these aggregates.
_AFTER_OF_AGGREGATES = f"""SELECT * FROM (SELECT {COLUMNS} FROM event_log
                                          WHERE aggregate_type = $1 AND aggregate_id = ANY ($4) OFFSET 0) AS own
                           WHERE position > $2 ORDER BY position LIMIT $3"""  # noqa: S608
_OF_KEYS = f"SELECT {COLUMNS} FROM event_log WHERE partition_key = ANY ($1) ORDER BY position"  # noqa: S608
# As many bytes as are wanted and not all of the last event more: an order can be a thousand times as long as a price.
_PAGE = f"""SELECT {COLUMNS} FROM (
                SELECT *, sum(octet_length(payload)) OVER (ORDER BY position) - octet_length(payload) AS before FROM (
                    SELECT {COLUMNS} FROM event_log
                    WHERE position > $1 AND position <= $2 AND ($4::text[] IS NULL OR type = ANY ($4))
                    ORDER BY position LIMIT $3) AS page) AS sized
            WHERE before < $5 ORDER BY position"""  # noqa: S608
_MENTIONS = f"""SELECT {COLUMNS} FROM event_log
                WHERE partition_key = ANY ($1) AND position > $2 AND position <= $3
                  AND position(convert_to($4, 'UTF8') IN payload) > 0
                ORDER BY position"""  # noqa: S608
_LATEST = f"""SELECT DISTINCT ON (aggregate_id) {COLUMNS} FROM event_log
              WHERE aggregate_type = $1 AND aggregate_id = ANY ($2)
              ORDER BY aggregate_id, aggregate_version DESC"""  # noqa: S608
_OF_AGGREGATE = f"""SELECT {COLUMNS} FROM event_log
                    WHERE aggregate_type = $1 AND aggregate_id = $2
                      AND aggregate_version > $3 AND aggregate_version <= $4
                    ORDER BY aggregate_version"""  # noqa: S608


def recorded(row: asyncpg.Record, previous: int = 0, epoch: int = 1) -> Recorded:
    """A row of the log as the envelope that travels."""
    return Recorded(
        position=row["position"],
        previous=previous,
        shard=row["shard"],
        key=row["partition_key"],
        aggregate_type=row["aggregate_type"],
        aggregate_id=row["aggregate_id"],
        version=row["aggregate_version"],
        event_id=row["event_id"],
        type=row["type"],
        recorded_at=row["recorded_at"],
        payload=Raw(row["payload"]),
        metadata=Raw(row["metadata"]),
        epoch=epoch,
    )


async def look_until(conn: Connection, at: int, safe: int, span: int) -> int:
    """Up to where whoever has seen all up to `at` looks next: `span` positions from the next event on.

    Not from `at` on: a restore leaves a hole of 10^11 positions that nobody would ever get across.
    """
    if safe - at <= span:
        return safe
    query = "SELECT position FROM event_log WHERE position > $1 ORDER BY position LIMIT 1"
    first: int | None = await conn.fetchval(query, at)
    return safe if first is None else min(safe, first - 1 + span)


async def read_types_after(
    conn: Connection, position: int, until: int, types: Sequence[str], limit: int
) -> list[Recorded]:
    """Events of these tags above `position` up to `until` (the safe position: above it holes may still fill)."""
    return [recorded(row) for row in await conn.fetch(_AFTER_OF_TYPES, position, until, limit, types)]


async def latest_of_types(conn: Connection, after: int, until: int) -> dict[str, int]:
    """Type → where its last event in (after, until] stands; `until` is safe."""
    query = "SELECT type, max(position) FROM event_log WHERE position > $1 AND position <= $2 GROUP BY type"
    return {row[0]: row[1] for row in await conn.fetch(query, after, until)}


async def read_page(
    conn: Connection, after: int, until: int, types: Sequence[str] | None, limit: int, most_bytes: int
) -> list[Recorded]:
    """Events in (after, until], of these tags or of all; it ends with the event that makes `most_bytes` full."""
    return [recorded(row) for row in await conn.fetch(_PAGE, after, until, limit, types, most_bytes)]


class Head(NamedTuple):
    """Which event stands where."""

    position: int
    event_id: UUID
    type: str


async def read_heads(
    conn: Connection, after: int, until: int, types: Sequence[str] | None, limit: int
) -> list[Head]:
    """Which events stand in (after, until], of these tags or of all; without their payloads."""
    query = """SELECT position, event_id, type FROM event_log
               WHERE position > $1 AND position <= $2 AND ($4::text[] IS NULL OR type = ANY ($4))
               ORDER BY position LIMIT $3"""
    return [Head(*row) for row in await conn.fetch(query, after, until, limit, types)]


async def head_of(conn: Connection, event_id: UUID) -> Head | None:
    """Where an event stands."""
    row = await conn.fetchrow("SELECT position, event_id, type FROM event_log WHERE event_id = $1", event_id)
    return None if row is None else Head(*row)


async def read_at(conn: Connection, positions: Sequence[int]) -> dict[int, Recorded]:
    """The events at these positions."""
    query = f"SELECT {COLUMNS} FROM event_log WHERE position = ANY ($1)"  # noqa: S608
    return {row["position"]: recorded(row) for row in await conn.fetch(query, positions)}


async def read_aggregates_after(
    conn: Connection, type_: str, position: int, limit: int, ids: Sequence[UUID] | None = None
) -> list[Recorded]:
    """Events above `position` of one kind of aggregate, or of some of them: for verification, in a snapshot."""
    if ids is None:
        return [recorded(row) for row in await conn.fetch(_AFTER_OF_KIND, type_, position, limit)]
    return [recorded(row) for row in await conn.fetch(_AFTER_OF_AGGREGATES, type_, position, limit, ids)]


async def read_after(conn: Connection, position: int, limit: int) -> list[Recorded]:
    """All events above `position`, those above the safe position among them."""
    return [recorded(row) for row in await conn.fetch(TAIL, position, limit)]


async def touched(conn: Connection, position: int, until: int) -> list[asyncpg.Record]:
    """`aggregate_type`, `aggregate_id` and `partition_key` of all that changed in (position, until]."""
    query = """SELECT DISTINCT aggregate_type, aggregate_id, partition_key FROM event_log
               WHERE position > $1 AND position <= $2"""
    return list(await conn.fetch(query, position, until))


async def position_at(conn: Connection, moment: datetime) -> int:
    """The safe position at a moment, as far as the relay wrote it down: 0 before its first note."""
    noted = await safe_position_at(conn, moment)
    return noted[1] if noted else 0


async def latest(conn: Connection, key: str) -> Positions:
    """Where the last event of a key family stands: what a query must have seen to show all of it."""
    query = "SELECT shard, position FROM event_log WHERE partition_key = $1 ORDER BY position DESC LIMIT 1"
    return {row["shard"]: row["position"] for row in await conn.fetch(query, key)}


async def read_keys(conn: Connection, keys: Sequence[str]) -> list[Recorded]:
    """All that happened to some key families, in order; for those of few events, as carts and orders are."""
    return [recorded(row) for row in await conn.fetch(_OF_KEYS, keys)]


async def read_mentions(conn: Connection, keys: Sequence[str], after: int, until: int, text: str) -> list[Recorded]:
    """Events of these keys in (after, until] whose payload holds a text, such as the id of an order."""
    return [recorded(row) for row in await conn.fetch(_MENTIONS, keys, after, until, text)]


async def latest_of(conn: Connection, aggregate_type: str, ids: Sequence[UUID]) -> dict[UUID, Recorded]:
    """The last event of each of these aggregates: what made necessary what is to be done about it."""
    if not ids:
        return {}
    return {row["aggregate_id"]: recorded(row) for row in await conn.fetch(_LATEST, aggregate_type, ids)}


async def read_aggregate(
    conn: Connection, aggregate_type: str, aggregate_id: UUID, after: int, until: int
) -> list[Recorded]:
    """One aggregate's events of the versions above `after` up to `until`, in order."""
    return [recorded(row) for row in await conn.fetch(_OF_AGGREGATE, aggregate_type, aggregate_id, after, until)]


async def milestones(
    conn: Connection, position: int, until: int, every: int, types: Sequence[str]
) -> list[tuple[str, UUID, int]]:
    """Aggregates (type, id) of which a version that is a multiple of `every` stands in (position, until], and it."""
    rows = await conn.fetch(
        """SELECT aggregate_type, aggregate_id, max(aggregate_version) AS version FROM event_log
           WHERE position > $1 AND position <= $2 AND aggregate_version % $3 = 0 AND aggregate_type = ANY ($4)
           GROUP BY aggregate_type, aggregate_id ORDER BY max(position)""",
        position, until, every, types,
    )  # fmt: skip
    return [(row["aggregate_type"], row["aggregate_id"], row["version"]) for row in rows]


async def safe_position_at(conn: Connection, at: datetime) -> tuple[datetime, int] | None:
    """The last (time, safe position) that the relay noted by this time: the whole system then is what lies up to it."""
    query = "SELECT at, safe_position FROM position_timeline WHERE at <= $1 ORDER BY at DESC LIMIT 1"
    row = await conn.fetchrow(query, at)
    return None if row is None else (row["at"], row["safe_position"])


async def safe_position(conn: Connection) -> int:
    """Up to here the log is complete: what reactions, feeds and verification read."""
    return int(await conn.fetchval("SELECT safe_position FROM relay_state WHERE id = 1"))


async def extent(conn: Connection) -> tuple[int, int]:
    """The store's epoch and the safe position, of one moment."""
    row = await conn.fetchrow("SELECT s.epoch, r.safe_position FROM log_settings s, relay_state r")
    assert row is not None
    return row["epoch"], row["safe_position"]


async def epoch(conn: Connection) -> int:
    """The store's epoch: raised by a restore to an earlier point."""
    return int(await conn.fetchval("SELECT epoch FROM log_settings WHERE id = 1"))


async def shards(conn: Connection) -> int:
    """The number of shards, fixed when the store was created."""
    return int(await conn.fetchval("SELECT shards FROM log_settings WHERE id = 1"))


async def highest_drawn(conn: Connection) -> int:
    """No position above it was ever given out."""
    return int(await conn.fetchval("SELECT last_value FROM event_position"))
