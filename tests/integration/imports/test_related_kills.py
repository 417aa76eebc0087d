"""Related products of imports that are cut off and killed: what is not told as rejected is as the file has it."""

import asyncio
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import pytest

from tests.integration.imports.files import imported
from write_side import catalog
from write_side.database import Pool
from write_side.imports import ColumnMapping, journal, pace
from write_side.imports import catalog_import as runner
from write_side.imports.plan import Plan
from write_side.imports.runs import store as runs

MAPPING = ColumnMapping({"Art": "sku", "Name": "name", "Goes": "related:accessories"}, lines="product")
LOST = asyncpg.ConnectionDoesNotExistError("lost")
SAVE = runner._Import._save


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 2)
    monkeypatch.setattr(pace, "FEWEST", 2)
    monkeypatch.setattr(journal, "EVERY", 0)


def written(path: Path, goes: dict[str, list[str]]) -> Path:
    rows = (f'{sku},Product {sku},"{",".join(names)}"\n' for sku, names in goes.items())
    path.write_text(f"Art,Name,Goes\n{''.join(rows)}")
    return path


async def related(pool: Pool) -> dict[str, list[str]]:
    """SKU → SKUs, of all products."""
    async with pool.acquire() as conn:
        products = await catalog.all_products(conn)
    skus = {each.id: each.facts.variants[0].sku for each in products}
    return {skus[each.id]: [skus[id_] for id_ in each.facts.related.get("accessories", ())] for each in products}


async def told(pool: Pool, run_id: UUID | None) -> dict[int, str]:
    """Line → code, of the rows that are kept as rejected."""
    assert run_id is not None
    async with pool.acquire() as conn:
        kept = await runs.rejects_after(conn, run_id, 0, 100)
    return {each.number: each.text.decode().split(",")[1] for each in kept}


def saved(made: Plan) -> set[str]:
    return {variant.sku for change in made.changes for variant in change.product.facts.variants}


async def test_a_row_that_was_rejected_in_passing_and_went_in_behind_a_kill_gets_its_related_products(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes = {"P": [], "Q": [], "SLOW": [], "S": [], "LAMP": ["BULB"], "CABLE": [], "BULB": [], "SHADE": []}
    path, overtaken = written(tmp_path / "a.csv", goes), asyncio.Event()

    async def killed(run: runner._Import, made: Plan) -> None:
        if "SLOW" in saved(made):
            await overtaken.wait()
            raise KeyError("killed")
        if "LAMP" in saved(made):
            raise LOST
        if "BULB" in saved(made):
            overtaken.set()
            await asyncio.sleep(60)
        await SAVE(run, made)

    with monkeypatch.context() as patched, pytest.raises(KeyError):
        patched.setattr(runner._Import, "_save", killed)
        await imported(pool, path, mapping=MAPPING)
    assert await related(pool) == {"P": [], "Q": [], "CABLE": []}
    done = await imported(pool, path, mapping=MAPPING)
    assert await related(pool) == goes
    assert await told(pool, done.run_id) == {}, "nobody is told of a row that went in"


class Killed(Exception):
    """The process is gone."""


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_lost_and_killed_what_is_not_told_as_rejected_is_as_the_file_says(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = Random(seed)
    skus = [f"S{n:02}" for n in range(14)]
    goes = {sku: [each for each in random.sample(skus, 3) if each != sku] for sku in skus}
    path = written(tmp_path / "a.csv", goes)
    for deadly in [*random.sample(skus, random.randint(1, 3)), ""]:
        unlucky = {*random.sample(skus, 3)} - {deadly}

        async def save(run: runner._Import, made: Plan, unlucky: set[str] = unlucky, deadly: str = deadly) -> None:
            if deadly in saved(made):
                await asyncio.sleep(0.7)  # the batch behind it is done before it
                raise Killed
            if unlucky & saved(made):
                if random.random() < 0.3:  # it went in, and nobody heard of it
                    await SAVE(run, made)
                raise LOST
            await SAVE(run, made)

        monkeypatch.setattr(runner._Import, "_save", save)
        try:
            done = await imported(pool, path, mapping=MAPPING)
        except Killed:
            continue
    monkeypatch.setattr(runner._Import, "_save", SAVE)
    rejected, there = await told(pool, done.run_id), await related(pool)
    for line, (sku, names) in enumerate(goes.items(), 2):
        if line not in rejected:
            assert there[sku] == names, sku
    async with pool.acquire() as conn:
        run = await runs.find(conn, done.run_id or UUID(int=0))
    assert run is not None
    assert len(rejected) == run.counts.get("rejected", 0) + run.counts.get("partly", 0), "none of them went in, whole"
