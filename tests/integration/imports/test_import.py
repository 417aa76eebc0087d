"""An import on real Postgres; the pool fixture compares rows and fold afterwards."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from msgspec import structs

from doorbuster import catalog_import
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.imports.files import Rejects, imported, log_types, row, written
from write_side import catalog, inventory, pricing
from write_side.catalog import ProductInput, VariantInput
from write_side.catalog.handlers import create_product
from write_side.database import Pool
from write_side.imports import READY, ColumnMapping, UnreadableFile, pace
from write_side.imports.runs import store as runs
from write_side.inventory.handlers import open_warehouse
from write_side.inventory.warehouses.domain import OpenWarehouse
from write_side.pricing.domain import NewPrice
from write_side.pricing.handlers import set_price


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches from a few rows, so that they are planned and saved beside each other."""
    monkeypatch.setattr(pace, "MOST", 7)
    monkeypatch.setattr(pace, "FEWEST", 7)


async def on_hand(pool: Pool) -> dict[str, tuple[str, int]]:
    async with pool.acquire() as conn:
        rows = await conn.fetch("SELECT sku, warehouse, on_hand FROM stock_item")
    return {row["sku"]: (row["warehouse"], row["on_hand"]) for row in rows}


@pytest.mark.usefixtures("small_batches")
async def test_a_file_goes_in_once(pool: Pool, tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(n) for n in range(50)])
    first = await imported(pool, path, stock=3)
    assert (first.created, first.rejected, first.share) == (50, 0, 1)
    once = await log_types(pool)
    assert once == {
        "category_created": 1, "product_created": 50, "price_set": 50, "stock_item_opened": 50, "warehouse_opened": 1
    }  # fmt: skip
    again = await imported(pool, path, stock=4)
    assert (again.unchanged, again.created, again.revised) == (50, 0, 0)
    assert await log_types(pool) == once
    assert await on_hand(pool) == {str(n): ("MAIN", 3) for n in range(50)}


@pytest.mark.usefixtures("small_batches")
async def test_slugs_come_out_in_the_order_of_the_file(pool: Pool, tmp_path: Path) -> None:
    await imported(pool, written(tmp_path / "a.tsv.gz", [row(n) for n in range(40)]))
    async with pool.acquire() as conn:
        products = await catalog.all_products(conn)
    assert {p.facts.external_ref: p.facts.slug for p in products} == {
        str(n): f"desk-lamp-{n}" if n else "desk-lamp" for n in range(40)
    }


@pytest.mark.usefixtures("small_batches")
async def test_changed_rows_revise_and_others_do_not(pool: Pool, tmp_path: Path) -> None:
    await imported(pool, written(tmp_path / "a.tsv.gz", [row(n) for n in range(30)]))
    before = await log_types(pool)
    changes = {3: {"price": "1"}, 12: {"product_name": "Better"}, 29: {"brand": "", "price": "2"}}
    rows = [row(n, **changes.get(n, {})) for n in range(30)]
    again = await imported(pool, written(tmp_path / "b.tsv.gz", rows))
    assert (again.revised, again.unchanged) == (3, 27)
    after = await log_types(pool)
    assert after == before | {"product_revised": 2, "price_set": 32}


async def test_each_bad_row_is_rejected_with_its_line_and_the_others_go_in(pool: Pool, tmp_path: Path) -> None:
    rows = [
        row(1),
        row(2, price="19.99"),
        row(3, ean="4006381333932"),
        row(4, product_name=""),
        row(1),
        row(5, product_features="power"),
        row(6, product_description="nul \x00"),
        row(7),
    ]
    rejects = Rejects()
    done = await imported(pool, written(tmp_path / "a.tsv.gz", rows), rejects)
    assert (done.created, done.rejected, done.rows) == (2, 6, 8)
    assert rejects.codes == [
        (3, "broken_price"), (4, "broken_ean"), (5, "no_name"), (6, "duplicate_product"), (7, "broken_feature"),
        (8, "control_character"),
    ]  # fmt: skip
    assert rejects.all[0].cells[0] == "2"


