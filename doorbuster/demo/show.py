"""The whole demo: everything up, the catalog in, the journeys walked, the invariants checked."""

import time

from doorbuster.demo import catalog, journey, shipping, stampede
from doorbuster.demo.opening import everything_up
from doorbuster.demo.shop import Shop
from doorbuster.demo.steps import Steps, promise
from doorbuster.home import Home
from doorbuster.invariants import all as invariants
from doorbuster.tokens import issue


async def run(home: Home) -> None:
    """Walk the demo; raises `Broken` when a promise does not hold."""
    steps = Steps()
    steps.chapter("Servers and processes")
    state = await everything_up(steps, home)
    environment = state.environment
    bearer = await issue(environment["DATABASE_URL"], "demo", list(_SCOPES))
    async with Shop(environment) as shop:
        steps.chapter("A catalog goes in")
        await _import(steps, shop, home, environment["DATABASE_URL"])
        steps.chapter("A guest buys")
        order = await journey.buy(shop, steps)
        steps.chapter("It goes to them")
        await shipping.ship(shop, steps, order, bearer)
        steps.chapter("A card is declined")
        await journey.be_declined(shop, steps)
        steps.chapter(f"{stampede.BUYERS} buyers at once for {stampede.UNITS} units")
        await stampede.rush(shop, steps, bearer)
        steps.chapter("What must hold, holds")
        await _verify(steps, environment)
    print(addresses(environment))


_SCOPES = ("catalog:write", "stock:write", "stock:read", "orders:read", "orders:write")


async def _import(steps: Steps, shop: Shop, home: Home, database_url: str) -> None:
    with steps.step("import") as told:
        told.found = await catalog.put_in(home, database_url)
    with steps.step("visible in search") as told:
        shown = await _listed(shop, await catalog.position_of_log(database_url))
        told.found = f"{shown} products come out of the query API"


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


async def _verify(steps: Steps, environment: dict[str, str]) -> None:
    for invariant, check in invariants.CHECKS.items():
        with steps.step(invariant) as told:
            found = await check(environment)
            promise(not found, f"{invariant}: {len(found)} differences, the first: {found[:1]}")
            told.found = "holds"


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
