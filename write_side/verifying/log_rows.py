"""What of the log is read only to be checked: hashes, the links between events, and some of them by chance."""

from uuid import UUID

import asyncpg

from shared.upcasting import written_as
from write_side.database import Connection
from write_side.event_log import COLUMNS

# Each event with the one before it in its aggregate, looked up by the unique index.
_OWN = ", ".join(f"e.{name.strip()}" for name in COLUMNS.split(","))
_LINKED = f"""SELECT {_OWN}, e.prev_hash, e.hash,
                     b.hash AS before_hash, b.recorded_at AS before_at
              FROM event_log e LEFT JOIN event_log b
                   ON b.aggregate_type = e.aggregate_type AND b.aggregate_id = e.aggregate_id
                  AND b.aggregate_version = e.aggregate_version - 1"""  # noqa: S608
_LINKED_AFTER = f"{_LINKED} WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position LIMIT $3"
_LINKED_OF = f"{_LINKED} WHERE e.aggregate_type = $1 AND e.aggregate_id = $2 ORDER BY e.position"


async def read_linked_after(conn: Connection, position: int, until: int, limit: int) -> list[asyncpg.Record]:
    """Whole rows in (position, until], each with `before_hash` and `before_at` of the event before it."""
    return list(await conn.fetch(_LINKED_AFTER, position, until, limit))


async def read_linked_of(conn: Connection, type_: str, id_: UUID) -> list[asyncpg.Record]:
    """The same, of one aggregate."""
    return list(await conn.fetch(_LINKED_OF, type_, id_))


async def read_hashes(conn: Connection, position: int, until: int, limit: int | None = None) -> list[asyncpg.Record]:
    """`position`, `hash`, and whose event it is, of the rows in (position, until], in order."""
    query = """SELECT position, hash, aggregate_type, aggregate_id, aggregate_version FROM event_log
               WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3"""
    return list(await conn.fetch(query, position, until, limit))


async def ids_after(conn: Connection, type_: str, after: UUID, limit: int) -> list[UUID]:
    """The aggregates of a kind above an id, in the order of their ids."""
    query = """SELECT aggregate_id FROM event_log
               WHERE aggregate_type = $1 AND aggregate_id > $2 AND aggregate_version = 1
               ORDER BY aggregate_id LIMIT $3"""
    return [row["aggregate_id"] for row in await conn.fetch(query, type_, after, limit)]


async def some(conn: Connection, count: int) -> list[asyncpg.Record]:
    """`position`, `aggregate_type`, `aggregate_id` and `partition_key` of so many events, drawn by chance."""
    events = max(1.0, await conn.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'event_log'::regclass"))
    query = """SELECT position, aggregate_type, aggregate_id, partition_key
               FROM event_log TABLESAMPLE SYSTEM ($1) ORDER BY random() LIMIT $2"""
    return list(await conn.fetch(query, min(100.0, 2000.0 * count / events), count))  # of twenty times as many


async def recent_aggregates(conn: Connection, type_: str, hours: int) -> list[UUID]:
    """Whose events of this tag were recorded in the last so many hours; for verification."""
    query = """SELECT aggregate_id FROM event_log
               WHERE type = ANY ($1) AND recorded_at > now() - make_interval(hours => $2)"""
    return [row["aggregate_id"] for row in await conn.fetch(query, written_as([type_]), hours)]