@pytest.mark.parametrize("field", ["sku", "slug", "external_ref", "product_type", "category"])
async def test_a_sign_that_postgres_has_no_text_with_rejects_its_row_alone_wherever_it_stands(
    pool: Pool, tmp_path: Path, field: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("N,X,S\nLamp,x,1\nBulb,a\x00b,2\n")
    columns = {"N": "name", "X": field} | ({} if field == "sku" else {"S": "sku"})
    done = await imported(pool, path, rejects := Rejects(), mapping=ColumnMapping(columns, exact=True))
    assert (done.created, rejects.codes) == (1, [(3, "control_character")])


@pytest.mark.usefixtures("small_batches")
async def test_two_imports_of_one_file_at_once_make_each_product_once(pool: Pool, tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(n, product_features=f"type:T{n % 5}") for n in range(60)])
    rejects = Rejects()
    first, second = await asyncio.gather(imported(pool, path, rejects, stock=1), imported(pool, path, rejects, stock=1))
    assert rejects.codes == []
    assert first.rows == second.rows == 60
    types = await log_types(pool)
    assert (types["product_created"], types["price_set"], types["category_created"]) == (60, 60, 5)


@pytest.mark.usefixtures("small_batches")
async def test_an_import_outlasts_connections_that_are_cut(pool: Pool, database_url: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(n) for n in range(100)])
    superuser = await asyncpg.connect(database_url)
    cut = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'test' AND xact_start IS NOT NULL"""
    importing, cuts = asyncio.create_task(imported(pool, path, rejects := Rejects(), stock=3)), 0
    while not importing.done() and cuts < 4:  # more could end one row for good
        cuts += await superuser.fetchval(cut)
    await superuser.close()
    done = await importing
    assert cuts > 0
    assert (done.created + done.unchanged, rejects.codes) == (100, [])
    types = await log_types(pool)
    assert types["product_created"] == types["price_set"] == types["stock_item_opened"] == 100


async def test_stock_goes_to_the_warehouse_that_is_named_or_to_main(pool: Pool, tmp_path: Path) -> None:
    await open_warehouse(pool, OpenWarehouse("NEAR", "Near", "DE", 1), CAUSE, new_call())
    await imported(pool, written(tmp_path / "a.tsv.gz", [row(1)]), stock=3)
    await imported(pool, written(tmp_path / "b.tsv.gz", [row(2)]), stock=4, warehouse="NEAR")
    assert await on_hand(pool) == {"1": ("MAIN", 3), "2": ("NEAR", 4)}
    with pytest.raises(inventory.UnknownWarehouse):
        await imported(pool, tmp_path / "b.tsv.gz", stock=4, warehouse="GONE")


async def test_a_product_of_staff_is_adopted_and_a_taken_sku_rejected(pool: Pool, tmp_path: Path) -> None:
    for ref, skus in ((None, ["1", "1-XL"]), ("ERP", ["2"])):
        given = ProductInput(name=f"Ours {skus}", variants=[VariantInput(sku) for sku in skus], external_ref=ref)
        await create_product(pool, given, CAUSE, None)
    rejects = Rejects()
    done = await imported(pool, written(tmp_path / "a.tsv.gz", [row(1), row(2), row(3)]), rejects)
    assert (done.revised, done.created, rejects.codes) == (1, 1, [(3, "sku_taken")])
    async with pool.acquire() as conn:
        [adopted] = await catalog.find_known(conn, ["1"], [])
    assert (adopted.facts.slug, [v.sku for v in adopted.facts.variants]) == ("ours-1-1-xl", ["1", "1-XL"])


async def test_another_shop_s_file_by_a_mapping(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Art;Title;Price;Shelf;Colour;Left\nA1;Lamp;19.90;Home > Lamps;red;4\nA2;Shade;5;Home;;\n")
    columns = {"Art": "sku", "Title": "name", "Price": "price", "Shelf": "category", "Colour": "attribute:colour",
               "Left": "stock"}  # fmt: skip
    done = await imported(pool, path, currency="CHF", mapping=ColumnMapping(columns, price_unit="major"))
    assert done.created == 2
    async with pool.acquire() as conn:
        priced = await pricing.find_priced(conn, ["A1", "A2"])
        assert {sku: one.prices for sku, one in priced.items()} == {"A1": {"CHF": 1990}, "A2": {"CHF": 500}}
        tree = {category.slug: category for category in await catalog.all_categories(conn)}
        [lamp] = await catalog.find_known(conn, ["A1"], [])
    assert tree["home-lamps"].parent_id == tree["home"].id == UUID(str(tree["home"].id))
    assert (lamp.facts.category_id, lamp.facts.attributes) == (tree["home-lamps"].id, {"colour": "red"})
    assert await on_hand(pool) == {"A1": ("MAIN", 4)}


PRICES = ColumnMapping({"Art": "sku", "Name": "name", "Price": "price"})
SHELVED = ColumnMapping(PRICES.columns | {"Shelf": "category"})


async def shelves(pool: Pool) -> dict[str, str]:
    """SKU → the slug of its product's category."""
    async with pool.acquire() as conn:
        tree = {category.id: category.slug for category in await catalog.all_categories(conn)}
        products = await catalog.all_products(conn)
    return {v.sku: tree.get(p.facts.category_id or UUID(int=0), "") for p in products for v in p.facts.variants}


