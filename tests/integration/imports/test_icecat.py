"""The real catalog: every product of it goes in, and a second time nothing happens."""

import gzip
from pathlib import Path

import pytest

from tests.integration.imports.files import Rejects, imported, log_types
from write_side import catalog, pricing
from write_side.database import Pool

ICECAT = Path(__file__).parents[4] / "shared/data/catalog/icecat.tsv.gz"
PRODUCTS = 19_406


@pytest.mark.slow
@pytest.mark.skipif(not ICECAT.exists(), reason="the Icecat file lies beside the project, not in it")
async def test_all_of_it_goes_in_and_then_nothing(pool: Pool) -> None:
    rejects = Rejects()
    first = await imported(pool, ICECAT, rejects, stock=100)
    assert (first.created, rejects.codes) == (PRODUCTS, [])
    types = await log_types(pool)
    assert types["product_created"] == types["price_set"] == types["stock_item_opened"] == PRODUCTS
    assert types["category_created"] == 331
    async with pool.acquire() as conn:
        [notebook] = await catalog.find_known(conn, ["2101957"], [])
        assert (await pricing.find_priced(conn, ["2101957"]))["2101957"].prices == {"EUR": 10995}
        tree = {category.id: category.name for category in await catalog.all_categories(conn)}
    assert tree[notebook.facts.category_id] == notebook.facts.product_type == "Notebook"  # type: ignore[index]
    assert notebook.facts.attributes["display diagonal"] == 17
    assert notebook.facts.attributes["touchscreen"] is False
    again = await imported(pool, ICECAT, rejects, stock=100)
    assert (again.unchanged, rejects.codes) == (PRODUCTS, [])
    assert await log_types(pool) == types


def test_the_file_is_the_one_we_know() -> None:
    if not ICECAT.exists():
        pytest.skip("the Icecat file lies beside the project, not in it")
    with gzip.open(ICECAT, "rt", encoding="utf-8", newline="") as text:
        assert sum(1 for _ in text) == PRODUCTS + 1
