"""An import of products as its user sees it."""

import csv
import hashlib
from pathlib import Path
from typing import IO

import asyncpg
from msgspec import Struct, structs

from doorbuster.import_report import Report
from shared.ids import uuid7
from write_side import imports
from write_side.commands import cause_of
from write_side.database import open_pool
from write_side.errors import Refusal
from write_side.imports import ColumnMapping, Options, Progress

FAILURES = (imports.UnreadableFile, imports.BrokenMapping, Refusal, OSError, asyncpg.PostgresError)
CONNECTIONS = 4


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    file: Path
    rejects: Path
    mapping: Path | None
    currency: str
    stock: int | None
    warehouse: str | None
    terminal: bool
    format: imports.Format = "default"
    image_base: str = ""
    dry_run: bool = False


async def run(database_url: str, wanted: Wanted) -> str:
    """Import the file; answers the summary. Raises one of `FAILURES`."""
    with wanted.file.open("rb") as raw:
        source = imports.Source(wanted.file.name, hashlib.file_digest(raw, "sha256").digest())
    mapping = _mapping(wanted)
    options = Options(wanted.currency, wanted.stock, wanted.warehouse, mapping, wanted.dry_run)
    opened = imports.open_table(wanted.file, mapping.encoding)
    with opened as table, Report(wanted.rejects, table.columns, wanted.terminal) as report:
        async with open_pool(database_url, CONNECTIONS, "import") as pool:
            done = await imports.import_catalog(pool, table, source, options, cause_of("cli", str(uuid7())), report)
        return report.summary(done, _said(done, "would be " if wanted.dry_run else ""))


def _mapping(wanted: Wanted) -> ColumnMapping:
    mapping = imports.READY[wanted.format] if wanted.mapping is None else imports.read_mapping(wanted.mapping)
    return structs.replace(mapping, image_base=wanted.image_base) if wanted.image_base else mapping


def _said(done: Progress, would: str) -> str:
    moved = f" ({done.moved} {would}moved to another category)" if done.moved else ""
    partly = f" ({done.partly} {would}without related products)" if done.partly else ""
    return f"{done.created} {would}created, {done.revised} {would}revised{moved}, {done.unchanged} unchanged{partly}"


async def export(database_url: str, to: IO[str]) -> int:
    """Write every product as CSV, a line per variant, which stands in the audit; answers how many products. Raises one
    of `FAILURES`."""
    table, count = csv.writer(to), 0
    async with open_pool(database_url, 1, "export") as pool:
        await imports.note_export(pool, cause_of("cli", str(uuid7())))
        spoken = await imports.spoken_of(pool)
        table.writerow(imports.own_columns(spoken))
        async for page in imports.catalog_pages(pool, spoken):
            for lines in page:
                table.writerows(lines)
            count += len(page)
    return count
