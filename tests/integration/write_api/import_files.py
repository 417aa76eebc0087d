"""Files as they are sent, and what became of them."""

import csv
import io
from typing import Any

import httpx

from write_side import catalog, pricing
from write_side.database import Pool

Json = dict[str, Any]
COLUMNS = ["product_id", "product_name", "product_features", "brand", "price"]
MOST = 10_000_000
OWN = '{"columns": {"Art": "sku", "Name": "name", "Preis": "price"}, "price_unit": "major", "decimal_separator": ",", '


def table(rows: int, **changes: str) -> bytes:
    """Lamps, of which the one with the number 1 has no price that could be."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for n in range(rows):
        lamp = {"product_id": f"L{n}", "product_name": f"Lamp {n}", "product_features": "type:Lamp", "brand": "Nox"}
        lines.writerow((lamp | {"price": "free" if n == 1 else "1999"} | changes)[column] for column in COLUMNS)
    return text.getvalue().encode()


async def sent(api: httpx.AsyncClient, headers: Json, content: Any, **asked: Any) -> Json:
    answer = await api.post("/v1/imports", headers=headers, content=content, params=asked)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def shown(api: httpx.AsyncClient, headers: Json, run: Json) -> Json:
    return dict((await api.get(f"/v1/imports/{run['id']}", headers=headers)).json())


async def skus(pool: Pool) -> dict[str, str]:
    """The status of each product, by its SKU."""
    async with pool.acquire() as conn:
        return {one.facts.variants[0].sku: one.facts.status for one in await catalog.all_products(conn)}


async def prices(pool: Pool) -> dict[str, dict[str, int]]:
    async with pool.acquire() as conn:
        return {one.sku: dict(one.prices) for one in await pricing.all_priced(conn)}


async def left(pool: Pool) -> tuple[int, int]:
    """Files and pieces of files that are still kept."""
    query = "SELECT (SELECT count(*) FROM import_upload) AS files, (SELECT count(*) FROM import_chunk) AS pieces"
    row = await pool.fetchrow(query)
    assert row is not None
    return row["files"], row["pieces"]
