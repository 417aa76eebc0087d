"""Small files to import, with the columns of the default mapping."""

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.fixtures.write_side import CAUSE
from write_side import imports
from write_side.database import Pool
from write_side.imports import Observer, Options, Progress, Rejection

COLUMNS = ["product_id", "product_name", "product_description", "product_features", "brand", "price", "ean"]


def row(sku: object, **changes: str) -> dict[str, str]:
    """A lamp."""
    lamp = {
        "product_id": str(sku),
        "product_name": "Desk lamp",
        "product_description": "Bright.",
        "product_features": "product type:Lamp|power:9.5|colour:red|colour:blue",
        "brand": "Lumeno",
        "price": "1999",
        "ean": "",
    }
    return lamp | changes


def written(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """A gzipped TSV of rows."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, delimiter="\t")
    table.writeheader()
    table.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode()))
    return path


class Rejects(Observer):
    """Keeps what was rejected."""

    def __init__(self) -> None:
        self.all: list[Rejection] = []

    def rejected(self, rejection: Rejection) -> None:
        self.all.append(rejection)

    @property
    def codes(self) -> list[tuple[int, str]]:
        """Line and code of each."""
        return sorted((rejection.line, rejection.code) for rejection in self.all)


def content_of(path: Path) -> bytes:
    """The hash of what a file holds."""
    return hashlib.sha256(path.read_bytes()).digest()


async def imported(pool: Pool, path: Path, observer: Observer | None = None, **options: Any) -> Progress:
    """Import a file."""
    with imports.open_table(path) as table:
        source = imports.Source(path.name, content_of(path))
        return await imports.import_catalog(pool, table, source, Options(**options), CAUSE, observer)


async def log_types(pool: Pool) -> dict[str, int]:
    """How many events of each type the log holds."""
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT type, count(*) AS n FROM event_log GROUP BY type")
    return {row["type"].split(".")[1]: row["n"] for row in rows}
