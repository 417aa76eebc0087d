"""Importing a catalog into an empty shop, against COPY of the same rows into a table of the same text columns."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from doorbuster import catalog_import
from doorbuster.bench import children, frame, ground
from doorbuster.bench.frame import Invalid, Result, Side, Spread, Work
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.sample_catalog import COLUMNS, write_catalog

EMPTY = "empty"


def run(ground_: Ground, options: Options) -> list[Result]:
    """`ours` opens no stock items; with them it is under `with_stock`. Nothing reads the log meanwhile."""
    file = ground.own_folder(ground_, "import") / "catalog.tsv"
    write_catalog(file, options.import_rows, 1)
    ground_.use(EMPTY, copy_of=None)
    shops = _Shops(ground_)
    bare = ground_.database("bare")
    sides: dict[str, Side] = {
        "ours": lambda: _import(shops.url, file, options.import_rows, stock=None),
        "limit": lambda: _copy(bare, file, options.import_rows),
        "with_stock": lambda: _import(shops.url, file, options.import_rows, stock=100),
    }
    done = frame.in_turns(options.turns(), sides, ground_.roots, shops.renew)
    stocked = Spread.of([round_.work.value for round_ in done["with_stock"]])
    further = {"with_stock": {"per_second": stocked, "cpu_ms_per_op": frame.cpu_per_op(done["with_stock"])}}
    setting = {"rows": options.import_rows, "bytes": file.stat().st_size}
    return [frame.result("import", done, unit="rows/s", setting=setting, further=further)]


class _Shops:
    """A new, empty shop for each round."""

    def __init__(self, ground_: Ground) -> None:
        self._ground, self._made, self.url = ground_, 0, ""

    def renew(self, side: str) -> None:
        if side != "limit":
            self._made += 1
            self.url = self._ground.database(f"import_{self._made}", copy_of=EMPTY)
        self._ground.until_quiet()


def _import(url: str, file: Path, rows: int, stock: int | None) -> Work:
    return _work("import_rows:load", {"url": url, "file": str(file), "stock": stock}, rows, "import")


def _copy(url: str, file: Path, rows: int) -> Work:
    return _work("import_rows:copy", {"url": url, "file": str(file)}, rows, "copy")


def _work(function: str, given: dict[str, object], rows: int, name: str) -> Work:
    found = children.call(function, given)
    if found["rows"] != rows:
        raise Invalid(f"{found['rows']} rows of {rows} went in")
    return Work(rows, found["seconds"], rows / found["seconds"], found["cpu_ms"], load=name)


async def load(given: dict[str, Any]) -> dict[str, Any]:
    """What `doorbuster import catalog` does, from the opened file to the last commit."""
    file = Path(given["file"])
    rejects = file.with_suffix(".rejected.csv")
    wanted = catalog_import.Wanted(file, rejects, None, "EUR", given["stock"], None, False)
    clock = _clock()
    await catalog_import.run(given["url"], wanted)
    took = clock()
    return {**took, "rows": await _count(given["url"], "SELECT count(*) FROM product")}


async def copy(given: dict[str, Any]) -> dict[str, Any]:
    """COPY of the same file into a table of its own."""
    conn = await asyncpg.connect(given["url"])
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    await conn.execute(f"DROP TABLE IF EXISTS bare; CREATE TABLE bare ({columns})")
    clock = _clock()
    await conn.copy_to_table("bare", source=given["file"], format="csv", delimiter="\t", header=True)
    took = clock()
    await conn.close()
    return {**took, "rows": await _count(given["url"], "SELECT count(*) FROM bare")}


def _clock() -> Callable[[], dict[str, float]]:
    cpu, began = time.process_time(), time.monotonic()
    return lambda: {"seconds": time.monotonic() - began, "cpu_ms": (time.process_time() - cpu) * 1000}


async def _count(url: str, query: str) -> int:
    conn = await asyncpg.connect(url)
    try:
        return int(await conn.fetchval(query))
    finally:
        await conn.close()
