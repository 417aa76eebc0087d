"""The worker's step that verifies a slice at a time, for ever: some events' chains, some aggregates' rows, one seal.

Several workers share one sweep: whoever gets its row does the next slice. A slice is read in one snapshot, so a shop
at work shows no false differences.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from write_side import event_log
from write_side.aggregates import AGGREGATES, Aggregate
from write_side.database import FIRST, Connection, Pool, ids_after
from write_side.steps import Step
from write_side.verifying import log_rows, metrics
from write_side.verifying.chains import broken
from write_side.verifying.comparing import compare
from write_side.verifying.differences import Difference
from write_side.verifying.sealed import Window, check_window, windows
from write_side.verifying.seals import Key, SealFile

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two slices
EVENTS = 500  # of one slice
ROWS = 25  # aggregates of one slice, each folded from its first event


def sweeping(pool: Pool, seals_file: str, master_key: str) -> list[Step]:
    """The step; without a file there are no seals to go by."""
    sweep = Sweep(pool, SealFile(Path(seals_file), Key.of(master_key)) if seals_file else None)
    return [Step("verify", PAUSE, sweep.advance)]


class Sweep:
    """Goes over log, rows and seals again and again."""

    def __init__(self, pool: Pool, file: SealFile | None) -> None:
        self._pool, self._file = pool, file
        self._windows: Iterator[Window | Difference] | None = None

    async def advance(self) -> int:
        """Verify the next slice. Always 0: it is never done, and pauses after each."""
        try:
            async with self._pool.acquire() as conn, conn.transaction(isolation="repeatable_read"):
                await self._advance(conn)
        except asyncpg.SerializationError:  # another worker took the same slice
            log.debug("the slice was another worker's")
        return 0

    async def _advance(self, conn: Connection) -> None:
        # It holds no position, so nobody waits for it; folding an old stock item takes its time.
        await conn.execute("SET LOCAL transaction_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '30s'")
        state = await conn.fetchrow("SELECT * FROM verify_sweep WHERE id = 1 FOR UPDATE SKIP LOCKED")
        if state is None:
            return
        await self._chains(conn, state)
        await self._rows(conn, state)
        await self._seals(conn, state)
        await _tell(conn)

    async def _chains(self, conn: Connection, state: asyncpg.Record) -> None:
        shards, safe = await event_log.shards(conn), await event_log.safe_position(conn)
        events = await log_rows.read_linked_after(conn, state["log_position"], safe, EVENTS)
        await _note(conn, "log", state["log_round"], (found for event in events for found in broken(event, shards)))
        if len(events) < EVENTS:
            await _end(conn, "log", state["log_round"])
        at = 0 if len(events) < EVENTS else events[-1]["position"]
        await conn.execute("UPDATE verify_sweep SET log_position = $1", at)

    async def _rows(self, conn: Connection, state: asyncpg.Record) -> None:
        types = [aggregate.type for aggregate in AGGREGATES]
        n = types.index(state["row_type"]) if state["row_type"] in types else 0
        ids = await _next_ids(conn, AGGREGATES[n], state["row_after"])
        await _note(conn, "row", state["row_round"], await compare(conn, AGGREGATES[n], ids) if ids else [])
        after = ids[-1] if ids else FIRST
        if not ids:
            n += 1
        if n == len(types):
            await _end(conn, "row", state["row_round"])
            n = 0
        await conn.execute("UPDATE verify_sweep SET row_type = $1, row_after = $2", types[n], after)

    async def _seals(self, conn: Connection, state: asyncpg.Record) -> None:
        if self._file is None:
            return
        if self._windows is None:
            self._windows = windows(self._file)
        window = next(self._windows, None)
        if window is None:
            self._windows = None
            await _end(conn, "seal", state["seal_round"])
            return
        found = await check_window(conn, window) if isinstance(window, Window) else [window]
        await _note(conn, "seal", state["seal_round"], found)


async def _next_ids(conn: Connection, aggregate: Aggregate, after: UUID) -> list[UUID]:
    """Of rows and log, so that neither a row without events nor events without a row are passed over."""
    rows = await ids_after(conn, aggregate.table, after, ROWS)
    events = await log_rows.ids_after(conn, aggregate.type, after, ROWS)
    return sorted({*rows, *events})[:ROWS]


async def _note(conn: Connection, sweep: str, round_: int, found: Iterable[Difference]) -> None:
    for difference in found:
        new = await conn.fetchval(
            """INSERT INTO verify_finding AS f (place, field, kind, sweep, round) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (place, field) DO UPDATE SET round = excluded.round, kind = excluded.kind
               RETURNING f.xmax = 0""",
            difference.where[:500], difference.field[:200], difference.kind, sweep, round_,
        )  # fmt: skip
        if new:
            fields = {"kind": difference.kind, "place": difference.where, "field": difference.field}
            log.error("verification found a difference", extra={"fields": fields})


async def _end(conn: Connection, sweep: str, round_: int) -> None:
    """A round is over: what it no longer saw is gone."""
    await conn.execute("DELETE FROM verify_finding WHERE sweep = $1 AND round < $2", sweep, round_)
    await conn.execute(
        f"UPDATE verify_sweep SET {sweep}_round = {sweep}_round + 1, {sweep}_ended_at = clock_timestamp()"  # noqa: S608
    )


async def _tell(conn: Connection) -> None:
    for kind in metrics.KINDS:
        metrics.DIFFERENCES.labels(kind).set(0)
    for row in await conn.fetch("SELECT kind, count(*) AS found FROM verify_finding GROUP BY kind"):
        metrics.DIFFERENCES.labels(row["kind"]).set(row["found"])
    state = await conn.fetchrow("SELECT * FROM verify_sweep WHERE id = 1")
    assert state is not None
    metrics.POSITION.set(state["log_position"])
    now = datetime.now(UTC)
    for sweep in ("log", "row", "seal"):
        last = state[f"{sweep}_ended_at"] or state["began_at"]
        metrics.AGE.labels(sweep).set((now - last).total_seconds())
