"""An import of stock on real Postgres; the pool fixture compares rows and fold afterwards."""

import asyncio
import csv
from pathlib import Path

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from tests.integration.imports.files import Rejects, imported, log_types, written
from tests.integration.imports.files import row as product
from tests.integration.imports.test_command_line import doorbuster
from write_side import imports
from write_side.database import Pool
from write_side.imports import Observer, StockOptions, StockProgress, Tally, pace
from write_side.imports.stock_import import ImportUnderWay
from write_side.imports.stock_rows import Mode
from write_side.inventory import store as inventory_store
from write_side.inventory.domain import MoveStock

LAMPS = 40


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches from a few rows."""
    monkeypatch.setattr(pace, "MOST", 7)
    monkeypatch.setattr(pace, "FEWEST", 7)


@pytest.fixture
async def shop(pool: Pool, tmp_path: Path) -> Pool:
    """Lamps, of each 10 in MAIN."""
    await imported(pool, written(tmp_path / "catalog.tsv.gz", [product(f"L{n:02}") for n in range(LAMPS)]), stock=10)
    return pool


def stock_file(path: Path, column: str, figures: dict[str, object]) -> Path:
    with path.open("w", newline="") as to:
        csv.writer(to).writerows([["sku", column], *figures.items()])
    return path


async def bring(
    pool: Pool, path: Path, mode: Mode, reason: str = "list 7", observer: Observer | None = None, dry_run: bool = False
) -> StockProgress:
    options = StockOptions(path.name.encode(), mode, reason, dry_run=dry_run)
    with imports.open_table(path) as table:
        return await imports.import_stock(pool, table, options, CAUSE, observer)


async def counts(pool: Pool) -> dict[str, int]:
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT sku, on_hand FROM stock_item ORDER BY sku")
    return {row["sku"]: row["on_hand"] for row in rows}


class KilledAfter(Observer):
    """Ends a run in the middle, as a kill does: nothing of ours runs afterwards."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def progressed(self, progress: Tally) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


async def test_a_delivery_is_added_once_however_often_it_is_begun(shop: Pool, tmp_path: Path) -> None:
    path = stock_file(tmp_path / "a.csv", "change", {f"L{n:02}": 1 for n in range(LAMPS)})
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            await bring(shop, path, "add", observer=KilledAfter(2))
    done = await bring(shop, path, "add")
    assert (done.changed, done.after) == (LAMPS - 28, 29)
    assert set((await counts(shop)).values()) == {11}
    again = await bring(shop, path, "add")
    assert again.finished_before is not None
    assert set((await counts(shop)).values()) == {11}
    await bring(shop, path, "add", "list 8")
    assert set((await counts(shop)).values()) == {12}


async def test_two_at_once_add_a_delivery_once(shop: Pool, tmp_path: Path) -> None:
    path = stock_file(tmp_path / "a.csv", "change", {f"L{n:02}": 1 for n in range(LAMPS)})
    outcomes = await asyncio.gather(bring(shop, path, "add"), bring(shop, path, "add"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [ImportUnderWay]
    assert set((await counts(shop)).values()) == {11}


async def test_a_delivery_is_added_to_what_others_move_meanwhile(shop: Pool, tmp_path: Path) -> None:
    path = stock_file(tmp_path / "a.csv", "change", {"L00": 1, "L01": 1})
    async with shop.acquire() as conn, conn.transaction():
        [item] = await inventory_store.find_items(conn, ["L00"])
        broken = MoveStock("L00", "MAIN", -4, "broken")
        await inventory_store.move(conn, item, "inventory.stock_adjusted.v1", broken, CAUSE)
        bringing = asyncio.create_task(bring(shop, path, "add"))
        await until_waiting(shop, 1, [bringing])
    assert (await bringing).changed == 2
    found = await counts(shop)
    assert (found["L00"], found["L01"]) == (7, 11)


async def test_a_dry_run_tells_the_same_and_writes_nothing(shop: Pool, tmp_path: Path) -> None:
    before = await log_types(shop)
    figures: dict[str, object] = {"L01": 3, "L02": 10, "L03": "many", "L02 ": 4, "ghost": 1, "": 2}
    path = stock_file(tmp_path / "a.csv", "on_hand", figures)
    dry, real = Rejects(), Rejects()
    would = await bring(shop, path, "set", observer=dry, dry_run=True)
    assert await log_types(shop) == before
    done = await bring(shop, path, "set", observer=real)
    assert would == done
    assert dry.codes == real.codes == [(4, "broken_count"), (5, "duplicate_row"), (6, "unknown_sku"), (7, "no_sku")]
    assert (done.changed, done.unchanged, done.rejected) == (1, 1, 4)
    assert await log_types(shop) == before | {"stock_adjusted": 1}


async def test_an_export_goes_in_again_and_changes_nothing(shop: Pool, tmp_path: Path, database_url: str) -> None:
    path = tmp_path / "stock.csv"
    done = doorbuster("export", "stock", path, database_url=database_url)
    assert (done.returncode, f"{LAMPS} stock items" in done.stdout) == (0, True), done.stderr
    told = await shop.fetch("SELECT type, convert_from(metadata, 'UTF8')::json ->> 'actor' AS actor FROM event_log")
    assert [row["actor"] for row in told if row["type"] == "imports.stock_exported.v1"] == ["cli"]
    back = doorbuster("import", "stock", path, "--reason", "as it is", database_url=database_url)
    assert f"0 opened, 0 changed, {LAMPS} unchanged, 0 rejected" in back.stdout, back.stderr
    with path.open(newline="", encoding="utf-8-sig") as text:
        rows = list(csv.reader(text))
    assert rows[0] == ["sku", "warehouse", "on_hand", "reserved", "available", "low_at"]
    assert rows[1] == ["L00", "MAIN", "10", "0", "10", "5"]
    again = doorbuster("import", "stock", path, "--reason", "as it is", database_url=database_url)
    assert "nothing to do" in again.stdout
    other = doorbuster("import", "stock", path, "--mode", "add", "--reason", "x", database_url=database_url)
    assert (other.returncode, "no column is the change" in other.stderr) == (1, True)


async def test_pages_of_an_export_leave_nothing_out(shop: Pool) -> None:
    cells = [cells async for page in imports.stock_pages(shop, page=7) for cells in page]
    assert [line[0] for line in cells] == [f"L{n:02}" for n in range(LAMPS)]


async def test_a_row_may_say_a_count_and_a_threshold_and_is_one_row(shop: Pool, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as to:
        rows = [["L00", 7, 9], ["L01", "", 9], ["L02", 10, ""], ["L03", 8, 5]]
        csv.writer(to).writerows([["sku", "on_hand", "low_at"], *rows])
    progress = await bring(shop, path, "set")
    assert (progress.changed, progress.unchanged, progress.rows) == (3, 1, 4)
    found = await shop.fetch("SELECT on_hand, low_at, version FROM stock_item WHERE sku < 'L04' ORDER BY sku")
    assert [tuple(row) for row in found] == [(7, 9, 3), (10, 9, 2), (10, 5, 1), (8, 5, 2)]


async def test_an_absurd_threshold_keeps_no_other_row_out(shop: Pool, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as to:
        rows = [["L00", 7, 9], ["L01", 7, 3_000_000_000], ["L02", 7, ""]]
        csv.writer(to).writerows([["sku", "on_hand", "low_at"], *rows])
    for dry_run in (True, False):
        progress = await bring(shop, path, "set", dry_run=dry_run)
        assert (progress.changed, progress.rejected) == (2, 1)
    assert list((await counts(shop)).values())[:3] == [7, 10, 7]
