"""Growing the shop: an import of what is missing, the real projection of its events, portion by portion.

What a run that died had begun is finished by the next one: a portion's file lies there until all of it is imported,
rows that are in already change nothing, and the projection goes on from its checkpoints.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from doorbuster.bench import children, cpu, ground
from doorbuster.bench.frame import Invalid
from doorbuster.bench.ground import STOCK, Ground
from doorbuster.bench.growth import lines
from doorbuster.bench.growth.lines import Filling, Portion
from doorbuster.sample_catalog import rows, write_rows
from projector.read_models.all import READ_MODELS

PATIENCE = 4 * 3600.0  # seconds for a portion on a machine that is busy
PORTION = 50_000  # products: what a run that dies has to do again, and how often it says how far it is


def grow(ground_: Ground, products: int, since: int, say: Callable[[str], None]) -> Filling:
    """Make it a shop of so many products: imported with prices and stock, then projected by worker and projector.

    The filling is that from `since` products on, of all runs, without portions that two of them had a part in. Raises
    `Invalid` where there are more products already, or another release filled it.
    """
    _refuse_other_versions(ground_)
    folder = ground.own_folder(ground_, "growth")
    file, kept = folder / "catalog.tsv", ground_.home.folder / ground.KEPT
    if file.exists():
        say("going on with what a run that died had begun …")
        _import(ground_, file)
    project(ground_)
    had = count(ground_, "product")
    if had > products:
        raise Invalid(f"the shop in {ground_.home.folder} has {had:,} products already")
    missing = islice(rows(products, 1), had, None)
    while had < products:
        portion = _grown(ground_, file, missing, had, min(products, had + PORTION))
        lines.append(kept, portion)
        had = portion.until
        say(f"{had:,}: {portion.import_seconds:.0f} s of import, {portion.projection_seconds:.0f} s of projection")
    return filling([portion for portion in lines.read_portions(kept) if since < portion.until <= products])


def _refuse_other_versions(ground_: Ground) -> None:
    """Read models that another release made, or a rebuild, are not those that would be waited for."""
    known = {model.name: model.version for model in READ_MODELS}
    live = ground_.fetch("SELECT read_model AS name, version FROM read_model_version WHERE state = 'live'")
    if others := [f"{row['name']} {row['version']}" for row in live if known.get(row["name"]) != row["version"]]:
        raise Invalid(f"{', '.join(others)} in {ground_.home.folder}: another release filled it, fill another folder")


def _grown(ground_: Ground, file: Path, missing: Iterator[list[str]], had: int, until: int) -> Portion:
    half = file.with_suffix(".half")
    write_rows(half, islice(missing, until - had))
    half.rename(file)
    events = count(ground_, "event_log")
    ground_.only()
    before = cpu.used(ground_.roots())
    imported = _import(ground_, file)
    seconds = project(ground_)
    spent = cpu.used(ground_.roots()).since(before).programs | {"import": imported["cpu_ms"]}
    added = count(ground_, "event_log") - events
    return Portion(until, until - had, added, imported["seconds"], seconds, spent)


def _import(ground_: Ground, file: Path) -> dict[str, float]:
    given = {"url": ground_.environment["DATABASE_URL"], "file": str(file), "stock": STOCK}
    imported = children.call("import_rows:load", given)
    file.unlink()
    return imported


def project(ground_: Ground) -> float:
    """Have the read models show all of the log; seconds that took."""
    began = time.monotonic()
    ground_.filled(PATIENCE)
    seconds = time.monotonic() - began
    ground_.until_quiet(patience=PATIENCE)  # segments are merged behind the last checkpoint
    return seconds


def filling(portions: list[Portion]) -> Filling:
    """All of them together, the CPU by product."""
    spent = Counter[str]()
    for portion in portions:
        spent.update(portion.cpu_ms)
    added = sum(portion.added for portion in portions)
    cpu_ms = {name: round(used / added, 4) for name, used in spent.items() if used / added >= 0.0005}
    imported = round(sum(portion.import_seconds for portion in portions), 1)
    projected = round(sum(portion.projection_seconds for portion in portions), 1)
    return Filling(added, sum(portion.events for portion in portions), imported, projected, cpu_ms)


def count(ground_: Ground, table: str) -> int:
    """Rows of a table of the shop."""
    [row] = ground_.fetch(f"SELECT count(*) AS rows FROM {table}")  # noqa: S608 (two names of ours)
    found: int = row["rows"]
    return found