async def test_a_list_of_prices_moves_no_product_to_another_category(pool: Pool, tmp_path: Path) -> None:
    first, prices = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("Art,Name,Price,Shelf\nA1,Lamp,1990,Home > Lamps\nA2,Shade,500,Home\n")
    await imported(pool, first, mapping=SHELVED)
    prices.write_text("Art,Name,Price\nA1,Lamp,1890\nA2,Shade,500\n")
    told = await imported(pool, prices, mapping=PRICES, dry_run=True)
    assert (told.revised, told.unchanged, told.moved) == (1, 1, 0)
    done = await imported(pool, prices, mapping=PRICES)
    assert (done.revised, done.unchanged, done.moved) == (1, 1, 0)
    assert await shelves(pool) == {"A1": "home-lamps", "A2": "home"}
    assert (await log_types(pool))["category_created"] == 2  # and none is made that nothing would be in
    prices.write_text("Art,Name,Price\nA2,Shade,500\nA3,Cable,300\n")
    assert (await imported(pool, prices, mapping=PRICES)).created == 1
    assert await shelves(pool) == {"A1": "home-lamps", "A2": "home", "A3": "unsorted"}


async def test_a_dry_run_tells_how_many_products_would_move_to_another_category(pool: Pool, tmp_path: Path) -> None:
    first, moving = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("Art,Name,Price,Shelf\nA1,Lamp,1990,Home\nA2,Shade,500,Home\nA3,Cable,300,Home\n")
    await imported(pool, first, mapping=SHELVED)
    lines = ["A1,Lamp,1990,", "A2,Shade,500,Home > Shades", "A3,Cable,400,Home", "A4,Bulb,200,Home"]
    moving.write_text("\n".join(["Art,Name,Price,Shelf", *lines]))
    for dry_run in (True, False):
        done = await imported(pool, moving, mapping=SHELVED, dry_run=dry_run)
        assert (done.created, done.revised, done.moved, done.rows) == (1, 3, 2, 4)
    assert await shelves(pool) == {"A1": "unsorted", "A2": "home-shades", "A3": "home", "A4": "home"}
    async with pool.acquire() as conn:
        run = await runs.find(conn, done.run_id or UUID(int=0))
    assert run is not None
    assert run.counts == {"created": 1, "revised": 3, "moved": 2}


