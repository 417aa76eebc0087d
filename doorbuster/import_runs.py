"""Imports and edits in bulk as staff see them on the command line: which there were, and what becomes of one.

Whoever asks carries the work on too, so it goes on whether a worker runs or not: who holds a run's row works.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec

from doorbuster import environment
from write_side.commands import Answer
from write_side.database import Pool, open_pool
from write_side.imports.pace import Pace
from write_side.imports.runs import handlers
from write_side.imports.runs.carrying import carry_on
from write_side.imports.runs.domain import Outcome, Run
from write_side.imports.runs.editing import Selection
from write_side.imports.runs.handlers import BulkEdit, UndoOrder
from write_side.imports.runs.operations import Operation

LISTED = 50
PAGE = 100
PAUSE = 0.2  # seconds, while a worker holds the run

_run = msgspec.json.Decoder(Run)


@asynccontextmanager
async def _pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url, 2, "imports") as pool:
        yield pool


async def listed(database_url: str) -> AsyncIterator[str]:
    """A line for each of the last runs, the newest first."""
    async with _pool(database_url) as pool:
        found = await handlers.list_runs(pool, None, None, LISTED)
    for run in found.imports:
        yield _line(run)


async def shown(database_url: str, run_id: UUID) -> AsyncIterator[str]:
    """A run, and what became of its products. Raises `UnknownImport`."""
    async with _pool(database_url) as pool:
        yield _line(await handlers.show_run(pool, run_id))
        async for line in _outcomes(pool, run_id):
            yield line


async def undone(database_url: str, run_id: UUID, *, dry_run: bool) -> AsyncIterator[str]:
    """Undo a run to its end. Raises `UnknownImport`, `OnlyAPreview`."""
    async with _pool(database_url) as pool:
        answer = await handlers.undo(pool, run_id, UndoOrder(dry_run), environment.actor(), None)
        async for line in _carried(pool, answer):
            yield line


async def edited(database_url: str, selection: Selection, operation: Operation, *, dry_run: bool) -> AsyncIterator[str]:
    """Edit products to the end. Raises `SelectionNeeded`, `UnknownCurrency`, `NoSuchCategory`."""
    async with _pool(database_url) as pool:
        answer = await handlers.edit(pool, BulkEdit(selection, operation, dry_run), environment.actor(), None)
        async for line in _carried(pool, answer):
            yield line


async def _carried(pool: Pool, answer: Answer[Run]) -> AsyncIterator[str]:
    run, pace = _run.decode(answer.body), Pace()
    while (now := await handlers.show_run(pool, run.id)).state == "running":
        if not await carry_on(pool, pace, run.id):
            await asyncio.sleep(PAUSE)
    async for line in _outcomes(pool, run.id):
        yield line
    yield _line(now)


async def _outcomes(pool: Pool, run_id: UUID) -> AsyncIterator[str]:
    after: int | None = 0
    while after is not None:
        page = await handlers.list_outcomes(pool, run_id, after, PAGE)
        for outcome in page.outcomes:
            for line in _told(outcome):
                yield line
        after = page.next


def _told(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.became:9}  {outcome.name}"
    for change in outcome.changes:
        yield f"    {change.place}: {_short(change.before)} → {_short(change.after)}"
    for left in outcome.left:
        since = f" by {left.by}, {left.at:%Y-%m-%d %H:%M:%S} UTC" if left.at else ""
        yield f"    {left.place} stays: {left.reason}{since} {left.detail}".rstrip()


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"


def _line(run: Run) -> str:
    what = run.file or (f"of {run.undoes}" if run.undoes else _short(run.terms))
    kind = f"{run.kind} (preview)" if run.dry_run else run.kind
    began = f"{run.began_at:%Y-%m-%d %H:%M} UTC"
    return "  ".join([str(run.id), kind, run.state, began, run.actor, what, _counts(run.counts), run.why]).rstrip()


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number)
