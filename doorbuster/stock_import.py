"""An import or export of stock as its user sees it."""

import csv
import hashlib
from pathlib import Path
from typing import IO

from msgspec import Struct

from doorbuster.catalog_import import CONNECTIONS, FAILURES
from doorbuster.import_report import Report
from shared.ids import uuid7
from write_side import imports
from write_side.commands import cause_of
from write_side.database import open_pool
from write_side.imports import StockOptions, StockProgress
from write_side.imports.stock_export import COLUMNS
from write_side.imports.stock_rows import Mode

__all__ = ["FAILURES", "WantedStock", "export", "run"]


class WantedStock(Struct, frozen=True):
    """What the command line asks for; `names`: field → column."""

    file: Path
    rejects: Path
    mode: Mode
    reason: str
    warehouse: str
    names: dict[str, str]
    dry_run: bool
    terminal: bool


async def run(database_url: str, wanted: WantedStock) -> str:
    """Import the file; answers the summary. Raises one of `FAILURES`."""
    with wanted.file.open("rb") as raw:
        content = hashlib.file_digest(raw, "sha256").digest()
    options = StockOptions(content, wanted.mode, wanted.reason, wanted.warehouse, wanted.names, wanted.dry_run)
    with imports.open_table(wanted.file) as table, Report(wanted.rejects, table.columns, wanted.terminal) as report:
        async with open_pool(database_url, CONNECTIONS, "import") as pool:
            done = await imports.import_stock(pool, table, options, cause_of("cli", str(uuid7())), report)
        if done.finished_before is not None:
            at = f"{done.finished_before:%Y-%m-%d %H:%M}"
            return f"nothing to do: this file went in on {at} for the reason “{wanted.reason}”; once more under another"
        return report.summary(done, _said(done, dry_run=wanted.dry_run))


def _said(done: StockProgress, *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    return f"{done.opened} {would}opened, {done.changed} {would}changed, {done.unchanged} unchanged"


async def export(database_url: str, to: IO[str]) -> int:
    """Write every stock item as CSV, which stands in the audit; answers how many. Raises one of `FAILURES`."""
    table, count = csv.writer(to), 0
    table.writerow(COLUMNS)
    async with open_pool(database_url, 1, "export") as pool:
        await imports.note_stock_export(pool, cause_of("cli", str(uuid7())))
        async for page in imports.stock_pages(pool):
            table.writerows(page)
            count += len(page)
    return count
