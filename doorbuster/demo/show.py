"""The whole demo: everything up, the catalog in, the journeys walked, the invariants checked."""

import asyncio
import time
from pathlib import Path

import asyncpg

from doorbuster import catalog_import, running, verify
from doorbuster.demo import journey, stampede
from doorbuster.demo.shop import Shop
from doorbuster.demo.steps import Steps, promise
from doorbuster.home import Home
from doorbuster.sample_catalog import write_catalog
from doorbuster.tokens import issue
from shared.position import Position

REAL_CATALOG = Path(__file__).parents[3] / "shared" / "data" / "catalog" / "icecat.tsv.gz"
SAMPLE_PRODUCTS = 3000
STOCK = 100


async def run(home: Home) -> None:
    """Walk the demo; raises `Broken` when a promise does not hold."""
    steps = Steps()
    steps.chapter("Servers and processes")
    with steps.step("everything up") as told:
        state = await asyncio.to_thread(running.up, home, "all")
        told.found = f"{len(state.programs)} programs"
    environment = state.environment
    bearer = await issue(environment["DATABASE_URL"], "demo", list(_SCOPES))
    async with Shop(environment) as shop:
        steps.chapter("A catalog goes in")
        await _import(steps, shop, home, environment["DATABASE_URL"])
        steps.chapter("A guest buys")
        await journey.buy(shop, steps)
        steps.chapter("A card is declined")
        await journey.be_declined(shop, steps)
        steps.chapter(f"{stampede.BUYERS} buyers at once for {stampede.UNITS} units")
        await stampede.rush(shop, steps, bearer)
        steps.chapter("What must hold, holds")
        await _verify(steps, shop, environment["DATABASE_URL"])
    print(addresses(environment))


_SCOPES = ("catalog:write", "stock:write", "stock:read", "orders:read")


async def _import(steps: Steps, shop: Shop, home: Home, database_url: str) -> None:
    file = REAL_CATALOG
    if not file.exists():
        file = home.folder / "sample-catalog.tsv"
        write_catalog(file, SAMPLE_PRODUCTS, 1)
    rejects = home.folder / "demo.rejected.csv"
    wanted = catalog_import.Wanted(file, rejects, None, journey.CURRENCY, STOCK, None, False)
    with steps.step("import") as told:
        told.found = await catalog_import.run(database_url, wanted)
    with steps.step("visible in search") as told:
        told.found = f"{await _listed(shop, await position_of_log(database_url))} products come out of the query API"


async def position_of_log(database_url: str) -> str:
    """The token that makes a query wait for everything written so far."""
    conn = await asyncpg.connect(database_url)
    try:
        epoch = await conn.fetchval("SELECT epoch FROM log_settings")
        rows = await conn.fetch("SELECT shard, max(position) AS at FROM event_log GROUP BY shard")
        return Position(epoch, {row["shard"]: row["at"] for row in rows}).token()
    finally:
        await conn.close()


async def _listed(shop: Shop, position: str) -> int:
    """How many products a walk over all pages finds, each once."""
    seen: set[str] = set()
    query = "/v1/search?sort=name&limit=100&facets="
    page = await shop.query(query, position)
    while True:
        seen |= {found["id"] for found in page["items"]}
        if page["next_cursor"] is None:
            return len(seen)
        page = await shop.query(f"{query}&cursor={page['next_cursor']}")


async def _verify(steps: Steps, shop: Shop, database_url: str) -> None:
    with steps.step("one capture per order") as told:
        state = await shop.captures()
        paid = state["captures"]["order_id"]
        promise(not any(state["captured_more_than_once"].values()), "an order was captured twice")
        told.found = f"{len(paid)} orders, {sum(paid.values())} captures at the provider"
    with steps.step("rows = fold of the log") as told:
        conn = await asyncpg.connect(database_url)
        try:
            found = await verify.differences(conn)
            events = await conn.fetchval("SELECT count(*) FROM event_log")
        finally:
            await conn.close()
        promise(not found, f"{len(found)} differences, the first: {found[:1]}")
        told.found = f"{events} events, every hash chain unbroken"


def addresses(environment: dict[str, str]) -> str:
    """Where to go on from here."""
    write, read = environment["WRITE_API_URL"], environment["READ_API_URL"]
    lines = [
        ("commands", f"{write}/schema", "their OpenAPI pages"),
        ("queries", f"{read}/schema", "try /v1/search?q=…"),
        ("metrics", f"{write}/metrics", f"and {read}/metrics"),
        ("mails", environment["MAILS_URL"], "every mail that was sent"),
    ]
    table = "\n".join(f"  {name:<10} {address:<34} {what}" for name, address, what in lines)
    return f"\nEverything keeps running ({time.strftime('%H:%M:%S')}); `make down` stops it.\n{table}"
