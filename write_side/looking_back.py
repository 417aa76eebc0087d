"""The log read backwards, for whoever asks what was done lately."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.envelope import Recorded
from write_side.database import Connection
from write_side.event_log import COLUMNS, recorded

_COMMITTED_WITHIN = timedelta(seconds=10)  # longer than any transaction may take


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
    query = f"""SELECT {COLUMNS} FROM event_log
                WHERE position <= $1 AND position > $2
                  AND ($4::bytea IS NULL OR position($4 IN metadata) > 0)
                  AND ($5::text[] IS NULL OR type = ANY ($5))
                  AND ($6::timestamptz IS NULL OR recorded_at >= $6) AND ($7::timestamptz IS NULL OR recorded_at < $7)
                ORDER BY position DESC LIMIT $3"""  # noqa: S608
    return [recorded(row) for row in await conn.fetch(query, until, after, limit, *wanted)]


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


class Caused(NamedTuple):
    """An event that somebody caused: where it stands, and what it is about, by its partition key."""

    position: int
    key: str


async def caused(
    conn: Connection, after: int, until: int, part: bytes, kinds: Sequence[str], limit: int
) -> list[Caused]:
    """Events of these kinds of aggregates in (after, until] with these bytes in their metadata, the oldest first."""
    query = """SELECT position, partition_key FROM event_log
               WHERE position > $1 AND position <= $2 AND aggregate_type = ANY ($4) AND position($3 IN metadata) > 0
               ORDER BY position LIMIT $5"""
    return [Caused(*row) for row in await conn.fetch(query, after, until, part, kinds, limit)]


class Tail(NamedTuple):
    """The events of an aggregate up to a version, but for those at its end that are caused by these two; "": nobody."""

    id: UUID
    upto: int
    one: str
    other: str


async def before(conn: Connection, type_: str, tails: Sequence[Tail]) -> dict[UUID, tuple[int, str]]:
    """Aggregate → the version of its last event that is not in the tail, and its correlation id; those left out that
    have none. One look into the index for each event of a tail, and no payload is read."""
    rows = await conn.fetch(
        """SELECT tail.id, own.version, own.by
           FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[]) AS tail (id, upto, one, other),
                LATERAL (SELECT aggregate_version AS version,
                                convert_from(metadata, 'UTF8')::jsonb ->> 'correlation_id' AS by
                         FROM event_log
                         WHERE aggregate_type = $1 AND aggregate_id = tail.id AND aggregate_version <= tail.upto
                           AND convert_from(metadata, 'UTF8')::jsonb ->> 'correlation_id' NOT IN (tail.one, tail.other)
                         ORDER BY aggregate_version DESC LIMIT 1) AS own""",
        type_, *map(list, zip(*tails, strict=True)),
    )  # fmt: skip
    return {row["id"]: (row["version"], row["by"]) for row in rows}
