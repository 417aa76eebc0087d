"""Runs on real Postgres: an import is undone, one that was killed goes on; the pool fixture compares rows and fold."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.imports.files import imported, log_types, row, written
from write_side import catalog, event_log, pricing
from write_side.catalog import Product
from write_side.database import Pool
from write_side.imports import Observer, Tally, pace
from write_side.imports.journal import Journal
from write_side.imports.pace import Pace
from write_side.imports.runs import carrying, handlers
from write_side.imports.runs.domain import ImportUndone, OnlyAPreview, Outcome, Run, UnknownImport
from write_side.imports.runs.editing import PriceRange, Selection
from write_side.imports.runs.handlers import BulkEdit, UndoOrder
from write_side.imports.runs.operations import PriceByPercent, Rounding, StatusSet
from write_side.pricing.domain import NewPrice
from write_side.pricing.handlers import set_price


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches from a few rows."""
    monkeypatch.setattr(pace, "MOST", 7)
    monkeypatch.setattr(pace, "FEWEST", 7)


async def asked(pool: Pool, run_id: UUID, *, dry_run: bool = False) -> Run:
    answer = await handlers.undo(pool, run_id, UndoOrder(dry_run), "token:ada", None)
    return msgspec.json.decode(answer.body, type=Run)


async def undone(pool: Pool, run_id: UUID, *, dry_run: bool = False) -> tuple[Run, dict[str, Outcome]]:
    """Undo a run to its end: how it stands then, and what became of each product, by its slug."""
    run = await asked(pool, run_id, dry_run=dry_run)
    return await carried(pool, run.id)


async def carried(pool: Pool, run_id: UUID) -> tuple[Run, dict[str, Outcome]]:
    learnt = Pace()
    while (await handlers.show_run(pool, run_id)).state == "running":  # two workers at it: nothing happens twice
        await asyncio.gather(*(carrying.carry_on(pool, learnt, run_id) for _ in range(2)))
    found = await handlers.list_outcomes(pool, run_id, 0, 100)
    return await handlers.show_run(pool, run_id), {outcome.name: outcome for outcome in found.outcomes}


async def shop_of(pool: Pool) -> dict[str, tuple[Any, dict[str, int]]]:
    """Each product's facts and its prices, by its first SKU."""
    async with pool.acquire() as conn:
        products = await catalog.all_products(conn)
        priced = {one.sku: one.prices for one in await pricing.all_priced(conn)}
    return {p.facts.variants[0].sku: (p.facts, priced.get(p.facts.variants[0].sku, {})) for p in products}


async def product(pool: Pool, sku: str) -> Product:
    async with pool.acquire() as conn:
        [found] = await catalog.find_known(conn, [], [sku])
    return found


async def edited(pool: Pool, sku: str, **changes: Any) -> None:
    """Somebody else revises a product."""
    before = await product(pool, sku)
    event = catalog.revise(before, structs.replace(before.facts, **changes))
    assert event is not None
    after = catalog.evolve_product(before, before.version + 1, event)
    async with pool.acquire() as conn, conn.transaction():
        new = await catalog.save_products(conn, [catalog.Change(after, event)])
        await event_log.append(conn, new, CAUSE)


