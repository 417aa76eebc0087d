"""The SQL of runs and of what became of their products and rows: the only place that names `import_run`,
`import_outcome` and `import_reject`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import as_json
from write_side.database import Connection
from write_side.imports.rejects import Told
from write_side.imports.runs.domain import Json, Kind, Outcome, Run, State

_RUN = """id, kind, state, dry_run, actor, file, terms, undoes, begins_above, ends_at, rows_done, place, counts,
          began_at, seen_at, ended_at, why"""
_ENDED = "ends_at = (SELECT last_value FROM event_position), ended_at = clock_timestamp()"
SILENT = timedelta(minutes=2)  # longer than a living import waits for Postgres; else it says a word each second
_SELECT = f"SELECT {_RUN} FROM import_run"  # noqa: S608


def _run(row: asyncpg.Record) -> Run:
    fields = dict(row) | {name: msgspec.json.decode(row[name]) for name in ("terms", "counts")}
    return msgspec.convert(fields, Run)


async def find(conn: Connection, run_id: UUID) -> Run | None:
    """A run by its id."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1", run_id)
    return None if row is None else _run(row)


async def hold(conn: Connection, run_id: UUID) -> Run | None:
    """The same, held until the transaction ends: behind `still_running` of all that it wrote so far."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", run_id)
    return None if row is None else _run(row)


async def page(conn: Connection, kind: Kind | None, before: UUID | None, limit: int) -> list[Run]:
    """Runs, the newest first, before one of them."""
    query = f"""{_SELECT} WHERE ($1::text IS NULL OR kind = $1) AND ($2::uuid IS NULL OR id < $2)
                ORDER BY id DESC LIMIT $3"""
    return [_run(row) for row in await conn.fetch(query, kind, before, limit)]


async def open_file(
    conn: Connection, run_id: UUID, actor: str, file: str, same: bytes, terms: Json, *, dry_run: bool = False
) -> Run:
    """The run of a file that was begun and not ended, or a new one: also where another run came in since it was killed,
    which may have changed what had gone in. A file that was sent is not silent: a worker will carry it on."""
    await conn.execute(
        f"""UPDATE import_run r SET state = 'stopped', {_ENDED}
            WHERE same = $1 AND state = 'running' AND kind = 'catalog' AND seen_at < clock_timestamp() - $2::interval
              AND EXISTS (SELECT FROM import_run n WHERE n.id <> r.id AND n.seen_at > r.seen_at AND NOT n.dry_run)
              AND NOT EXISTS (SELECT FROM import_upload u WHERE u.run_id = r.id)""",  # noqa: S608
        same, SILENT,
    )  # fmt: skip
    await conn.execute(
        """INSERT INTO import_run (id, kind, state, dry_run, actor, file, same, terms, begins_above)
           SELECT $1, 'catalog', 'running', $6, $2, $3, $4, $5, last_value FROM event_position
           ON CONFLICT (same) WHERE state = 'running' AND kind = 'catalog' DO NOTHING""",
        run_id, actor, file, same, as_json(terms).decode(), dry_run,
    )  # fmt: skip
    query = f"{_SELECT} WHERE same = $1 AND state = 'running' AND kind = 'catalog'"
    row = await conn.fetchrow(query, same)
    assert row is not None
    return _run(row)


async def insert(
    conn: Connection, run_id: UUID, kind: Kind, actor: str, terms: Json, place: str,
    *, undoes: UUID | None = None, dry_run: bool,
) -> Run:  # fmt: skip
    """A new edit or undoing, for the worker to carry on."""
    row = await conn.fetchrow(
        f"""INSERT INTO import_run (id, kind, state, dry_run, actor, file, terms, undoes, begins_above, place)
            SELECT $1, $2, 'running', $3, $4, '', $5, $6, last_value, $7 FROM event_position
            RETURNING {_RUN}""",  # noqa: S608
        run_id, kind, dry_run, actor, as_json(terms).decode(), undoes, place,
    )  # fmt: skip
    assert row is not None
    return _run(row)


async def undoing_of(conn: Connection, run_id: UUID, *, dry_run: bool) -> Run | None:
    """The undoing of a run that is under way, or its preview."""
    query = f"{_SELECT} WHERE undoes = $1 AND dry_run = $2 AND state = 'running' AND kind = 'undo'"
    row = await conn.fetchrow(query, run_id, dry_run)
    return None if row is None else _run(row)


async def undone_by(conn: Connection, runs: Sequence[str]) -> dict[str, str]:
    """Which of these ids are undoings, and of which run each."""
    query = "SELECT id::text, undoes::text FROM import_run WHERE kind = 'undo' AND id::text = ANY ($1)"
    return dict(map(tuple, await conn.fetch(query, list(set(runs)))))


async def still_running(conn: Connection, run_id: UUID) -> bool:
    """Whether a run may still write: nobody stops it until this transaction ends. Several batches may ask at once."""
    query = "SELECT 1 FROM import_run WHERE id = $1 AND state = 'running' FOR KEY SHARE"
    return await conn.fetchval(query, run_id) is not None


async def due(conn: Connection, run_id: UUID | None) -> Run | None:
    """An edit or undoing that is to be carried on (this one, or the one that waits longest), held; None if none is."""
    query = f"""{_SELECT} WHERE state = 'running' AND kind <> 'catalog' AND ($1::uuid IS NULL OR id = $1)
                ORDER BY seen_at LIMIT 1 FOR UPDATE SKIP LOCKED"""
    row = await conn.fetchrow(query, run_id)
    return None if row is None else _run(row)


async def advance(conn: Connection, run_id: UUID, counts: Mapping[str, int], rows_done: int, place: str = "") -> None:
    """It got this far."""
    await conn.execute(
        """UPDATE import_run SET counts = $2, rows_done = $3, place = $4, seen_at = clock_timestamp()
           WHERE id = $1 AND state = 'running'""",
        run_id, as_json(counts).decode(), rows_done, place,
    )  # fmt: skip


async def put_off(conn: Connection, run_id: UUID) -> None:
    """Behind all others that wait; how far it got is not ours to say any more."""
    await conn.execute("UPDATE import_run SET seen_at = clock_timestamp() WHERE id = $1", run_id)


async def end(conn: Connection, run_id: UUID, state: State) -> None:
    """It won't write any more: all its events have their positions by now."""
    await conn.execute(
        f"UPDATE import_run SET state = $2, {_ENDED} WHERE id = $1 AND state = 'running'",  # noqa: S608
        run_id, state,
    )  # fmt: skip


