"""Files of products over HTTP (scope catalog:write): sent to be imported, what was rejected of them, the catalog."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter

from shared.http.described import leads_to, refuses, takes
from shared.http.files import Csv
from write_side.database import Pool
from write_side.http import (
    Answered,
    OptionalKey,
    actor_of,
    answered,
    cause,
    check_scope,
    has_scope,
    repeatable,
    requires,
)
from write_side.imports import catalog_export
from write_side.imports.formats import Format
from write_side.imports.rejects import csv_of
from write_side.imports.runs import handlers as runs
from write_side.imports.runs import store as kept
from write_side.imports.runs.domain import Run, UnknownImport
from write_side.imports.runs.routes import TO_ONE
from write_side.imports.uploads import handlers
from write_side.imports.uploads.domain import Asked, EmptyFile, MappingRefused, Wanted
from write_side.inventory import UnknownWarehouse
from write_side.pricing import UnknownCurrency
from write_side.resources import Own

STAFF = [requires("catalog:write")]
OPENS_STOCK = "stock:write"
Call = Request[Any, Any, Any]
PAGE = 500
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by which spreadsheets take a file for UTF-8

File = Annotated[str, QueryParameter(min_length=1, max_length=200, description="Its name; `.tsv` tells of tabs.")]
OfFormat = Annotated[Format, QueryParameter(description="Whose columns it has.")]
Mapping = Annotated[
    str | None,
    QueryParameter(max_length=20_000, description="Instead of a format: which column is which field, as JSON."),
]
Currency = Annotated[str, QueryParameter(pattern="^[A-Z]{3}$", description="Of prices whose column names none.")]
Stock = Annotated[int | None, QueryParameter(ge=0, le=10**9, description="So many of each new SKU are opened.")]
Warehouse = Annotated[str | None, QueryParameter(min_length=1, max_length=50, description="Where; `MAIN`, if none is.")]
ImageBase = Annotated[str, QueryParameter(max_length=500, description="Before images that are only paths.")]
DryRun = Annotated[bool, QueryParameter(description="Only tell what would become of the rows.")]


@post("/v1/imports", status_code=202, guards=STAFF, request_max_body_size=None)
@takes("text/csv", "application/octet-stream")
@refuses(UnknownCurrency, UnknownWarehouse, MappingRefused, EmptyFile)
@leads_to(*TO_ONE)
async def post_import(
    request: Call, own: Own, file: File = "products.csv", format: OfFormat = "default", mapping: Mapping = None,
    currency: Currency = "EUR", stock: Stock = None, warehouse: Warehouse = None, image_base: ImageBase = "",
    dry_run: DryRun = False, key: OptionalKey = None,
) -> Answered[Run]:  # fmt: skip
    """Import a file of products, CSV or TSV, plain or gzip: it is the body. The worker does it; the answer is the run
    to look at, and to undo. The same file, sent again while it is at work, is the same run. `stock` needs
    `stock:write`, too; without that scope columns of stock mean nothing."""
    if stock is not None:
        check_scope(request, OPENS_STOCK)
    opens = has_scope(request, OPENS_STOCK)
    wanted = Wanted(file, format, mapping, currency, stock, warehouse, image_base, dry_run, opens)
    await handlers.check(own.pool, wanted)
    arrived = await handlers.receive(own.pool, request.stream(), own.settings.import_largest_mb * 1_000_000)
    call = repeatable(request, key, Asked(wanted, arrived.content.hex()))
    return answered(request, await handlers.begin(own.pool, arrived, wanted, actor_of(request), call), 202)


@get("/v1/imports/{import_id:uuid}/rejects", guards=STAFF)
@refuses(UnknownImport)
async def get_import_rejects(import_id: FromPath[UUID], own: Own) -> Csv[str]:
    """The rows of a file that did not go in, or would not, as CSV: line, code and reason before the columns as they
    were read. Kept for 30 days."""
    await runs.show_run(own.pool, import_id)
    return Csv(_rejects(own.pool, import_id), "rejected.csv")


async def _rejects(pool: Pool, run_id: UUID) -> AsyncIterator[bytes]:
    after = -1
    while True:
        async with pool.acquire() as conn:
            page = await kept.rejects_after(conn, run_id, after, PAGE)
        if not page:
            return
        yield b"".join(one.text for one in page)
        after = page[-1].number


@get("/v1/exports/catalog", guards=STAFF)
async def get_catalog_export(request: Call, own: Own) -> Csv[str]:
    """Every product as CSV, a line per variant, which an import of the format `doorbuster` takes back. It is read page
    by page: what changes meanwhile is as it was when its page was read. That it was asked for stands in the audit."""
    await catalog_export.note_export(own.pool, cause(request))
    return Csv(_catalog(own.pool), "catalog.csv")


async def _catalog(pool: Pool) -> AsyncIterator[bytes]:
    spoken = await catalog_export.spoken_of(pool)
    yield BYTE_ORDER_MARK + csv_of([catalog_export.own_columns(spoken)])
    async for products in catalog_export.catalog_pages(pool, spoken):
        yield csv_of([line for lines in products for line in lines])


routes = [post_import, get_import_rejects, get_catalog_export]