@pytest.mark.usefixtures("small_batches")
async def test_an_import_is_undone_but_for_what_others_changed_since(pool: Pool, tmp_path: Path) -> None:
    await imported(pool, written(tmp_path / "a.tsv.gz", [row(n) for n in range(20)]), stock=3)
    before = await shop_of(pool)
    wrong = {"product_name": "Wrong", "price": "1", "product_features": "product type:Lamp|power:1|new:yes"}
    done = await imported(pool, written(tmp_path / "b.tsv.gz", [row(n, **wrong) for n in range(23)]))
    assert done.run_id is not None
    after = await shop_of(pool)
    await edited(pool, "3", description="Ours.")  # the import had not touched it
    await edited(pool, "4", name="Ours", attributes={"power": 2, "new": True, "colour": "blue"})
    await set_price(pool, "5", "EUR", NewPrice(777), CAUSE, new_call())
    await edited(pool, "21", name="Kept")  # which the import had made
    await set_price(pool, "22", "EUR", NewPrice(888), CAUSE, new_call())
    changed, events = await shop_of(pool), await log_types(pool)

    preview, told = await undone(pool, done.run_id, dry_run=True)
    assert (await shop_of(pool), await log_types(pool)) == (changed, events)
    counts = {"products": 23, "restored": 18, "archived": 1, "partly": 2, "left": 2}
    assert preview.counts == counts | {"events": preview.counts["events"]}
    run, really = await undone(pool, done.run_id)
    assert (run.state, run.kind, run.actor, run.counts) == ("finished", "undo", "token:ada", preview.counts)
    assert really == told

    now = await shop_of(pool)
    assert {n: now[str(n)] for n in range(20) if n not in (3, 4, 5)} == {
        n: before[str(n)] for n in range(20) if n not in (3, 4, 5)
    }
    assert now["3"] == (structs.replace(before["3"][0], description="Ours."), {"EUR": 1999})
    ours = before["4"][0]
    assert now["4"] == (structs.replace(ours, name="Ours", attributes=changed["4"][0].attributes), {"EUR": 1999})
    assert now["5"] == (before["5"][0], {"EUR": 777})
    assert now["20"] == (structs.replace(after["20"][0], status="archived"), {})
    assert (now["21"], now["22"]) == (changed["21"], changed["22"])
    left = {sku: {one.place for one in told[now[sku][0].slug].left} for sku in ("4", "5", "21", "22")}
    assert left == {
        "4": {"/name", "/attributes/power", "/attributes/new", "/attributes/colour"},
        "5": {"/prices/5/EUR"}, "21": {"/name"}, "22": {"/prices/22/EUR"},
    }  # fmt: skip
    assert {(one.reason, one.by) for one in told[now["22"][0].slug].left} == {("changed_since", "test")}

    events = await log_types(pool)
    again, _ = await undone(pool, done.run_id)
    assert (again.counts.get("events", 0), await log_types(pool), await shop_of(pool)) == (0, events, now)
    back, _ = await undone(pool, run.id)  # what was undone comes back, and nothing else moves
    assert (back.state, await shop_of(pool)) == ("finished", changed)


async def test_what_was_taken_back_is_there_again_once_a_file_names_it_and_what_staff_archived_is_not(
    pool: Pool, tmp_path: Path
) -> None:
    """Who undid an import and sent the mended file was told of revised products, and nobody saw any of them."""
    await imported(pool, written(tmp_path / "a.tsv.gz", [row(0)]))
    await edited(pool, "0", status="archived")
    rows = [row(n) for n in range(4)]
    wrong = await imported(pool, written(tmp_path / "b.tsv.gz", [row(0, product_name="Wrong"), *rows[1:]]))
    assert wrong.run_id is not None
    await undone(pool, wrong.run_id)
    await edited(pool, "3", name="Put away")
    mended = written(tmp_path / "c.tsv.gz", [row(n, price="2999") for n in range(5)])
    assert (await imported(pool, mended, dry_run=True)).revised == 4
    done = await imported(pool, mended)
    assert (done.created, done.revised, done.rejected) == (1, 4, 0)
    found = {sku: (facts.status, prices["EUR"]) for sku, (facts, prices) in (await shop_of(pool)).items()}
    assert found == {
        "0": ("archived", 2999), "1": ("active", 2999), "2": ("active", 2999), "3": ("archived", 2999),
        "4": ("active", 2999),
    }  # fmt: skip
    assert done.run_id is not None
    await undone(pool, done.run_id)
    assert [(await product(pool, sku)).facts.status for sku in "0124"] == ["archived"] * 4
    again = await imported(pool, written(tmp_path / "d.tsv.gz", [row(n, price="3999") for n in range(5)]))
    assert [(await product(pool, sku)).facts.status for sku in "01234"] == [
        "archived", "active", "active", "archived", "active",
    ]  # fmt: skip
    assert again.run_id is not None
    undoing, _ = await undone(pool, again.run_id)
    undone_too, _ = await undone(pool, undoing.id)
    await undone(pool, undone_too.id)  # back again, and away again
    await imported(pool, written(tmp_path / "e.tsv.gz", [row(n) for n in range(5)]))
    assert [(await product(pool, sku)).facts.status for sku in "124"] == ["active"] * 3


class _Killed(Exception):
    pass


