"""Carries edits and undoings on: the next few products of a run in one transaction, with how far it got.

So a run that was killed goes on where it stopped, and nothing is done twice. Products are read and decided on before
the first event is appended; events come last, few enough not to hold up the feed.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from write_side import catalog, commands, event_log, pricing, product_types
from write_side.catalog import Selected
from write_side.commands import TryAgain
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent
from write_side.imports.pace import EVENTS_OF_A_ROW, Pace
from write_side.imports.runs import domain, editing, store
from write_side.imports.runs.domain import Decided, Run
from write_side.imports.runs.editing import Edit, Shelf
from write_side.imports.runs.stories import stories, taken_by, touched
from write_side.imports.runs.undoing import undone

SCAN = 20_000  # positions of the log looked at in one go
MOST = 100  # products
TRIES = 5
RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)


class Batch(NamedTuple):
    """What becomes of the next products, and how far the run is then; None: it is at its end."""

    decided: Sequence[Decided]
    place: str | None


async def carry_on(pool: Pool, pace: Pace, run_id: UUID | None = None) -> int:
    """The next products of a run (of this one, or of the one that waits longest); answers how many, 0 if none is due.

    Several may call it at once: who holds a run's row works, and others go by. Raises `TryAgain`.
    """
    last: Exception | None = None
    for _ in range(TRIES):
        run: Run | None = None
        try:
            async with commands.transaction(pool) as conn:
                run = await store.due(conn, run_id)
                return 0 if run is None else await _carry_on(conn, run, pace)
        except RACES as error:  # somebody revised one of them since it was read
            last = error
        except Exception:
            await _put_off(pool, run)
            raise
    raise TryAgain("others change the same products all the time", retry_after=1) from last


async def _put_off(pool: Pool, run: Run | None) -> None:
    """Others are to get their turn before it is tried again."""
    if run is not None:
        async with pool.acquire() as conn:
            await store.put_off(conn, run.id)


async def _carry_on(conn: Connection, run: Run, pace: Pace) -> int:
    batch = await (_next_undone if run.kind == "undo" else _next_edited)(conn, run, pace)
    if batch.place is None:
        await store.end(conn, run.id, "finished")
        return 1
    events = [] if run.dry_run else await _save(conn, batch.decided)
    await _tell(conn, run, batch)
    began = time.monotonic()
    await event_log.append(conn, events, run.cause)
    pace.held(time.monotonic() - began, len(events))
    return len(batch.decided) or 1


async def _save(conn: Connection, decided: Sequence[Decided]) -> list[NewEvent]:
    events = await catalog.save_products(conn, [one.change for one in decided if one.change is not None])
    return events + await pricing.save_prices(conn, [each for one in decided for each in one.prices])


async def _tell(conn: Connection, run: Run, batch: Batch) -> None:
    so_far = Counter(run.counts)
    kept = []
    for one in batch.decided:
        if domain.kept(one.outcome, so_far[one.outcome.became]):
            kept.append(one.outcome)
        so_far[one.outcome.became] += 1
    await store.keep_outcomes(conn, run.id, kept)
    await store.advance(conn, run.id, domain.counted(run.counts, batch.decided), 0, batch.place or "")


async def _next_undone(conn: Connection, run: Run, pace: Pace) -> Batch:
    """The next products that the undone run came to, in the order in which it did."""
    after, until = int(run.place), int(run.terms["until"])
    if after >= until or run.undoes is None:
        return Batch([], None)
    of = await store.find(conn, run.undoes)
    assert of is not None, "the foreign key holds it"
    upto = await event_log.look_until(conn, after, until, SCAN)
    ids, place = await touched(conn, of, after, upto, min(pace.rows, MOST))
    # One that it came to before, and again here, was undone as a whole then.
    told = [one for one in await stories(conn, of, ids) if one.begins > after] if ids else []
    taken, now = await taken_by(conn, [one.story for one in told]), datetime.now(UTC)
    decided = []
    for one in told:
        decided.append(undone(one.story, taken, now))
        if (change := decided[-1].change) is not None:  # two of them may have had the same slug, one after the other
            taken["/slug"][change.product.facts.slug] = change.product.id
            taken["/external_ref"][change.product.facts.external_ref or ""] = change.product.id
    few = domain.cut(decided, pace.rows * EVENTS_OF_A_ROW)
    if len(few) < len(decided):
        place = told[len(few)].begins - 1
    return Batch(few, str(place))


async def _next_edited(conn: Connection, run: Run, pace: Pace) -> Batch:
    """The next products that are meant, of those that were there when the edit was asked for, by their ids."""
    after = UUID(run.place)
    if after >= run.id:
        return Batch([], None)
    edit = msgspec.convert(run.terms, Edit)
    tree = await catalog.all_categories(conn)
    category_id = edit.selection.category_id
    ids = None if category_id is None else list(editing.below(category_id, tree))
    wanted = Selected(ids, edit.selection.brand, edit.selection.status, edit.selection.skus)
    products, place = await catalog.select_products(conn, wanted, after, run.id, min(pace.rows, MOST))
    priced = await pricing.find_priced(conn, [v.sku for product in products for v in product.facts.variants])
    named = {product.id: editing.type_after(product, edit.operation) for product in products}
    types = await product_types.by_name(conn, {*named.values()})
    now = datetime.now(UTC)
    shelves = [Shelf(product, priced, types.get(named[product.id])) for product in products]
    found = [editing.edited(shelf, edit, now) for shelf in shelves]
    decided = [one for one in found if one is not None]
    few = domain.cut(decided, pace.rows * EVENTS_OF_A_ROW)
    if len(few) < len(decided):
        place = few[-1].outcome.product_id
    return Batch(few, str(place))
