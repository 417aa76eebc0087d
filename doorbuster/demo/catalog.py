"""A catalog for a shop that may have none yet, and how to wait until everybody sees it."""

from pathlib import Path

import asyncpg

from doorbuster import catalog_import
from doorbuster.following import heads
from doorbuster.home import Home
from doorbuster.sample_catalog import write_catalog
from shared.position import Position

REAL_CATALOG = Path(__file__).parents[3] / "shared" / "data" / "catalog" / "icecat.tsv.gz"
SAMPLE_PRODUCTS = 3000
STOCK = 100
CURRENCY = "EUR"


async def put_in(home: Home, database_url: str, file: Path | None = None) -> str:
    """Import this catalog, else the real one beside the checkout, else a made-up one; answers the import's summary."""
    chosen = file or REAL_CATALOG
    if not chosen.exists() and file is None:
        chosen = home.folder / "sample-catalog.tsv"
        write_catalog(chosen, SAMPLE_PRODUCTS, 1)
    rejects = home.folder / "demo.rejected.csv"
    wanted = catalog_import.Wanted(chosen, rejects, None, CURRENCY, STOCK, None, False)
    return await catalog_import.run(database_url, wanted)


async def position_of_log(database_url: str) -> str:
    """The token that makes a query wait for everything written so far."""
    conn = await asyncpg.connect(database_url)
    try:
        epoch = await conn.fetchval("SELECT epoch FROM log_settings")
        return Position(epoch, await heads(conn)).token()
    finally:
        await conn.close()
