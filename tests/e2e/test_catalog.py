"""A real catalog goes in by the command line and comes out of the query API, every product of it.

That a second run of it changes nothing: tests/integration/imports/test_icecat.py, for a tenth of it.
"""

import csv
import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from doorbuster.demo.catalog import position_of_log
from doorbuster.demo.shop import Json, Shop
from tests.relevance import ratings

CATALOG = Path(__file__).parents[3] / "shared" / "data" / "catalog" / "icecat.tsv.gz"
PROJECTED_WITHIN = 600.0  # seconds, on machines that do other things as well: half a minute of both cores

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CATALOG.exists(), reason="the real catalog is only where the project is built"),
]


def imported(environment: dict[str, str], rejects: Path) -> str:
    """What `doorbuster import catalog` says."""
    command = [sys.executable, "-m", "doorbuster.cli", "import", "catalog", str(CATALOG), "--stock", "7"]
    done = subprocess.run(
        [*command, "--rejects", str(rejects)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def rows() -> Iterator[dict[str, str]]:
    with gzip.open(CATALOG, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


async def events(environment: dict[str, str], of_type: str) -> int:
    conn = await asyncpg.connect(environment["DATABASE_URL"])
    try:
        return int(await conn.fetchval("SELECT count(*) FROM event_log WHERE type = $1", of_type))
    finally:
        await conn.close()


async def listed(shop: Shop, position: str) -> dict[str, Json]:
    """SKU → item, by a walk over all pages."""
    found: dict[str, Json] = {}
    query, cursor = "/v1/search?sort=newest&limit=100&facets=", ""
    while True:
        page = await shop.query(query + cursor, position, seconds=PROJECTED_WITHIN)
        found |= {item["sku"]: item for item in page["items"]}
        if page["next_cursor"] is None:
            return found
        cursor, position = f"&cursor={page['next_cursor']}", ""


@pytest.fixture(scope="module")
def filled(stack: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the first import of the catalog said."""
    return imported(stack, tmp_path_factory.mktemp("first") / "rejected.csv")


async def test_every_product_goes_in_once_and_comes_out_as_it_was(
    stack: dict[str, str], filled: str, shop: Shop
) -> None:
    source = {row["product_id"]: row for row in rows()}
    assert f"{len(source)} created" in filled
    assert "0 rejected" in filled
    assert await events(stack, "catalog.category_created.v1") == 331
    found = await listed(shop, await position_of_log(stack["DATABASE_URL"]))
    assert found.keys() == source.keys()
    for sku, row in source.items():
        assert found[sku]["name"] == row["product_name"].strip()
        assert found[sku]["price"] == {"amount_minor": int(row["price"]), "currency": "EUR"}
        assert found[sku]["availability"] == "in"
    for sku in list(source)[::2000]:
        page = await shop.query(f"/v1/products/by-sku/{sku}")
        assert page["variants"][0]["sku"] == sku
        ean = page["variants"][0]["ean"]
        assert (await shop.query(f"/v1/products/by-ean/{ean}"))["id"] == page["id"]
        assert (await shop.query(f"/v1/products/by-slug/{page['slug']}"))["id"] == page["id"]


@pytest.mark.usefixtures("filled")
async def test_search_ranks_better_than_elasticsearch_left_to_itself(stack: dict[str, str], shop: Shop) -> None:
    position = await position_of_log(stack["DATABASE_URL"])
    await shop.query("/v1/search?q=lamp&facets=", position, seconds=PROJECTED_WITHIN)  # until all of it can be found
    ours = await ratings.judged(lambda words: ratings.ours(shop, words))
    plainly = await ratings.judged(lambda words: ratings.cross_fields(stack["ELASTICSEARCH_URL"], words))
    gain, at_least, _ = ratings.gain(ours, plainly)
    told = f"judged-only {ours.judged_only:.3f}, without our part {plainly.judged_only:.3f}, NDCG@10 {ours.ndcg:.3f}"
    assert ours.judged_only >= 0.83, told
    assert ours.ndcg >= 0.65, told
    assert at_least > 0, f"{told}, gain {gain:.3f}, of which no more than {at_least:.3f} is sure"
