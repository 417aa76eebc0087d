"""Imports and edits in bulk over HTTP (scope catalog:write): which there were, and to undo them."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import Link, leads_to, refuses
from write_side.catalog import BrokenText, NoSuchCategory, NoSuchProduct, NoWholeMinute, RelatedTwice
from write_side.http import Answered, OptionalKey, Shown, actor_of, answered, repeatable, requires, shown
from write_side.imports.runs import handlers
from write_side.imports.runs.domain import Kind, OnlyAPreview, Run, UnknownImport
from write_side.imports.runs.editing import SelectionNeeded
from write_side.imports.runs.handlers import BulkEdit, OutcomeList, RunList, UndoOrder
from write_side.moments import TimeOutOfRange
from write_side.pricing import UnknownCurrency
from write_side.resources import Own

STAFF = [requires("catalog:write")]
Call = Request[Any, Any, Any]
Before = Annotated[UUID | None, QueryParameter(description="`next` of the page before.")]
Number = Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="So many per page.")]
OfKind = Annotated[Kind | None, QueryParameter(description="Only these: imports of a catalog, edits, or undoings.")]

TO_ONE = (
    Link("get_import", {"import_id": "/id"}),
    Link("get_import_outcomes", {"import_id": "/id"}),
    Link("post_import_undo", {"import_id": "/id"}),
)


@get("/v1/imports", guards=STAFF)
async def get_imports(own: Own, kind: OfKind = None, before: Before = None, limit: Limit = 20) -> Shown[RunList]:
    """Imports of a catalog, edits in bulk, and the undoings of either, the newest first."""
    return shown(await handlers.list_runs(own.pool, kind, before, limit))


@get("/v1/imports/{import_id:uuid}", guards=STAFF)
@refuses(UnknownImport)
@leads_to(*TO_ONE[1:])
async def get_import(import_id: FromPath[UUID], own: Own) -> Shown[Run]:
    """One of them: what was asked, by whom, and how far it got."""
    return shown(await handlers.show_run(own.pool, import_id))


@get("/v1/imports/{import_id:uuid}/outcomes", guards=STAFF)
@refuses(UnknownImport)
async def get_import_outcomes(
    import_id: FromPath[UUID], own: Own, after: Number = 0, limit: Limit = 20
) -> Shown[OutcomeList]:
    """What became of the products of an edit or undoing, or would: all with something left alone and why, and the
    first hundred of those that became the same."""
    return shown(await handlers.list_outcomes(own.pool, import_id, after, limit))


@post("/v1/imports/{import_id:uuid}/undo", status_code=202, guards=STAFF)
@refuses(UnknownImport, OnlyAPreview)
@leads_to(*TO_ONE)
async def post_import_undo(
    request: Call, import_id: FromPath[UUID], data: JSONBody[UndoOrder], own: Own, key: OptionalKey = None
) -> Answered[Run]:
    """Undo an import, an edit or an undoing: what it changed is as before, unless somebody changed it since. The
    worker does it; with `dry_run` it only tells what would become of each product. The answer is the run to look at."""
    call = repeatable(request, key, data)
    return answered(request, await handlers.undo(own.pool, import_id, data, actor_of(request), call), 202)


@post("/v1/bulk-edits", status_code=202, guards=STAFF)
@refuses(
    SelectionNeeded, UnknownCurrency, NoSuchCategory, BrokenText, NoSuchProduct, RelatedTwice, NoWholeMinute,
    TimeOutOfRange,
)  # fmt: skip
@leads_to(*TO_ONE)
async def post_bulk_edit(request: Call, data: JSONBody[BulkEdit], own: Own, key: OptionalKey = None) -> Answered[Run]:
    """Change the prices, an attribute, the category, status, brand, product type, tax class, times or related products
    of many products. The worker does it; with `dry_run` it only tells what would become of each. The answer is the run
    to look at, and to undo."""
    call = repeatable(request, key, data)
    return answered(request, await handlers.edit(own.pool, data, actor_of(request), call), 202)


routes = [get_imports, get_import, get_import_outcomes, post_import_undo, post_bulk_edit]
