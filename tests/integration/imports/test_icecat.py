"""The real catalog: a tenth of it goes in, and a second time nothing happens; all of it: tests/e2e/test_catalog.py."""

import gzip
from pathlib import Path

import pytest

from tests.integration.imports.files import Rejects, imported, log_types
from write_side import catalog, pricing
from write_side.database import Pool

ICECAT = Path(__file__).parents[4] / "shared/data/catalog/icecat.tsv.gz"
PRODUCTS = 19_406
NOTEBOOK = "2101957"
EACH = 10  # of so many rows one: afterwards all rows are compared with the log, which takes its time


@pytest.mark.slow
@pytest.mark.skipif(not ICECAT.exists(), reason="the Icecat file lies beside the project, not in it")
async def test_it_goes_in_and_then_nothing(pool: Pool, tmp_path: Path) -> None:
    rejects, some = Rejects(), tmp_path / "some.tsv.gz"
    with gzip.open(ICECAT, "rt", encoding="utf-8", newline="") as text:
        head, *lines = text
    chosen = [line for line in lines if line.startswith(f"{NOTEBOOK}\t")] + lines[::EACH]
    some.write_bytes(gzip.compress("".join([head, *dict.fromkeys(chosen)]).encode()))
    count = len(set(chosen))
    first = await imported(pool, some, rejects, stock=100)
    assert (first.created, rejects.codes) == (count, [])
    types = await log_types(pool)
    assert types["product_created"] == types["price_set"] == types["stock_item_opened"] == count > PRODUCTS / EACH
    async with pool.acquire() as conn:
        [notebook] = await catalog.find_known(conn, [NOTEBOOK], [])
        assert (await pricing.find_priced(conn, [NOTEBOOK]))[NOTEBOOK].prices == {"EUR": 10995}
        tree = {category.id: category.name for category in await catalog.all_categories(conn)}
    assert tree[notebook.facts.category_id] == notebook.facts.product_type == "Notebook"  # type: ignore[index]
    assert notebook.facts.attributes["display diagonal"] == 17
    assert notebook.facts.attributes["touchscreen"] is False
    again = await imported(pool, some, rejects, stock=100)
    assert (again.unchanged, rejects.codes) == (count, [])
    assert await log_types(pool) == types


def test_the_file_is_the_one_we_know() -> None:
    if not ICECAT.exists():
        pytest.skip("the Icecat file lies beside the project, not in it")
    with gzip.open(ICECAT, "rt", encoding="utf-8", newline="") as text:
        assert sum(1 for _ in text) == PRODUCTS + 1
