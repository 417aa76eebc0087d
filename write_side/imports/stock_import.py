"""Runs an import of stock, batch after batch. Memory grows by a number per row only.

A batch is one transaction: its rows are locked, decided on, written, and the line up to which the file has gone in with
them (`store`), so that a run that was killed goes on where it stopped and no delivery is added twice. What the
rows are asked for is read before, and events come last, as in the import of a catalog.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import asyncpg
from msgspec import Struct

from shared.envelope import Metadata
from write_side import catalog, inventory
from write_side.database import Connection, Pool
from write_side.errors import Refusal
from write_side.imports import store
from write_side.imports.batches import Batches, Rejection
from write_side.imports.observing import Observer
from write_side.imports.pace import Pace
from write_side.imports.reading import Table, UnreadableFile
from write_side.imports.stock_plan import Kept, StockPlan, StockTerms, plan_stock
from write_side.imports.stock_rows import Mode, StockReader, StockRow

TRIES = 5
RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)


class ImportUnderWay(Refusal):
    """Another process imports the same file with the same reason at this moment."""

    code = "import_under_way"


class StockOptions(Struct, frozen=True):
    """How a file is to be understood; `content` is the hash of the file, `names` field → column where they differ."""

    content: bytes
    mode: Mode
    reason: str
    warehouse: str = inventory.MAIN
    names: dict[str, str] = {}
    dry_run: bool = False

    @property
    def import_id(self) -> bytes:
        """The same file, mode and reason are the same import."""
        names = sorted(self.names.items())
        return sha256(repr((self.content, self.mode, self.reason, self.warehouse, names)).encode()).digest()


class StockProgress(Struct):
    """How the rows fared so far; `after` is the line behind which this run began."""

    opened: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    share: float = 0.0
    after: int = 0
    finished_before: datetime | None = None  # all of it had gone in by then: nothing was done

    @property
    def rows(self) -> int:
        """Rows done with."""
        return self.opened + self.changed + self.unchanged + self.rejected


async def import_stock(
    pool: Pool, table: Table, options: StockOptions, cause: Metadata, observer: Observer | None = None
) -> StockProgress:
    """Bring every row of a table in, once: the same file, mode and reason goes on where it stopped, or does nothing.

    A dry run tells what would become of each row, and writes nothing. Raises `UnreadableFile` (what stood before has
    gone in), `ImportUnderWay`.
    """
    reader = StockReader(table.columns, options.mode, options.warehouse, options.names)
    if missing := reader.missing():
        raise UnreadableFile(f"no column is the {' or the '.join(missing)} ({', '.join(table.columns)})")
    return await _Run(pool, table, reader, options, cause, observer or Observer()).work()


class _Raced(Exception):
    """Somebody opened the same stock item meanwhile."""


class _Run:
    def __init__(
        self, pool: Pool, table: Table, reader: StockReader, options: StockOptions, cause: Metadata,
        observer: Observer,
    ) -> None:  # fmt: skip
        self._pool, self._table, self._options, self._cause, self._observer = pool, table, options, cause, observer
        self._pace = Pace()
        self._batches = Batches(iter(table), reader, self._pace)
        self._line = 0
        self._progress = StockProgress()

    async def work(self) -> StockProgress:
        await self._begin()
        while self._progress.finished_before is None and (batch := await self._batches.next()):
            numbers = [row.number for row in batch.rows] + [rejection.line for rejection in batch.rejected]
            # What a killed run brought in is read again (nothing may stand twice in a file) and left alone.
            rows = [row for row in batch.rows if row.number > self._line]
            rejected = [rejection for rejection in batch.rejected if rejection.line > self._line]
            if rows or rejected:
                await self._finish(rows, rejected, max(numbers))
        if self._batches.unreadable:
            raise self._batches.unreadable
        if not self._options.dry_run and self._progress.finished_before is None:
            async with self._pool.acquire() as conn:
                await store.finish(conn, self._options.import_id)
        return self._progress

    async def _begin(self) -> None:
        begin = store.find if self._options.dry_run else store.begin
        async with self._pool.acquire() as conn:
            standing = await begin(conn, self._options.import_id)
        self._line, self._progress.finished_before = standing.line, standing.finished_at
        self._progress.after = standing.line
        if standing.line:
            self._observer.resumed(f"line {standing.line}")

    async def _finish(self, rows: Sequence[StockRow], rejected: list[Rejection], line: int) -> None:
        made = await self._made(rows, rejected, line)
        self._line = line
        self._progress.opened += len(made.opened)
        self._progress.changed += len({item.id for item, _ in made.changed})
        self._progress.unchanged += made.unchanged
        self._progress.rejected += len(rejected) + len(made.refused)
        self._progress.share = self._table.read_share
        self._observer.progressed(self._progress)

    async def _made(self, rows: Sequence[StockRow], rejected: list[Rejection], line: int) -> StockPlan:
        products, warehouses = await self._known(rows)
        if self._options.dry_run:
            async with self._pool.acquire() as conn:
                made = await self._plan(conn, rows, products, warehouses)
            self._tell(rejected, made)
            return made
        for _ in range(TRIES):
            try:
                return await self._save(rows, rejected, line, products, warehouses)
            except (_Raced, *RACES):
                continue
        raise ImportUnderWay("others change the same stock all the time; try again")

    async def _known(self, rows: Sequence[StockRow]) -> tuple[dict[str, UUID], set[str]]:
        async with self._pool.acquire() as conn:
            variants = await catalog.find_variants(conn, [row.sku for row in rows])
            warehouses = {warehouse.code for warehouse in await inventory.all_warehouses(conn)}
        return {sku: variant.product_id for sku, variant in variants.items()}, warehouses

    async def _plan(
        self, conn: Connection, rows: Sequence[StockRow], products: dict[str, UUID], warehouses: set[str]
    ) -> StockPlan:
        places = [(row.sku, row.warehouse) for row in rows]
        items = await inventory.find_places(conn, places, lock=not self._options.dry_run)
        terms = StockTerms(self._options.mode, self._options.reason)
        return plan_stock(rows, Kept(items, products, warehouses), terms)

    async def _save(
        self, rows: Sequence[StockRow], rejected: list[Rejection], line: int, products: dict[str, UUID],
        warehouses: set[str],
    ) -> StockPlan:  # fmt: skip
        async with self._pool.acquire() as conn, conn.transaction():
            if not await store.advance(conn, self._options.import_id, self._line, line):
                raise ImportUnderWay("another process imports the same file with the same reason")
            made = await self._plan(conn, rows, products, warehouses)
            new = await inventory.insert_items(conn, made.opened)
            if len(new) < len(made.opened):
                raise _Raced
            self._tell(rejected, made)
            began = time.monotonic()
            await inventory.save_counts(conn, made.changed, self._cause, new)
        self._pace.held(time.monotonic() - began, len(new) + len(made.changed))
        return made

    def _tell(self, rejected: list[Rejection], made: StockPlan) -> None:
        """Before the commit: a run that is killed rather tells a rejected row twice than never."""
        refused = [Rejection(row.number, code, reason, row.cells) for row, code, reason in made.refused]
        for rejection in sorted([*rejected, *refused], key=lambda each: each.line):
            self._observer.rejected(rejection)
