"""What is asked of runs: which there were, what became of their products, and to undo one."""

from hashlib import sha256
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, to_builtins

from shared.envelope import as_json
from shared.ids import uuid7
from write_side import catalog, commands, event_log
from write_side.commands import Answer, Call
from write_side.database import FIRST, Connection, Pool, first_of
from write_side.event_log import Positions
from write_side.imports.runs import editing, store
from write_side.imports.runs.domain import Json, Kind, OnlyAPreview, Outcome, Run, UnknownImport
from write_side.imports.runs.editing import Edit, Selection
from write_side.imports.runs.operations import Operation


class RunList(Struct, frozen=True):
    """Runs, the newest first; `next`: where the next page begins, null on the last one."""

    imports: list[Run]
    next: UUID | None


class OutcomeList(Struct, frozen=True):
    """What became of products, in the order in which the run came to them; `next`: where the next page begins."""

    outcomes: Annotated[list[Outcome], Meta(description="all with something left alone, the first of the others")]
    next: int | None


class UndoOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"dry_run": true}`: a preview, which changes nothing and tells what would become of each product."""

    dry_run: bool = False


async def begin_file(pool: Pool, file: str, content: bytes, terms: Json, actor: str) -> Run:
    """The run of a file: the one that was begun with it and these terms and not ended, or a new one.

    `content` is the file's hash.
    """
    same = sha256(content + as_json(terms)).digest()
    async with pool.acquire() as conn, conn.transaction():
        return await store.open_file(conn, uuid7(), actor, file, same, terms)


async def list_runs(pool: Pool, kind: Kind | None, before: UUID | None, limit: int) -> RunList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, kind, before, limit + 1)
    shown, last = first_of(found, limit)
    return RunList(shown, last.id if last else None)


async def show_run(pool: Pool, run_id: UUID) -> Run:
    """One of them; refuses `unknown_import`."""
    async with pool.acquire() as conn:
        return _known(run_id, await store.find(conn, run_id))


async def list_outcomes(pool: Pool, run_id: UUID, after: int, limit: int) -> OutcomeList:
    """A page of what became of its products; refuses `unknown_import`."""
    async with pool.acquire() as conn:
        _known(run_id, await store.find(conn, run_id))
        found = await store.outcomes_after(conn, run_id, after, limit + 1)
    shown, last = first_of(found, limit)
    return OutcomeList([outcome for _, outcome in shown], last[0] if last else None)


class BulkEdit(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"selection": {"brand": "Lumeno"}, "operation": {"kind": "price_percent", "currency": "EUR", "basis_points":
    -1500, "rounding": {"to": 100, "less": 1}}, "dry_run": true}`: a preview, which changes nothing."""

    selection: Selection
    operation: Operation
    dry_run: bool = False


async def edit(pool: Pool, given: BulkEdit, actor: str, call: Call | None) -> Answer[Run]:
    """Have products edited, or previewed. Refuses `selection_needed` and what `operations.check_operation` refuses."""

    async def decide(conn: Connection) -> tuple[Run, Positions]:
        wanted = Edit(given.selection, given.operation)
        related = getattr(given.operation, "product_ids", [])
        editing.check(wanted, await catalog.all_categories(conn), await catalog.known_ids(conn, related))
        terms = to_builtins(wanted)
        return await store.insert(conn, uuid7(), "edit", actor, terms, str(FIRST), dry_run=given.dry_run), {}

    return await commands.run(pool, decide, call)


async def undo(pool: Pool, run_id: UUID, given: UndoOrder, actor: str, call: Call | None) -> Answer[Run]:
    """Have a run undone, or previewed; one that is still at work is stopped first. Asked twice, it is one undoing.

    Refuses `unknown_import`, `only_a_preview`.
    """

    async def decide(conn: Connection) -> tuple[Run, Positions]:
        run = _known(run_id, await store.hold(conn, run_id))
        if run.dry_run:
            raise OnlyAPreview(f"{run_id} was a preview: there is nothing to undo")
        under_way = await store.undoing_of(conn, run_id, dry_run=given.dry_run)
        if under_way is not None:
            return under_way, {}
        if run.state == "running" and not given.dry_run:
            await store.end(conn, run_id, "stopped")
        until = run.ends_at or await event_log.highest_drawn(conn)
        terms, place = {"until": until}, str(run.begins_above)
        return await store.insert(conn, uuid7(), "undo", actor, terms, place, undoes=run_id, dry_run=given.dry_run), {}

    return await commands.run(pool, decide, call)


def _known(run_id: UUID, run: Run | None) -> Run:
    if run is None:
        raise UnknownImport(f"there is no import {run_id}")
    return run
