"""Runs an import: reads and plans one batch while the one before is being saved. Memory grows by a number per SKU only.

A batch is one transaction and its events are appended last, in one call; it is as large as keeps it, from the first
position to COMMIT, below the 50 ms for which a bulk command may hold up the feed.
"""

import asyncio
import time
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import catalog, event_log, inventory, pricing, product_types
from write_side.catalog import Product
from write_side.database import Connection, Pool
from write_side.imports.asked import Options, Progress, Source
from write_side.imports.batches import Batch, Batches, Fared, Rejection
from write_side.imports.gathering import Gathered, gathered
from write_side.imports.journal import Journal, opened
from write_side.imports.looking_ahead import Ahead, names_of
from write_side.imports.observing import Observer
from write_side.imports.pace import Pace
from write_side.imports.patience import GONE, patiently
from write_side.imports.plan import Known, Plan, Terms, asked_for, paths_needed, plan, related_names, slugs_wished
from write_side.imports.reading import Table, UnreadableFile
from write_side.imports.rows import Row, RowReader
from write_side.imports.runs import taken_back
from write_side.imports.runs.domain import Run
from write_side.imports.seen import Called, Names, Seen
from write_side.imports.settling import settled

AT_ONCE = 2  # batches in flight: one is planned while another is saved
TRIES = 3
RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
BAD_DATA = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)


async def import_catalog(
    pool: Pool, table: Table, source: Source | Run, options: Options, cause: Metadata, observer: Observer | None = None
) -> Progress:
    """Import every row of a table; a second time changes nothing, and one that was killed goes on where it stopped.

    Its events go by the id of its run, by which it is undone; where one was begun with the file, it is the `source`.
    The pool has at least three connections. Raises `UnreadableFile` (what stood before has gone in),
    `UnknownCurrency`, `UnknownWarehouse`, `ImportUndone`.
    """
    reader = RowReader(table.columns, options.mapping, options.currency)
    for currency in {options.currency, *reader.currencies()}:
        pricing.check_currency(currency)
    if missing := reader.missing():
        raise UnreadableFile(f"no column is the {' or the '.join(missing)} ({', '.join(table.columns)})")
    journal = await opened(pool, source, options, cause, table.columns)
    terms = Terms(await patiently(lambda: _warehouse(pool, options, journal.cause)), options.stock)
    observer = observer or Observer()
    _tell(journal, observer)
    with Ahead() if reader.relates() else nullcontext() as ahead:
        lines = gathered(table, options.mapping)
        if ahead is not None:
            await ahead.look(lines.lines, reader, journal.now_and_then)
            lines = Gathered(ahead.lines(), lambda: ahead.share)
        run = _Import(pool, lines, reader, terms, journal, observer, ahead)
        await run.work_together()
        await run.settle()
    if run.unreadable:
        await journal.end("stopped")
        raise run.unreadable
    await journal.end("finished")
    return run.progress


def _tell(journal: Journal, observer: Observer) -> None:
    if journal.run is not None:
        observer.began(journal.run.id)
    if journal.skip:
        observer.resumed(f"row {journal.skip}")


async def _warehouse(pool: Pool, options: Options, cause: Metadata) -> str | None:
    """Where stock is opened, None if none is."""
    if options.stock is None and options.mapping.column_of("stock") is None:
        return None
    if options.dry_run and options.warehouse is None:
        return inventory.MAIN  # or it would be made
    try:
        async with pool.acquire() as conn, conn.transaction():
            return await inventory.ensure_warehouse(conn, options.warehouse, cause)
    except RACES:  # another import made it
        async with pool.acquire() as conn, conn.transaction():
            return await inventory.ensure_warehouse(conn, options.warehouse, cause)


