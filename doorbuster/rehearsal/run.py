"""The whole rehearsal: everything up, a catalog in, the crowd in, the fault in its midst, the books closed."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from doorbuster.bench.watching import Checkpoints
from doorbuster.demo import stampede
from doorbuster.demo.opening import everything_up
from doorbuster.demo.shop import Shop
from doorbuster.demo.steps import Steps
from doorbuster.faults.watching import LagWatch
from doorbuster.following import heads
from doorbuster.home import Home
from doorbuster.invariants import all as invariants
from doorbuster.invariants.captures import Provider, unsettled
from doorbuster.load.run import SCOPES, fill
from doorbuster.load.shoppers import LET_FINISH, Result, locust
from doorbuster.rehearsal import confirming, reconciling, waiting
from doorbuster.rehearsal.costs import CpuWatch
from doorbuster.rehearsal.inside import InsideWatch
from doorbuster.rehearsal.profiles import Profile, Rehearsed
from doorbuster.rehearsal.report import Lag, Note, Report, Waiting
from doorbuster.rehearsal.turns import Place, Terms
from doorbuster.tokens import issue
from projector.model import ELASTICSEARCH, ReadModel
from projector.read_models import product_search
from projector.read_models.all import READ_MODELS

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "black_friday.py"
UNITS = 100  # of the doorbuster
CATCH_UP = 60.0  # seconds that the read models may take for what is left at the end
SEE = 10.0  # … and the watch, to see what they have told
Lags = tuple[Lag, dict[str, Lag]]  # until all is written, and until searches see it
SEARCHED = {"products": [product_search.MODEL], "slowest": [m for m in READ_MODELS if m.sink == ELASTICSEARCH]}


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    profile: Profile
    users: int
    seconds: float
    haste: float = 1.0
    eagerness: float = 1.0
    units: int = UNITS
    generators: int = 1
    catalog: Path | None = None
    web_port: int | None = None  # Locust's web page, whose button begins it
    per_minute: int | None = None  # turns of a sale by turns


class Rush(Result, frozen=True, kw_only=True):
    """What Locust tells of a rehearsal."""

    slices: list[dict[str, Any]]
    sides: dict[str, dict[str, float | None]]
    ways: dict[str, dict[str, float | None]]
    generators: int
    began_at: float  # seconds since the epoch
    places: list[Place]


async def run(home: Home, wanted: Wanted) -> Report:
    """Set up, let them in, close the books. Raises `Failed` and what starting or importing raises."""
    steps = Steps()
    steps.chapter("The shop opens")
    state = await everything_up(steps, home)
    environment = state.environment
    bearer = await issue(environment["DATABASE_URL"], "black-friday", [*SCOPES, "sales:write"])
    async with Shop(environment) as client:
        await fill(steps, client, home, environment["DATABASE_URL"], wanted.catalog)
        with steps.step("the offer") as told:
            sku = await stampede.offer(client, bearer, wanted.units)
            told.found = f"{wanted.units} units of {sku}"
        terms = await _announced(client, wanted, bearer, sku)
    steps.chapter("Black Friday")
    async with _connected(environment["DATABASE_URL"]) as conn:
        since, products = await reconciling.before(conn), await conn.fetchval("SELECT count(*) FROM product")
        ours = {"command": environment["WRITE_API_URL"], "query": environment["READ_API_URL"]}
        with steps.step(wanted.profile.name) as told, CpuWatch(home) as cpu, InsideWatch(ours) as inside:
            rush, (lag, searches), notes = await _rushed(home, wanted, environment, bearer, sku, conn, since.position)
            told.found = f"{rush.total.requests} requests, {rush.outcomes.get('order placed', 0)} orders"
        with steps.step("books closed") as told:
            if terms is not None:
                await waiting.end(environment, bearer, terms)
            await unsettled(conn)
            provider = Provider(environment["STRIPE_API_BASE"], environment["STRIPE_API_KEY"])
            books = await reconciling.reconciled(conn, since, provider, rush.orders)
            confirmed = await confirming.confirmed(conn, rush.paid)
            told.found = "; ".join(books.differences()) or "orders, money and stock add up"
            quiet = (notes[0].at if notes else wanted.seconds) - waiting.COMES_UP
            queued = await _queued(conn, since.position, terms, rush, environment["LINK_SECRET"], quiet, cpu)
    with steps.step("invariants") as told:
        verdicts = await invariants.verdicts(environment)
        told.found = f"{sum(verdict.holds for verdict in verdicts)} of {len(verdicts)} hold"
    setting = {
        "users": wanted.users, "minutes": round(wanted.seconds / 60, 2), "haste": wanted.haste,
        "eagerness": wanted.eagerness, "units": wanted.units, "generators": rush.generators,
        "products": products,
    } | ({} if terms is None else {"per_minute": terms.per_minute})  # fmt: skip
    return Report(
        profile=wanted.profile.name, told=wanted.profile.told, began=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        setting=setting, result=rush, slices=rush.slices, sides=rush.sides, lag=lag, books=books,
        verdicts=verdicts, notes=notes, ways=rush.ways | {confirming.CONFIRMED: confirmed.took},
        unconfirmed=confirmed.never, cores=cpu.cores(), inside=inside.told(), waiting=queued, searches=searches,
    )  # fmt: skip


async def _announced(client: Shop, wanted: Wanted, bearer: str, sku: str) -> Terms | None:
    if wanted.profile.name != waiting.PROFILE:
        return None
    rate = wanted.per_minute or waiting.rate(wanted.users, wanted.seconds)
    return await waiting.announce(client, bearer, sku, wanted.units, wanted.seconds, rate)


async def _queued(
    conn: "asyncpg.Connection[asyncpg.Record]", since: int, terms: Terms | None, rush: Rush, secret: str, quiet: float,
    cpu: CpuWatch,
) -> Waiting | None:  # fmt: skip
    if terms is None:
        return None
    log = await waiting.logged(conn, since, terms)
    judged = waiting.judged(terms, log, rush.places, secret, rush.outcomes)
    asked = waiting.asking(terms, rush.slices, rush.began_at, quiet, cpu)
    return Waiting(judged, waiting.told(terms, log, rush.places, secret, rush.outcomes) | asked)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    conn = await asyncpg.connect(url)  # without the application's limits
    try:
        yield conn
    finally:
        await conn.close()


async def _rushed(
    home: Home, wanted: Wanted, environment: dict[str, str], bearer: str, sku: str,
    conn: "asyncpg.Connection[asyncpg.Record]", base: int,
) -> tuple[Rush, Lags, list[Note]]:  # fmt: skip
    """The crowd, the fault, and how far the read models were behind."""
    began, wall, notes = time.monotonic(), time.time(), list[Note]()
    note = lambda what: notes.append(Note(round(time.monotonic() - began, 1), what))  # noqa: E731
    with LagWatch(environment["REDIS_URL"], READ_MODELS) as watch:
        fault = asyncio.create_task(_fault(wanted, Rehearsed(home, environment, wanted.seconds, note)))
        given = {**environment, "STAFF_TOKEN": bearer}
        try:
            told = await locust("black-friday", LOCUSTFILE, _options(wanted, sku), given, home.logs)
            await fault
        finally:
            fault.cancel()
        checkpoints, ends = Checkpoints(environment["REDIS_URL"]), await heads(conn)
        await asyncio.to_thread(checkpoints.wait, ends, CATCH_UP)
        await asyncio.to_thread(watch.wait, ends, SEE)
    return msgspec.json.decode(told, type=Rush), await _lags(conn, base, ends, watch, wall), notes


async def _fault(wanted: Wanted, rehearsed: Rehearsed) -> None:
    if wanted.profile.fault is not None:
        await asyncio.sleep(wanted.seconds * wanted.profile.at)
        await wanted.profile.fault(rehearsed)


async def _lags(
    conn: "asyncpg.Connection[asyncpg.Record]", base: int, ends: Mapping[int, int], watch: LagWatch, wall: float
) -> Lags:
    """Of the events behind `base` and up to what was waited for in each shard: the worker goes on writing."""
    rows = await conn.fetch(
        """SELECT shard, position, extract(epoch FROM recorded_at)::float8 AS at
           FROM event_log JOIN unnest($2::int[], $3::bigint[]) AS heads (shard, head) USING (shard)
           WHERE position > $1 AND position <= head ORDER BY recorded_at""",
        base, list(ends), list(ends.values()),
    )  # fmt: skip
    events = [(row["shard"], row["position"], row["at"]) for row in rows]

    def lag(models: Sequence[ReadModel], *, seen: bool) -> Lag:
        return Lag.of([(event[2] - wall, watch.ways([event], models, seen=seen)) for event in events])

    return lag(READ_MODELS, seen=False), {name: lag(models, seen=True) for name, models in SEARCHED.items()}


def _options(wanted: Wanted, sku: str) -> list[str]:
    profile = wanted.profile.name
    offered = ["--sku", sku] if profile in ("doorbuster", waiting.PROFILE) else []
    rush = ["--crowd", profile, "--peak", str(wanted.users), "--rush-seconds", f"{wanted.seconds:g}", *offered]
    people = ["--haste", f"{wanted.haste:g}", "--eagerness", f"{wanted.eagerness:g}"]
    end = ["--stop-timeout", str(LET_FINISH), "--exit-code-on-error", "0", "--only-summary"]
    many = ["--processes", str(wanted.generators)] if wanted.generators > 1 else []
    if wanted.web_port is None:
        return ["--headless", *rush, *people, *end, *many]
    return ["--autostart", "--autoquit", "3", "--web-port", str(wanted.web_port), *rush, *people, *end, *many]
