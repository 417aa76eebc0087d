"""How far an import of a catalog got, kept so that it goes on there after a kill, and so that undoing stops it.

An import that is done twice changes nothing, so what is kept may lag behind what went in: it is written once a second,
outside of the transactions that bring rows in.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

from shared.envelope import Metadata
from write_side.database import Connection, Pool
from write_side.imports.patience import patiently
from write_side.imports.runs import store
from write_side.imports.runs.domain import ImportUndone, Run, State

EVERY = 1.0  # seconds


class Counts(Protocol):
    """How many rows became what since this process began."""

    created: int
    revised: int
    unchanged: int
    rejected: int


class Journal:
    """Of a run; of a dry run there is none, and nothing is kept."""

    def __init__(self, pool: Pool, run: Run | None, cause: Metadata) -> None:
        self._pool, self.run, self.cause = pool, run, cause
        self.skip = self._rows = run.rows_done if run else 0
        self._counts = Counter(run.counts if run else {})
        self._fresh: Counter[str] = Counter()
        self._under_way: list[int] = []  # up to which row each batch goes that has not gone in yet, in their order
        self._gone_in: set[int] = set()
        self._told_at = 0.0

    def took(self, upto: int) -> None:
        """A batch up to this row of the file is under way."""
        self._under_way.append(upto)

    async def done(self, upto: int, counts: Counts) -> None:
        """It has gone in: now and then that is written down, as far as all batches before it have, too."""
        self._gone_in.add(upto)
        while self._under_way and self._under_way[0] in self._gone_in:
            self._rows = self._under_way.pop(0)
            self._gone_in.remove(self._rows)
        self._fresh = Counter({name: getattr(counts, name) for name in Counts.__annotations__})
        if time.monotonic() - self._told_at >= EVERY:
            self._told_at = time.monotonic()
            await self._tell()

    async def check(self, conn: Connection) -> None:
        """Raises `ImportUndone`; else nobody undoes the run until this transaction ends."""
        if self.run is not None and not await store.still_running(conn, self.run.id):
            raise ImportUndone(f"somebody undid the import {self.run.id} meanwhile: what had not gone in stays out")

    async def end(self, state: State) -> None:
        """All of the file has gone in, or it can't be read on."""
        await self._tell()
        await self._write(lambda conn, run_id: store.end(conn, run_id, state))

    async def _tell(self) -> None:
        counts, rows = dict(self._counts + self._fresh), self._rows
        await self._write(lambda conn, run_id: store.advance(conn, run_id, counts, rows))

    async def _write(self, write: Callable[[Connection, UUID], Awaitable[None]]) -> None:
        if self.run is None:
            return
        run_id = self.run.id

        async def once() -> None:
            async with self._pool.acquire() as conn:
                await write(conn, run_id)

        await patiently(once)
