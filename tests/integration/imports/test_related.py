"""Related products in files: named by SKU or slug, also where they stand behind who names them."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import structs

from doorbuster import catalog_import
from tests.fixtures.write_side import CAUSE
from tests.integration.imports.files import Rejects, imported, log_types
from write_side import catalog, event_log, pricing
from write_side.database import Connection, Pool
from write_side.imports import READY, ColumnMapping, journal, pace, settling
from write_side.imports import catalog_import as runner
from write_side.imports.plan import Known, Plan
from write_side.imports.rows import Row
from write_side.imports.runs import store as runs
from write_side.imports.runs.carrying import carry_on
from write_side.imports.runs.domain import ImportUndone
from write_side.imports.runs.handlers import UndoOrder, undo

MAPPING = ColumnMapping({"Art": "sku", "Name": "name", "Goes": "related:accessories", "Or": "related"}, lines="product")
FILE = """\
Art,Name,Goes,Or
LAMP,Desk lamp,"BULB,shade-of-linen, CABLE",
BULB,Bulb,LAMP,BULB-2
CABLE,Cable,,
SHADE,Shade of linen,"CABLE,LAMP",
BULB-2,Other bulb,,BULB
"""


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 2)
    monkeypatch.setattr(pace, "FEWEST", 2)


async def related(pool: Pool) -> dict[str, dict[str, list[str]]]:
    """SKU → kind → SKUs, of the products that have any."""
    async with pool.acquire() as conn:
        products = await catalog.all_products(conn)
    skus = {each.id: each.facts.variants[0].sku for each in products}
    return {
        skus[each.id]: {kind: [skus[id_] for id_ in ids] for kind, ids in each.facts.related.items()}
        for each in products if each.facts.related
    }  # fmt: skip


async def versions(pool: Pool) -> dict[str, int]:
    async with pool.acquire() as conn:
        return {each.facts.variants[0].sku: each.version for each in await catalog.all_products(conn)}


async def save(conn: Connection, change: catalog.Change) -> None:
    """As staff would."""
    await event_log.append(conn, await catalog.save_products(conn, [change]), CAUSE)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


ALL = {
    "LAMP": {"accessories": ["BULB", "SHADE", "CABLE"]},
    "BULB": {"accessories": ["LAMP"], "related": ["BULB-2"]},
    "SHADE": {"accessories": ["CABLE", "LAMP"]},
    "BULB-2": {"related": ["BULB"]},
}


@pytest.mark.usefixtures("small_batches")
async def test_products_name_each_other_wherever_they_stand_in_a_file(pool: Pool, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", FILE)
    told = await imported(pool, path, mapping=MAPPING, dry_run=True)
    assert (told.created, told.rejected, told.partly, await log_types(pool)) == (5, 0, 0, {})
    done = await imported(pool, path, mapping=MAPPING)
    assert (done.created, done.revised, done.rejected, done.partly, done.rows) == (5, 0, 0, 0, 5)
    assert await related(pool) == ALL
    before = await versions(pool)
    again = await imported(pool, path, mapping=MAPPING)
    assert (again.unchanged, again.created, again.revised) == (5, 0, 0)
    assert await versions(pool) == before


@pytest.mark.usefixtures("small_batches")
async def test_a_row_that_names_nobody_is_rejected_and_says_whom_it_named(pool: Pool, tmp_path: Path) -> None:
    text = FILE.replace("SHADE,Shade of linen,", "SHADE,,").replace('"BULB,shade-of-linen, CABLE"', "BULB")
    path = written(tmp_path / "a.csv", text + 'LED,Led,"LAMP,NOBODY,LED,no-such",\nSELF,Self,SELF,\n')
    for dry_run in (True, False):
        rejects = Rejects()
        done = await imported(pool, path, rejects, mapping=MAPPING, dry_run=dry_run)
        assert (done.created, done.partly) == (4, 0)
        assert rejects.codes == [(5, "no_name"), (7, "unknown_related"), (8, "unknown_related")]
        reasons = {each.line: each.reason for each in rejects.all}
        assert reasons[7] == "/related/accessories: no product has the SKU or slug NOBODY, no-such"
        assert reasons[8] == "/related/accessories: SELF is the product itself"
    assert "LED" not in await versions(pool)


@pytest.mark.usefixtures("small_batches")
async def test_who_names_a_product_that_was_rejected_goes_in_without_it_and_is_told(pool: Pool, tmp_path: Path) -> None:
    text = "Art,Name,Goes,Or\nLAMP,Lamp,BAD,\nBULB,Bulb,LAMP,\nCABLE,Cable,,\nBAD,B\x07d,,\n"
    path = written(tmp_path / "a.csv", text)
    for dry_run in (True, False):
        rejects = Rejects()
        done = await imported(pool, path, rejects, mapping=MAPPING, dry_run=dry_run)
        assert (done.created, done.rejected, done.partly) == (3, 1, 1)
        assert rejects.codes == [(2, "unknown_related"), (5, "control_character")]
    assert await related(pool) == {"BULB": {"accessories": ["LAMP"]}}
    async with pool.acquire() as conn:
        run = await runs.find(conn, done.run_id or UUID(int=0))
    assert run is not None
    assert run.counts == {"created": 3, "rejected": 1, "partly": 1}


@pytest.mark.parametrize("broken", ["BULB,Bulb,,,1O0", "BULB,,,,100", "BULB,Bulb,", "SET,Bulb,,,1O0"])
async def test_who_names_a_product_whose_row_can_not_be_read_goes_in_without_it(
    pool: Pool, tmp_path: Path, broken: str
) -> None:
    """A misspelt price in one row rejected, whole, every row that named its product."""
    priced = ColumnMapping(MAPPING.columns | {"P": "price"}, lines="product")
    name = "bulb" if broken.startswith("SET") else "BULB"
    path = written(tmp_path / "a.csv", f"Art,Name,Goes,Or,P\nLAMP,Lamp,{name},,1000\n{broken}\n")
    for dry_run in (True, False):
        rejects = Rejects()
        done = await imported(pool, path, rejects, mapping=priced, dry_run=dry_run)
        assert (done.created, done.rejected, done.partly) == (1, 1, 1)
        assert (2, "unknown_related") in rejects.codes


async def test_what_a_row_that_can_not_be_read_is_called_is_no_slug_of_another_product(
    pool: Pool, tmp_path: Path
) -> None:
    await imported(pool, written(tmp_path / "a.csv", "Art,Name,Goes,Or\nOTHER,lamp,,\n"), mapping=MAPPING)  # slug: lamp
    priced = ColumnMapping(MAPPING.columns | {"P": "price"}, lines="product")
    path = written(tmp_path / "b.csv", "Art,Name,Goes,Or,P\nBULB,Bulb,lamp,,1000\nlamp,Desk lamp,,,1O0\n")
    for dry_run in (True, False):
        done = await imported(pool, path, mapping=priced, dry_run=dry_run)
        assert (done.created, done.rejected, done.partly) == (1, 1, 1)
    assert await related(pool) == {}


async def test_a_column_says_its_own_kind_and_leaves_the_others(pool: Pool, tmp_path: Path) -> None:
    await imported(pool, written(tmp_path / "a.csv", FILE), mapping=MAPPING)
    only = ColumnMapping({"Art": "sku", "Name": "name", "Or": "related"})
    path = written(tmp_path / "b.csv", "Art,Name,Or\nBULB,Bulb,\nCABLE,Cable,LAMP\n")
    done = await imported(pool, path, mapping=only)
    assert (done.revised, done.unchanged) == (2, 0)
    expected = ALL | {"BULB": {"accessories": ["LAMP"]}, "CABLE": {"related": ["LAMP"]}}
    assert await related(pool) == expected
    bare = ColumnMapping({"Art": "sku", "Name": "name"})
    assert (await imported(pool, written(tmp_path / "c.csv", "Art,Name\nBULB,Bulb\n"), mapping=bare)).unchanged == 1
    assert await related(pool) == expected


@pytest.mark.usefixtures("small_batches")
async def test_an_export_has_related_products_and_makes_them_in_an_empty_shop(
    pool: Pool, tmp_path: Path, database_url: str
) -> None:
    await imported(pool, written(tmp_path / "a.csv", FILE), mapping=MAPPING)
    ours, before = tmp_path / "ours.csv", await related(pool)
    with ours.open("w", newline="") as to:
        await catalog_import.export(database_url, to)
    assert (await imported(pool, ours, mapping=READY["doorbuster"])).unchanged == 5
    text = re.sub(r"^(?=[a-z])(?!slug)", "n-", ours.read_text(), flags=re.MULTILINE)
    ours.write_text(re.sub(r"\b(?=LAMP|BULB|SHADE|CABLE)", "N", text))  # what another shop does not have
    for dry_run in (True, False):
        done = await imported(pool, ours, mapping=READY["doorbuster"], dry_run=dry_run)
        assert (done.created, done.rejected, done.partly) == (5, 0, 0)
    made = {sku: kinds for sku, kinds in (await related(pool)).items() if sku.startswith("N")}
    assert made == {f"N{sku}": {k: [f"N{one}" for one in v] for k, v in kinds.items()} for sku, kinds in ALL.items()}
    assert before == ALL


async def test_an_export_has_no_column_of_related_products_where_there_are_none(
    pool: Pool, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each import of one was read twice for nothing, by way of a temporary file."""
    first, second, bare = tmp_path / "1.csv", tmp_path / "2.csv", ColumnMapping({"Art": "sku", "Name": "name"})
    await imported(pool, written(tmp_path / "a.csv", "Art,Name\nLAMP,Lamp\nBULB,Bulb\n"), mapping=bare)
    monkeypatch.setattr(runner, "Ahead", None)  # who looks ahead would call it
    for ours in (first, second):
        with ours.open("w", newline="") as to:
            await catalog_import.export(database_url, to)
        assert (await imported(pool, ours, mapping=READY["doorbuster"])).unchanged == 2
    assert first.read_bytes() == second.read_bytes()
    assert "related" not in first.read_text()
    monkeypatch.undo()
    await imported(pool, written(tmp_path / "b.csv", FILE), mapping=MAPPING)
    with second.open("w", newline="") as to:
        await catalog_import.export(database_url, to)
    assert "json:related" in second.read_text().splitlines()[0]
    await imported(pool, first, mapping=READY["doorbuster"])
    assert await related(pool) == ALL, "what a file does not say stays"


