"""Parked keys as operators see them, and what they ask the projector to do about them. It carries that out itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import metadata_of
from write_side import event_log
from write_side.customers import without_personal
from write_side.database import Connection

_SLOT = "read_model || ':' || version"
_PARKED = f"""SELECT {_SLOT} AS read_model, partition_key AS key, shard, position, event_type, error, tries, parked_at,
                     CASE WHEN skip_reason IS NOT NULL THEN 'skip' WHEN retry_requested_at IS NOT NULL THEN 'retry' END
                         AS requested
              FROM parked_key"""  # noqa: S608


class ParkedKey(Struct, frozen=True):
    """A key whose documents are stale, and the event that can't be applied. `read_model` with its version."""

    read_model: str
    key: str
    shard: int
    position: int
    event_type: str
    error: str
    tries: int
    parked_at: datetime
    requested: Literal["retry", "skip"] | None


class ParkedEvent(Struct, frozen=True):
    """The event as the log has it, sealed fields left out. `payload` is text: it may be no JSON."""

    aggregate_type: str
    aggregate_id: UUID
    version: int
    recorded_at: datetime
    actor: str
    correlation_id: str
    payload: str


class TakenBack(Struct, frozen=True):
    """By whose word a skip does not count any more, and why. `done_at`: when the projector carried it out."""

    actor: str
    reason: str
    requested_at: datetime
    done_at: datetime | None


class SkippedEvent(Struct, frozen=True):
    """An event that a read model goes without, or went until that was `taken_back`: by whose word, and why."""

    read_model: str
    key: str
    position: int
    event_type: str
    error: str
    actor: str
    reason: str
    skipped_at: datetime
    taken_back: TakenBack | None


async def all_parked(conn: Connection) -> list[ParkedKey]:
    """All parked keys, oldest first."""
    return [ParkedKey(*row) for row in await conn.fetch(f"{_PARKED} ORDER BY parked_at, position")]


async def find(conn: Connection, read_model: str, key: str) -> ParkedKey | None:
    """One of them, by read model with version."""
    row = await conn.fetchrow(f"{_PARKED} WHERE {_SLOT} = $1 AND partition_key = $2", read_model, key)
    return None if row is None else ParkedKey(*row)


async def event_of(conn: Connection, position: int) -> ParkedEvent | None:
    """The event at a position."""
    recorded = (await event_log.read_at(conn, [position])).get(position)
    if recorded is None:
        return None
    try:
        cause = metadata_of(recorded)
        actor, correlation_id = cause.actor, cause.correlation_id
    except msgspec.DecodeError:
        actor = correlation_id = ""
    payload = without_personal(bytes(recorded.payload)).data.decode(errors="replace")
    return ParkedEvent(
        recorded.aggregate_type, recorded.aggregate_id, recorded.version, recorded.recorded_at, actor, correlation_id,
        payload,
    )  # fmt: skip


async def request_retry(conn: Connection, read_model: str | None = None, key: str | None = None) -> int:
    """Ask for another try: of all keys, those of a model (with its version or without), or one. Answers how many."""
    rows = await conn.fetch(
        f"""UPDATE parked_key SET retry_requested_at = clock_timestamp()
            WHERE ($1::text IS NULL OR read_model = $1 OR {_SLOT} = $1) AND ($2::text IS NULL OR partition_key = $2)
            RETURNING 1""",  # noqa: S608
        read_model, key,
    )  # fmt: skip
    return len(rows)


async def request_skip(conn: Connection, wanted: ParkedKey, position: int, actor: str, reason: str) -> bool:
    """Ask to go on without the event at this position; False if another one parks the key by now."""
    done = await conn.execute(
        f"""UPDATE parked_key SET retry_requested_at = clock_timestamp(), skip_position = position, skip_actor = $4,
                                  skip_reason = $5
            WHERE {_SLOT} = $1 AND partition_key = $2 AND position = $3""",  # noqa: S608
        wanted.read_model, wanted.key, position, actor, reason,
    )  # fmt: skip
    return bool(done == "UPDATE 1")


async def request_unskip(
    conn: Connection, read_model: str, key: str, position: int, actor: str, reason: str
) -> SkippedEvent | None:
    """Ask to take a skip back, in all versions of the read model; None if the event isn't skipped. The first request
    counts."""
    name = read_model.partition(":")[0]
    await conn.execute(
        """UPDATE skipped_event SET unskip_requested_at = clock_timestamp(), unskip_actor = $4, unskip_reason = $5
           WHERE read_model = $1 AND partition_key = $2 AND position = $3 AND unskip_requested_at IS NULL""",
        name, key, position, actor, reason,
    )  # fmt: skip
    in_force = "read_model = $1 AND partition_key = $2 AND position = $3 AND unskipped_at IS NULL"
    found = await _skipped(conn, in_force, name, key, position)
    return found[0] if found else None


async def all_skipped(conn: Connection) -> list[SkippedEvent]:
    """What every read model goes or went without, newest first."""
    return await _skipped(conn, "true")


async def in_force(conn: Connection) -> list[SkippedEvent]:
    """What every read model goes without now."""
    return await _skipped(conn, "unskipped_at IS NULL")


async def _skipped(conn: Connection, where: str, *given: object) -> list[SkippedEvent]:
    rows = await conn.fetch(
        f"""SELECT {_SLOT}, partition_key, position, event_type, error, actor, reason, skipped_at,
                   unskip_actor, unskip_reason, unskip_requested_at, unskipped_at
            FROM skipped_event WHERE {where} ORDER BY skipped_at DESC, position""",  # noqa: S608
        *given,
    )
    return [SkippedEvent(*(*row[:8], TakenBack(*row[8:]) if row[8] else None)) for row in rows]


async def request_rewrites(conn: Connection, wanted: Sequence[tuple[str, str, int]]) -> None:
    """Ask to fold keys anew and write their documents over: (read model with version, key, shard) each."""
    for read_model, key, shard in wanted:
        name, _, version = read_model.partition(":")
        await conn.execute(
            """INSERT INTO rewrite_request (read_model, version, partition_key, shard) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING""",
            name, version, key, shard,
        )  # fmt: skip


async def rewrites_waiting(conn: Connection) -> int:
    """How many of those the projector has not carried out."""
    return int(await conn.fetchval("SELECT count(*) FROM rewrite_request"))