class _Killer(Observer):
    """Kills the import when so many rows are done with."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def progressed(self, progress: Tally) -> None:
        if progress.rows >= self._rows:
            raise _Killed


class _Resumed(Observer):
    said = ""

    def resumed(self, where: str) -> None:
        self.said = where


@pytest.mark.usefixtures("small_batches")
async def test_an_import_that_was_killed_goes_on_where_it_stopped_and_undoing_stops_it(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.imports.journal.EVERY", 0)
    path = written(tmp_path / "a.tsv.gz", [row(n) for n in range(60)])
    with pytest.raises(_Killed):
        await imported(pool, path, _Killer(35))
    [killed] = (await handlers.list_runs(pool, "catalog", None, 10)).imports
    assert (killed.state, killed.file, killed.actor, killed.rows_done % 7) == ("running", "a.tsv.gz", "test", 0)
    observer = _Resumed()
    done = await imported(pool, path, observer)
    assert (observer.said, done.run_id, done.rows) == (f"row {killed.rows_done}", killed.id, 60 - killed.rows_done)
    assert 7 <= killed.rows_done <= 35
    finished = await handlers.show_run(pool, killed.id)
    assert (finished.state, finished.rows_done, (await log_types(pool))["product_created"]) == ("finished", 60, 60)

    other = written(tmp_path / "b.tsv.gz", [row(n, price="5") for n in range(60)])
    with pytest.raises(_Killed):
        await imported(pool, other, _Killer(20))
    await imported(pool, path)  # another run comes in, and so what had gone in is looked at anew
    await pool.execute("UPDATE import_run SET seen_at = seen_at - interval '1 hour' WHERE state = 'running'")
    with pytest.raises(_Killed):
        await imported(pool, other, _Killer(20))
    assert {prices["EUR"] for sku, (_, prices) in (await shop_of(pool)).items() if int(sku) < 7} == {5}
    [half] = (await handlers.list_runs(pool, "catalog", None, 1)).imports
    undoing = await asked(pool, half.id)
    assert (await handlers.show_run(pool, half.id)).state == "stopped"
    assert (await asked(pool, half.id)).id == undoing.id
    async with pool.acquire() as conn:
        with pytest.raises(ImportUndone):  # what a process says that had not heard of it
            await Journal(pool, half, half.cause).check(conn)
    await carried(pool, undoing.id)
    assert {prices["EUR"] for _, prices in (await shop_of(pool)).values()} == {1999}


async def test_what_never_was_and_what_was_a_preview_is_not_undone(pool: Pool, tmp_path: Path) -> None:
    done = await imported(pool, written(tmp_path / "a.tsv.gz", [row(1)]))
    assert done.run_id is not None
    preview = await asked(pool, done.run_id, dry_run=True)
    with pytest.raises(OnlyAPreview):
        await asked(pool, preview.id)
    with pytest.raises(UnknownImport):
        await asked(pool, UUID(int=7))
    dry = await imported(pool, written(tmp_path / "a.tsv.gz", [row(1, price="7")]), dry_run=True)
    assert (dry.run_id, len((await handlers.list_runs(pool, "catalog", None, 10)).imports)) == (None, 1)


@pytest.mark.usefixtures("small_batches")
async def test_an_edit_in_bulk_is_previewed_done_once_and_undone(pool: Pool, tmp_path: Path) -> None:
    rows = [row(n, brand="Nox" if n % 3 else "Lumeno", price=str(1000 + n)) for n in range(30)]
    await imported(pool, written(tmp_path / "a.tsv.gz", rows))
    before = await shop_of(pool)
    selection = Selection(brand="Nox", price=PriceRange("EUR", 1010), status="active")
    lower = PriceByPercent("EUR", -1000, Rounding(10))
    preview = await edit(pool, BulkEdit(selection, lower, dry_run=True))
    assert (await shop_of(pool), preview.counts["edited"], preview.counts["prices"]) == (before, 14, 14)
    really = await edit(pool, BulkEdit(selection, lower))
    assert really.counts == preview.counts
    meant = [n for n in range(10, 30) if n % 3]
    expected = {str(n): (before[str(n)][0], {"EUR": (9 * (1000 + n) + 50) // 100 * 10}) for n in meant}
    now = await shop_of(pool)
    assert {n: now[n] for n in expected} == expected
    assert {n: facts for n, facts in now.items() if n not in expected} == {
        n: facts for n, facts in before.items() if n not in expected
    }
    await edit(pool, BulkEdit(Selection(skus=["1", "2"]), StatusSet("draft")))
    assert {sku for sku, (facts, _) in (await shop_of(pool)).items() if facts.status == "draft"} == {"1", "2"}
    run, _ = await undone(pool, really.id)
    assert (run.counts["restored"], {n: (await shop_of(pool))[n] for n in expected}) == (
        14, {n: before[n] for n in expected}
    )  # fmt: skip


async def edit(pool: Pool, given: BulkEdit) -> Run:
    answer = await handlers.edit(pool, given, "token:ada", None)
    run, _ = await carried(pool, msgspec.json.decode(answer.body, type=Run).id)
    return run