@pytest.mark.usefixtures("small_batches")
async def test_undoing_an_import_puts_related_products_back_kind_by_kind(pool: Pool, tmp_path: Path) -> None:
    await imported(pool, written(tmp_path / "a.csv", FILE), mapping=MAPPING)
    other = written(tmp_path / "b.csv", "Art,Name,Goes,Or\nLAMP,Desk lamp,NEW,CABLE\nNEW,New,,\n")
    done = await imported(pool, other, mapping=MAPPING)
    assert (done.revised, done.created, done.rows) == (1, 1, 2)
    assert (await related(pool))["LAMP"] == {"accessories": ["NEW"], "related": ["CABLE"]}
    by_staff = ColumnMapping({"Art": "sku", "Name": "name", "Or": "related"})
    await imported(pool, written(tmp_path / "c.csv", "Art,Name,Or\nLAMP,Desk lamp,BULB-2\n"), mapping=by_staff)
    assert done.run_id is not None
    await undo(pool, done.run_id, UndoOrder(), "staff", None)
    while await carry_on(pool, pace.Pace()):
        pass
    assert (await related(pool))["LAMP"] == {"accessories": ["BULB", "SHADE", "CABLE"], "related": ["BULB-2"]}


@pytest.mark.usefixtures("small_batches")
async def test_an_import_that_was_killed_before_it_set_them_sets_them_when_it_goes_on(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_: object) -> None:
        raise KeyError("killed")

    monkeypatch.setattr(journal, "EVERY", 0)
    rejected = "Art,Name,Goes,Or\nBAD,B\x07d,LAMP,\nLED,Led,NOBODY,\n"
    path = written(tmp_path / "a.csv", FILE.replace("Art,Name,Goes,Or\n", rejected))
    first, then = Rejects(), Rejects()
    with monkeypatch.context() as patched, pytest.raises(KeyError):
        patched.setattr(runner._Import, "settle", killed)
        await imported(pool, path, first, mapping=MAPPING)
    assert first.codes == [(2, "control_character"), (3, "unknown_related")]
    assert await related(pool) != ALL
    done = await imported(pool, path, then, mapping=MAPPING)
    assert (done.partly, then.codes) == (0, [])  # they were told before, and nothing of them went in
    assert await related(pool) == ALL


