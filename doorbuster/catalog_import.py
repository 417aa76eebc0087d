"""An import of products as its user sees it."""

from pathlib import Path

import asyncpg
from msgspec import Struct

from doorbuster.import_report import Report
from shared.ids import uuid7
from write_side import imports
from write_side.commands import cause_of
from write_side.database import open_pool
from write_side.errors import Refusal
from write_side.imports import Options, Progress

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


async def run(database_url: str, wanted: Wanted) -> str:
    """Import the file; answers the summary. Raises one of `FAILURES`."""
    mapping = imports.DEFAULT if wanted.mapping is None else imports.read_mapping(wanted.mapping)
    options = Options(wanted.currency, wanted.stock, wanted.warehouse, mapping)
    with imports.open_table(wanted.file) as table, Report(wanted.rejects, table.columns, wanted.terminal) as report:
        async with open_pool(database_url, CONNECTIONS, "import") as pool:
            done = await imports.import_catalog(pool, table, options, cause_of("cli", str(uuid7())), report)
        return report.summary(done, _said(done))


def _said(done: Progress) -> str:
    return f"{done.created} created, {done.revised} revised, {done.unchanged} unchanged"