async def test_a_row_that_only_postgres_refuses_is_found_and_the_others_go_in(
    pool: Pool, tmp_path: Path, database_url: str
) -> None:
    import asyncpg

    owner = await asyncpg.connect(database_url)
    await owner.execute("ALTER TABLE product ADD CONSTRAINT no_seven CHECK (external_ref <> '7')")
    await owner.close()
    rejects = Rejects()
    done = await imported(pool, written(tmp_path / "a.tsv.gz", [row(n) for n in range(20)]), rejects)
    assert (done.created, rejects.codes) == (19, [(9, "not_saved")])


async def test_a_file_cut_off_leaves_what_stood_before(pool: Pool, tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(n, brand=f"{n * 7919}") for n in range(3000)])
    path.write_bytes(path.read_bytes()[:-8000])
    with pytest.raises(UnreadableFile, match="broken after line"):
        await imported(pool, path)
    assert 0 < (await log_types(pool))["product_created"] < 3000


async def test_what_makes_no_sense_is_refused_before_anything_happens(pool: Pool, tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv.gz", [row(1)])
    with pytest.raises(pricing.UnknownCurrency):
        await imported(pool, path, currency="XXX", stock=1)
    with pytest.raises(UnreadableFile, match="no column is the sku"):
        await imported(pool, path, mapping=ColumnMapping({"Art": "sku", "product_name": "name"}), stock=1)
    assert await log_types(pool) == {}


async def everything(pool: Pool) -> dict[str, object]:
    """All that the catalog and its prices say, without the ids."""
    async with pool.acquire() as conn:
        tree = {category.id: category.slug for category in await catalog.all_categories(conn)}
        products = await catalog.all_products(conn)
        priced = {one.sku: one.prices for one in await pricing.all_priced(conn)}
    return {
        p.facts.slug: (
            structs.replace(p.facts, variants=[], category_id=None), tree.get(p.facts.category_id or UUID(int=0)),
            [(v.sku, v.ean, v.name, v.options, priced.get(v.sku)) for v in p.facts.variants],
        )
        for p in products
    }  # fmt: skip


SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src
=shirt,"'Shirt"," Cool.
",Weft,Shirts,TRUE,Size,S,TS-S,19.90,https://cdn.example/a.jpg
=shirt,,,,,,,M,TS-M,21.90,
mug,Mug,,Weft,,TRUE,,,MUG,cheap,
cup,Cup,,Weft,,TRUE,Title,Default Title,CUP,9,
"""


async def test_another_shop_s_export_goes_in_comes_out_as_ours_and_back_changes_nothing(
    pool: Pool, tmp_path: Path, database_url: str
) -> None:
    path, ours = tmp_path / "shopify.csv", tmp_path / "ours.csv"
    path.write_text(SHOPIFY)
    dry, rejects = Rejects(), Rejects()
    told = await imported(pool, path, dry, mapping=READY["shopify"], stock=2, dry_run=True)
    assert (await log_types(pool), told.created, dry.codes) == ({}, 2, [(5, "broken_price")])
    done = await imported(pool, path, rejects, mapping=READY["shopify"], stock=2)
    assert (done.created, rejects.codes) == (2, dry.codes)
    await pricing_of(pool, "TS-S", "CHF", 2200)
    before = await everything(pool)
    assert set(before) == {"shirt", "cup"}
    with ours.open("w", newline="") as to:
        assert await catalog_import.export(database_url, to) == 2
    events = await log_types(pool)
    again = await imported(pool, ours, mapping=READY["doorbuster"])
    assert (again.unchanged, again.created, again.revised, again.rejected) == (2, 0, 0, 0)
    assert (await log_types(pool), await everything(pool)) == (events, before)
    ours.write_text(ours.read_text().replace("'Shirt", "Blouse"))
    assert (await imported(pool, ours, mapping=READY["doorbuster"])).revised == 1


async def pricing_of(pool: Pool, sku: str, currency: str, amount: int) -> None:
    await set_price(pool, sku, currency, NewPrice(amount), CAUSE, new_call())