async def test_a_name_is_a_sku_before_it_is_a_slug_and_what_can_be_neither_is_nobodys(
    pool: Pool, tmp_path: Path
) -> None:
    text = "Art,Name,Goes,Or\nA,Desk lamp,,\ndesk-lamp,Other,,\nB,Both,desk-lamp,\nC,None,a\x00b,\n"
    for _ in range(2):  # and the same where they are there already
        rejects = Rejects()
        await imported(pool, written(tmp_path / "a.csv", text), rejects, mapping=MAPPING)
        assert await related(pool) == {"B": {"accessories": ["desk-lamp"]}}
        assert rejects.codes == [(5, "unknown_related")]

@pytest.mark.usefixtures("small_batches")
async def test_what_others_changed_until_all_rows_are_in_stays_as_they_have_it(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that went in with a wrong price was mended by staff, and minutes later had its wrong price again."""
    settle, mended = runner._Import.settle, written(tmp_path / "b.csv", "Art,Name,P\nLAMP,Lamp for desks,1999\n")

    async def settles_late(run: runner._Import) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(runner._Import, "settle", settle)
            await imported(pool, mended, mapping=ColumnMapping({"Art": "sku", "Name": "name", "P": "price"}))
        await settle(run)

    monkeypatch.setattr(runner._Import, "settle", settles_late)
    priced = ColumnMapping(MAPPING.columns | {"P": "price"}, lines="product")
    text = FILE.replace("\n", ",199\n").replace("Goes,Or,199", "Goes,Or,P")
    done = await imported(pool, written(tmp_path / "a.csv", text), mapping=priced)
    assert (done.created, done.partly) == (5, 0)
    assert await related(pool) == ALL
    async with pool.acquire() as conn:
        [lamp] = await catalog.find_known(conn, ["LAMP"], [])
        prices = await pricing.find_priced(conn, ["LAMP"])
    assert (lamp.facts.name, prices["LAMP"].prices) == ("Lamp for desks", {"EUR": 1999})


@pytest.mark.usefixtures("small_batches")
async def test_behind_a_kill_rows_that_name_nobody_are_left_as_others_have_them_by_now(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_: object) -> None:
        raise KeyError("killed")

    monkeypatch.setattr(journal, "EVERY", 0)
    text = 'A,N,R\nLAMP,Lamp,"{""parts"": [""BULB""]}"\nBULB,Bulb,{}\n'
    own = ColumnMapping({"A": "sku", "N": "name", "R": "json:related"}, lines="product")
    path = written(tmp_path / "a.csv", text)
    with monkeypatch.context() as patched, pytest.raises(KeyError):
        patched.setattr(runner._Import, "settle", killed)
        await imported(pool, path, mapping=own)
    async with pool.acquire() as conn, conn.transaction():
        lamp, bulb = await catalog.all_products(conn)
        facts = structs.replace(bulb.facts, name="Bulb of ours", related={"fits": [lamp.id]})
        event = catalog.revise(bulb, facts)
        assert event is not None
        await save(conn, catalog.Change(catalog.evolve_product(bulb, 2, event), event))
    await imported(pool, path, mapping=own)
    assert await related(pool) == {"LAMP": {"parts": ["BULB"]}, "BULB": {"fits": ["LAMP"]}}
    assert await versions(pool) == {"LAMP": 2, "BULB": 2}


@pytest.mark.usefixtures("small_batches")
async def test_what_is_told_once_all_rows_are_in_is_kept_batch_by_batch_and_goes_on_there_behind_a_kill(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million rows that all name one that was rejected stood in memory until the end, and each kill began anew."""
    monkeypatch.setattr(journal, "EVERY", 0)
    lamps = [f"L{n},Lamp,BAD,\n" for n in range(6)]
    path = written(tmp_path / "a.csv", f"Art,Name,Goes,Or\n{''.join(lamps)}BAD,B\x07d,,\n")
    asked = list[list[str]]()

    def killed_third(rows: list[Row], known: Known) -> Plan:
        asked.append([row.sku for row in rows])
        if len(asked) == 3:
            raise KeyError("killed")
        return settling.settled(rows, known)

    monkeypatch.setattr(runner, "settled", killed_third)
    with pytest.raises(KeyError):
        await imported(pool, path, mapping=MAPPING)
    async with pool.acquire() as conn:
        [run] = await runs.page(conn, None, None, 10)
        assert (run.counts, run.place) == ({"created": 6, "rejected": 1, "partly": 4}, "4")
        assert [told.number for told in await runs.rejects_after(conn, run.id, 0, 10)] == [2, 3, 4, 5, 8]
    rejects = Rejects()
    again = await imported(pool, path, rejects, mapping=MAPPING)
    assert (again.run_id, again.partly, rejects.codes) == (run.id, 2, [(n, "unknown_related") for n in (6, 7)])
    assert asked == [["L0", "L1"], ["L2", "L3"], ["L4", "L5"], ["L4", "L5"]]
    async with pool.acquire() as conn:
        [run] = await runs.page(conn, None, None, 10)
    assert run.counts == {"created": 6, "rejected": 1, "partly": 6}


async def test_an_import_that_looks_through_its_file_says_that_it_lives_and_hears_that_it_is_undone(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun once more it was taken for dead, and the run that was at work was stopped."""
    monkeypatch.setattr(journal, "EVERY", 0)
    check, path = journal.Journal.check, written(tmp_path / "a.csv", FILE)

    async def undone(self: journal.Journal, conn: Connection) -> None:
        assert self.run is not None
        await runs.end(conn, self.run.id, "stopped")
        await check(self, conn)

    monkeypatch.setattr(journal.Journal, "check", undone)
    with pytest.raises(ImportUndone):
        await imported(pool, path, mapping=MAPPING)
    async with pool.acquire() as conn:
        [run] = await runs.page(conn, None, None, 10)
    assert (await related(pool), run.rows_done) == ({}, 0)
    assert run.seen_at > run.began_at


@pytest.mark.usefixtures("small_batches")
async def test_a_product_whose_slug_is_the_sku_of_another_names_that_other(pool: Pool, tmp_path: Path) -> None:
    """Our own export was rejected: it names SKUs, and 300 was taken for the product itself."""
    columns = {"Art": "sku", "Name": "name", "Slug": "slug", "Goes": "related:accessories"}
    text = "Art,Name,Slug,Goes\nLAMP,Lamp,300,300\nB,B,b,\nC,C,c,\n300,Bulb,bulb,\n"
    for dry_run in (True, False, False):
        rejects, mapping = Rejects(), ColumnMapping(columns, lines="product")
        done = await imported(pool, written(tmp_path / "a.csv", text), rejects, mapping=mapping, dry_run=dry_run)
        assert (rejects.codes, done.partly) == ([], 0)
    assert await related(pool) == {"LAMP": {"accessories": ["300"]}}


@pytest.mark.usefixtures("small_batches")
async def test_the_sku_of_a_row_that_is_still_to_come_goes_before_the_slug_of_a_product_that_is_there(
    pool: Pool, tmp_path: Path
) -> None:
    await imported(pool, written(tmp_path / "a.csv", "Art,Name,Goes,Or\nOLD,desk lamp,,\n"), mapping=MAPPING)
    text = "Art,Name,Goes,Or\nB,Both,desk-lamp,\nC,C,,\nD,D,,\ndesk-lamp,Other,,\n"
    done = await imported(pool, written(tmp_path / "b.csv", text), mapping=MAPPING)
    assert (done.created, done.partly) == (4, 0)
    assert await related(pool) == {"B": {"accessories": ["desk-lamp"]}}