async def stop(conn: Connection, run_id: UUID, why: str) -> None:
    """It can't be carried on, for this reason; one that ended otherwise meanwhile stays as it is."""
    await end(conn, run_id, "stopped")
    query = "UPDATE import_run SET why = $2 WHERE id = $1 AND state = 'stopped' AND why = ''"
    await conn.execute(query, run_id, why)


async def keep_rejects(conn: Connection, run_id: UUID, told: Sequence[Told]) -> None:
    """Rows that did not go in; those that are kept already stay as they are."""
    await conn.execute(
        """INSERT INTO import_reject (run_id, number, line) SELECT $1, t.number, t.line
           FROM unnest($2::bigint[], $3::bytea[]) AS t(number, line) ON CONFLICT DO NOTHING""",
        run_id, [one.number for one in told], [one.text for one in told],
    )  # fmt: skip


async def rejects_after(conn: Connection, run_id: UUID, after: int, limit: int) -> list[Told]:
    """Kept rows that did not go in, behind one of them."""
    query = "SELECT number, line FROM import_reject WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3"
    return [Told(row["number"], row["line"]) for row in await conn.fetch(query, run_id, after, limit)]


async def kept_rejects(conn: Connection, run_id: UUID, numbers: Sequence[int]) -> set[int]:
    """Which of these lines of its file are kept as rows that did not go in."""
    query = "SELECT number FROM import_reject WHERE run_id = $1 AND number = ANY ($2::bigint[])"
    return {row["number"] for row in await conn.fetch(query, run_id, numbers)}


async def forget_rejects(conn: Connection, limit: int) -> int:
    """Drop some of the rows that did not go in whose runs ended a month ago; answers how many."""
    query = """DELETE FROM import_reject WHERE (run_id, number) IN (
                   SELECT j.run_id, j.number FROM import_run r JOIN import_reject j ON j.run_id = r.id
                   WHERE r.ended_at < clock_timestamp() - interval '30 days' LIMIT $1)"""
    return int((await conn.execute(query, limit)).rpartition(" ")[2])


async def keep_outcomes(conn: Connection, run_id: UUID, outcomes: Sequence[Outcome]) -> None:
    """Behind those that are kept already."""
    await conn.execute(
        """INSERT INTO import_outcome (run_id, number, outcome)
           SELECT $1, t.n + (SELECT coalesce(max(number), 0) FROM import_outcome WHERE run_id = $1), t.outcome
           FROM unnest($2::json[]) WITH ORDINALITY AS t(outcome, n)""",
        run_id, [as_json(outcome).decode() for outcome in outcomes],
    )  # fmt: skip


async def outcomes_after(conn: Connection, run_id: UUID, after: int, limit: int) -> list[tuple[int, Outcome]]:
    """Kept outcomes behind one of them, each with its number."""
    query = "SELECT number, outcome FROM import_outcome WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3"
    rows: Sequence[Any] = await conn.fetch(query, run_id, after, limit)
    return [(row["number"], msgspec.json.decode(row["outcome"], type=Outcome)) for row in rows]