class _Import:
    def __init__(
        self, pool: Pool, source: Gathered, reader: RowReader, terms: Terms, journal: Journal, observer: Observer,
        ahead: Ahead | None,
    ) -> None:  # fmt: skip
        self._pool, self._source, self._terms, self._journal, self._observer = pool, source, terms, journal, observer
        self._cause, self._dry_run = journal.cause, journal.dry_run
        self._pace = Pace()
        self._batches = Batches(source.lines, reader, self._pace, journal.skip)
        self._in_order = asyncio.Lock()  # batches are planned in the order of the file, so slugs come out the same
        self._claims: list[set[str]] = []  # slugs of batches that are planned and not yet committed
        self._dry = Names()  # slugs that a dry run would have given away
        self._categories: dict[str, UUID] = {}
        self._ahead, self._reader = ahead, reader
        self._names = Called() if ahead is None else ahead.names  # of all rows, also of those that do not go in
        self._late = Seen()  # the numbers of lines that name what came behind them
        self._would_be_there = Called()  # of a dry run
        self._settling = False
        self.progress = Progress(run_id=journal.run.id if journal.run else None)

    @property
    def unreadable(self) -> UnreadableFile | None:
        """Why the file ended before its end. Told when all that stood before has gone in, and not by whoever met it."""
        return self._batches.unreadable

    async def work_together(self) -> None:
        """All batches, some at once; raises what the first one raised."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._work())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _work(self) -> None:
        while True:
            async with self._in_order:
                batch = await self._batches.next()
                if batch is None:
                    break
                upto = self._batches.taken
                self._journal.took(upto)
                made = await self._planned(batch.rows)
            await self._journal.done(upto, await self._finished(batch, made))

    async def settle(self) -> None:
        """Once all rows are in: what some say of related products that came behind them. Those that did not go in are
        told. Behind a kill nobody knows any more which rows these are, and all are looked at."""
        if self._ahead is None or not (self._late or self._journal.skip):
            return
        self._settling = True
        await self._journal.tell()
        batches = Batches(self._ahead.lines(), self._reader, self._pace, self._journal.settled)
        while (batch := await batches.next()) is not None:
            rows, rejected = await self._that_may_lack(batch.rows), list[Rejection]()
            if rows:
                rejected = (await self._save_or_split(rows, await self._planned(rows))).rejected
            self.progress.partly += len(rejected)
            self._show_progress()
            await self._journal.settles(batches.taken, Fared(Counter(partly=len(rejected)), rejected))

    async def _that_may_lack(self, rows: list[Row]) -> list[Row]:
        """Rows that went in before somebody whom they name; behind a kill all that name anybody and went in."""
        if not self._journal.skip:
            return [row for row in rows if row.line.number in self._late]
        naming = [row for row in rows if row.related and row.related.names]
        rejected = await self._journal.told_of([row.line.number for row in naming])
        return [row for row in naming if row.line.number not in rejected]

    async def _planned(self, rows: list[Row]) -> Plan:
        return await patiently(lambda: self._plan(rows))

    async def _plan(self, rows: list[Row]) -> Plan:
        """What the rows do; its slugs are claimed until it is saved or given up."""
        made = await self._settled(rows) if self._settling else await self._whole(rows)
        self._claims.append(made.slugs)
        return made

    async def _settled(self, rows: list[Row]) -> Plan:
        skus, come = self._names.skus, self._would_be_there
        async with self._pool.acquire() as conn:
            products = await catalog.find_known(conn, *asked_for(rows))
            named = await catalog.named(conn, related_names(rows), skus)
        known = Known(products, {}, (), {}, datetime.now(UTC), named=named, to_come=come, skus_to_come=skus)
        return settled(rows, known)

    async def _whole(self, rows: list[Row]) -> Plan:
        wished = slugs_wished(rows)
        claimed = {slug for slug in wished if self._is_claimed(slug)}  # first: a claim may become a row in between
        refs, skus = asked_for(rows)
        async with self._pool.acquire() as conn:
            products = await catalog.find_known(conn, refs, skus)
            await self._find_categories(conn, rows, products)
            named = {row.product_type or "" for row in rows} | {product.facts.product_type for product in products}
            known = Known(
                products,
                await pricing.find_priced(conn, skus),
                claimed | set(await catalog.slugs_in_use(conn, wished)),
                self._categories,
                datetime.now(UTC),
                await product_types.by_name(conn, {name.strip() for name in named} - {""}),
                await taken_back.find(conn, products),
                await catalog.named(conn, related_names(rows), self._names.skus),
                self._names,
                self._names.skus,
            )
        return plan(rows, known, self._terms, uuid7)

    def _is_claimed(self, slug: str) -> bool:
        return slug in self._dry or any(slug in planned for planned in self._claims)

    async def _find_categories(self, conn: Connection, rows: list[Row], products: list[Product]) -> None:
        if not self._categories:
            self._categories = {category.slug: category.id for category in await catalog.all_categories(conn)}
        named = [row for row in rows if row.category_slug not in self._categories]
        paths = [path for path in paths_needed(named, products) if path]
        if all(catalog.path_slug(path) in self._categories for path in paths):
            return
        if self._dry_run:  # what is there stays what it is, or all that lies there would seem to move
            self._categories = {catalog.path_slug(path): uuid7() for path in paths} | self._categories
            return
        async with conn.transaction():
            self._categories = await catalog.category_ids(conn, paths, self._cause)

    async def _finished(self, batch: Batch[Row], made: Plan) -> Fared:
        fared = self._rejected(batch.rejected) + await self._save_or_split(batch.rows, made)
        for name, rows in fared.counts.items():
            setattr(self.progress, name, getattr(self.progress, name) + rows)
        self._show_progress()
        return fared

    def _show_progress(self) -> None:
        self.progress.share = self._source.share()
        self._observer.progressed(self.progress)

    async def _save_or_split(self, rows: list[Row], made: Plan) -> Fared:
        """Save a plan, anew if others or a cut came in its way; rows that Postgres won't have are found by halving.
        Answers how they fared."""
        if self._dry_run:  # its slugs stay claimed, as those of rows would
            for slug in made.slugs:
                self._dry.add(slug)
            self._claims.remove(made.slugs)
            self._note_would_be_there(rows, made)
            return self._became(made)
        why: Exception | None = None
        for _ in range(TRIES):
            try:
                await self._save(made)
            except (*RACES, *GONE) as error:  # where it went in and nobody heard of it, the plan finds it there
                why = None if isinstance(error, RACES) else error
                self._claims.remove(made.slugs)
                made = await self._planned(rows)
            except BAD_DATA as error:
                self._claims.remove(made.slugs)
                return await self._split(rows, error)
            else:
                self._claims.remove(made.slugs)
                return self._became(made)
        self._claims.remove(made.slugs)
        return await self._split(rows, why)

    def _note_would_be_there(self, rows: list[Row], made: Plan) -> None:
        refused = {each.row.line.number for each in made.refused}
        for row in rows if self._ahead else ():
            if row.line.number not in refused:
                self._would_be_there.add(*names_of(row))

    async def _split(self, rows: list[Row], error: Exception | None) -> Fared:
        if len(rows) == 1:
            reason = "others changed the same product at the same time" if error is None else str(error)
            return self._rejected([_rejection(rows[0], "not_saved", reason)])
        middle = len(rows) // 2
        first, second = rows[:middle], rows[middle:]
        fared = await self._save_or_split(first, await self._planned(first))
        return fared + await self._save_or_split(second, await self._planned(second))

    async def _save(self, made: Plan) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            events = await catalog.save_products(conn, made.changes)
            events += await pricing.save_prices(conn, made.prices)
            events += await inventory.insert_items(conn, made.stock)
            if events:  # not before: what another process brought in meanwhile is found, and no more is to be written
                await self._journal.check(conn)
            began = time.monotonic()
            await event_log.append(conn, events, self._cause)
        self._pace.held(time.monotonic() - began, len(events))

    def _became(self, made: Plan) -> Fared:
        for row in made.late:
            self._late.add(row.line.number)
        counts = Counter(created=made.created, revised=made.revised, moved=made.moved, unchanged=made.unchanged)
        return Fared(counts) + self._rejected([_rejection(row, code, reason) for row, code, reason in made.refused])

    def _rejected(self, rejections: list[Rejection]) -> Fared:
        for rejection in rejections:
            self._observer.rejected(rejection)
        return Fared(Counter(rejected=len(rejections)), rejections)


def _rejection(row: Row, code: str, reason: str) -> Rejection:
    return Rejection(row.line.number, code, reason, row.line.cells, row.line.also)
