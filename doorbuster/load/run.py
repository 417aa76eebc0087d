"""The whole run: everything up, a catalog in, shoppers in and out again, the invariants checked."""

import asyncio
from pathlib import Path

from msgspec import Struct

from doorbuster.demo import catalog, stampede
from doorbuster.demo.opening import everything_up
from doorbuster.demo.shop import Shop
from doorbuster.demo.steps import Steps
from doorbuster.home import Home
from doorbuster.invariants import all as invariants
from doorbuster.load import event_lag
from doorbuster.load.report import Report
from doorbuster.load.shoppers import Crowd, Result, shop
from doorbuster.tokens import issue

OFFERED = 20  # units of one product on the front page: some who want it are told that it is gone
SCOPES = ["catalog:write", "stock:write", "stock:read"]


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    crowd: Crowd
    most_failures: float
    catalog: Path | None


async def run(home: Home, wanted: Wanted) -> Report:
    """Set up, let them shop, check. Raises `Failed` and what starting or importing raises."""
    steps = Steps()
    steps.chapter("The shop opens")
    state = await everything_up(steps, home)
    environment = state.environment
    bearer = await issue(environment["DATABASE_URL"], "load", SCOPES)
    async with Shop(environment) as client:
        await fill(steps, client, home, environment["DATABASE_URL"], wanted.catalog)
        with steps.step("an offer") as told:
            told.found = f"{OFFERED} units of {await stampede.offer(client, bearer, OFFERED)}"
    projector = next(program.address for program in state.programs if program.name == "projector")
    steps.chapter("Shoppers")
    with steps.step("shopping") as told:
        result, lag = await _shopping(wanted.crowd, environment, bearer, home, projector)
        told.found = f"{wanted.crowd.users} shoppers, {result.total.requests} requests"
    with steps.step("invariants") as told:
        verdicts = await invariants.verdicts(environment)
        told.found = f"{sum(verdict.holds for verdict in verdicts)} of {len(verdicts)} hold"
    return Report(wanted.crowd, result, lag, verdicts, wanted.most_failures)


async def fill(steps: Steps, client: Shop, home: Home, database_url: str, file: Path | None) -> None:
    """A catalog with stock, once it can be found."""
    with steps.step("a catalog goes in") as told:
        told.found = await catalog.put_in(home, database_url, file)
    with steps.step("visible in search") as told:
        position = await catalog.position_of_log(database_url)
        page = await client.query("/v1/search?limit=0&facets=", position)
        told.found = f"{page['total']['value']} products ({page['total']['relation']})"


async def _shopping(
    crowd: Crowd, environment: dict[str, str], bearer: str, home: Home, projector: str
) -> tuple[Result, dict[str, dict[str, float | None]]]:
    """Locust's figures, and the lag of what was written after the warm-up."""
    shopping = asyncio.create_task(shop(crowd, environment, bearer, home.logs))
    await asyncio.wait([shopping], timeout=crowd.warm_up)
    before = await event_lag.read(projector)
    result = await shopping
    return result, event_lag.percentiles(before, await event_lag.read(projector))
