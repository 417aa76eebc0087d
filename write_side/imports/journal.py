"""How far an import of a catalog got, kept so that it goes on there after a kill, and so that undoing stops it.

An import that is done twice changes nothing, so what is kept may lag behind what went in: it is written once a second,
outside of the transactions that bring rows in.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from msgspec import to_builtins

from shared.envelope import Metadata
from write_side.database import Connection, Pool
from write_side.imports.asked import Options, Source
from write_side.imports.batches import Fared
from write_side.imports.patience import patiently
from write_side.imports.rejects import Told, first_line, lines_of
from write_side.imports.runs import handlers, store
from write_side.imports.runs.domain import ImportUndone, Run, State

EVERY = 1.0  # seconds
MOST_UNTOLD = 500  # rejected rows


class Journal:
    """Of a run; without one (a dry run on the command line) nothing is kept. Another dry run begins anew each time."""

    def __init__(self, pool: Pool, run: Run | None, cause: Metadata, columns: Sequence[str] = ()) -> None:
        self._pool, self.run, self.cause = pool, run, cause
        self.dry_run = run is None or run.dry_run
        before = None if self.dry_run else run
        self.skip = self._rows = before.rows_done if before else 0
        self.settled = int(before.place or 0) if before else 0  # rows that were looked at again, once all were in
        self._counts = Counter(before.counts if before else {})  # of these rows
        self._untold: list[Told] = [first_line(columns)]
        self._under_way: list[int] = []  # up to which row each batch goes that has not gone in yet, in their order
        self._gone_in: dict[int, Fared] = {}
        self._told_at = 0.0
        self._telling = asyncio.Lock()  # else one tells of rows whose rejections another has in hand

    def took(self, upto: int) -> None:
        """A batch up to this row of the file is under way."""
        self._under_way.append(upto)

    async def done(self, upto: int, fared: Fared) -> None:
        """It has gone in, and its rows fared so: now and then that is written down, as far as all batches before it
        have, too. Raises `ImportUndone`: where rows change nothing, nobody else asks."""
        self._gone_in[upto] = fared
        while self._under_way and self._under_way[0] in self._gone_in:
            self._rows = self._under_way.pop(0)
            self._count(self._gone_in.pop(self._rows))
        await self.now_and_then()

    async def settles(self, upto: int, fared: Fared) -> None:
        """Up to this row all were looked at again, with this besides. Raises `ImportUndone`."""
        self.settled = upto
        self._count(fared)
        await self.now_and_then()

    def _count(self, fared: Fared) -> None:
        # Not before: behind a kill rows that are not done are tried again, and may go in. Whoever was told of them
        # would be wrong, and `told_of` would leave out what they say of related products.
        self._counts += fared.counts
        if self.run is not None:
            self._untold += (line for rejection in fared.rejected for line in lines_of(rejection))

    async def now_and_then(self) -> None:
        """Writes down how far it got, if only that it lives. Raises `ImportUndone`."""
        if time.monotonic() - self._told_at >= EVERY or len(self._untold) > MOST_UNTOLD:
            self._told_at = time.monotonic()
            await self.tell()
            await self._write(lambda conn, _: self.check(conn))

    async def told_of(self, numbers: Sequence[int]) -> set[int]:
        """Which of these lines were told as rejected, by whoever imported the file before a kill as well."""
        told = set[int]()

        async def ask(conn: Connection, run_id: UUID) -> None:
            told.update(await store.kept_rejects(conn, run_id, numbers))

        await self._write(ask)
        return told

    async def check(self, conn: Connection) -> None:
        """Raises `ImportUndone`; else nobody undoes the run until this transaction ends."""
        if self.run is not None and not await store.still_running(conn, self.run.id):
            raise ImportUndone(f"somebody undid the import {self.run.id} meanwhile: what had not gone in stays out")

    async def end(self, state: State) -> None:
        """All of the file has gone in, or it can't be read on."""
        await self.tell()
        await self._write(lambda conn, run_id: store.end(conn, run_id, state))

    async def tell(self) -> None:
        """What was rejected and how far that is, both or neither: who was told of is left out behind a kill."""
        async with self._telling:
            counts, rows, place, told = dict(self._counts), self._rows, str(self.settled or ""), list(self._untold)

            async def write(conn: Connection, run_id: UUID) -> None:
                async with conn.transaction():
                    await store.keep_rejects(conn, run_id, told)
                    await store.advance(conn, run_id, counts, rows, place)

            await self._write(write)
            del self._untold[: len(told)]  # only now: who is stopped in between has told nobody

    async def _write(self, write: Callable[[Connection, UUID], Awaitable[None]]) -> None:
        if self.run is None:
            return
        run_id = self.run.id

        async def once() -> None:
            async with self._pool.acquire() as conn:
                await write(conn, run_id)

        await patiently(once)


async def opened(pool: Pool, source: Source | Run, options: Options, cause: Metadata, columns: list[str]) -> Journal:
    """Of the run that the file was sent in, or is begun in here; a dry run without one keeps nothing."""
    if isinstance(source, Run):
        return Journal(pool, source, source.cause, columns)
    if options.dry_run:
        return Journal(pool, None, cause)
    terms = to_builtins(options)
    run = await patiently(lambda: handlers.begin_file(pool, source.file, source.content, terms, cause.actor))
    return Journal(pool, run, run.cause, columns)
