"""The drill: a shop of its own is destroyed under load, and brought back. It measures what was lost, and for how long.

Nothing of it touches the home it is started from: it lives in a folder below, with an archive beside it.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from msgspec import Struct

from doorbuster import catalog_import, running
from doorbuster.demo import catalog, stampede
from doorbuster.demo.shop import Shop
from doorbuster.demo.steps import Steps, promise
from doorbuster.disaster import backing_up, reconciling, restoring, serving
from doorbuster.disaster.archive import CLUSTERS, VARIABLE, Archive
from doorbuster.disaster.buyers import Acknowledged, Buyers
from doorbuster.following import until_followed
from doorbuster.home import Home
from doorbuster.invariants import all as invariants
from doorbuster.sample_catalog import write_catalog
from doorbuster.state import State
from doorbuster.tokens import issue
from shared.position import Position
from shared.settings import Settings
from write_side.payments.reconciling import Reconciled

MOST_LOST_SECONDS = 10.0
MOST_AWAY_SECONDS = 600.0
_EVENTS_PER_PRODUCT = 3  # it is created, has a price, has stock
_STORES = ("postgres", "keyring", "valkey", "elasticsearch")
_SCOPES = ["catalog:write", "stock:write", "stock:read", "orders:read"]
_UNITS = 1_000_000  # of what is bought: nobody is turned away


class Wanted(Struct, frozen=True):
    """How much there is to bring back, and what goes on when the disaster comes."""

    events: int
    seconds: float
    buyers: int


class Measured(Struct, frozen=True):
    """The verdict. `rpo_s`: from the first acknowledged order that is missing to the disaster. `rto_s`: from the
    disaster until an order could be bought from cart to mail again, every read model complete."""

    drill: str
    rpo_s: float
    rto_s: float
    events: int
    acknowledged: int
    missing: int
    broken: list[str]


async def run(home: Home, wanted: Wanted) -> Measured:
    """Set up, destroy, restore, measure. Raises what starting, importing and restoring raise, and `Broken`."""
    steps, archive = Steps(), Archive(home.folder / "archive")
    os.environ[VARIABLE] = str(archive.folder)
    steps.chapter("A shop, its archive, and so many events")
    with steps.step("everything up"):
        state = await asyncio.to_thread(running.up, home, "all")
    await _fill(steps, home, state.environment, wanted.events)
    with steps.step("base backup"):
        await asyncio.to_thread(backing_up.run, state.environment, backing_up.KEEP)
    steps.chapter(f"{wanted.buyers} buyers, and then the disaster")
    acknowledged, struck_at = await _disaster(steps, home, state, wanted)
    steps.chapter("Back again")
    restored, found = await _bring_back(steps, home, archive)
    with steps.step("buy something"):
        await _buy(found.environment)
    away = time.time() - struck_at
    return await _measured(steps, found.environment, restored, acknowledged, struck_at, away)


async def _fill(steps: Steps, home: Home, environment: dict[str, str], events: int) -> None:
    file = home.folder / "drill.tsv"
    products = max(1, events // _EVENTS_PER_PRODUCT)
    with steps.step("a catalog") as told:
        write_catalog(file, products, 1)
        chosen = catalog_import.Wanted(
            file, file.with_suffix(".rejected.csv"), None, catalog.CURRENCY, catalog.STOCK, None, False
        )
        told.found = await catalog_import.run(environment["DATABASE_URL"], chosen)
    with steps.step("read models follow"):
        position = Position.parse(await catalog.position_of_log(environment["DATABASE_URL"]))
        databases = environment["DATABASE_URL"], environment["REDIS_URL"]
        await until_followed(*databases, position.shards, serving.FILL_SECONDS)


async def _disaster(
    steps: Steps, home: Home, state: State, wanted: Wanted
) -> tuple[Sequence[Acknowledged], float]:
    bearer = await issue(state.environment["DATABASE_URL"], "drill", _SCOPES)
    async with Shop(state.environment) as shop:
        sku = await stampede.offer(shop, bearer, _UNITS, searchable=False)
        buyers = Buyers(shop, sku, wanted.buyers)
        with steps.step("orders flow") as told:
            await buyers.buy_for(wanted.seconds)
            told.found = f"{len(buyers.acknowledged)} acknowledged, {len(buyers.acknowledged) / wanted.seconds:.0f}/s"
        with steps.step("everything is killed") as told:
            struck_at = time.time()
            await asyncio.to_thread(_destroy, home, state)
            told.found = "Postgres, keyring, Redis, Elasticsearch: processes and data"
        await buyers.stop()
    return [order for order in buyers.acknowledged if order.at <= struck_at], struck_at


def _destroy(home: Home, state: State) -> None:
    """kill -9 for all of it at the same time, then not a file is left but secrets, archive and what is others'."""
    os.kill(state.supervisor.pid, signal.SIGKILL)
    for program in state.programs:
        if program.process and (program.name in _STORES or program.name.startswith("archive-")):
            with suppress(ProcessLookupError):
                os.killpg(program.process.pid, signal.SIGKILL)
    for name in _STORES:
        shutil.rmtree(_data(home, name))


def _data(home: Home, name: str) -> Path:
    folder = (home.folder / name).resolve()  # Postgres' account may not get to ours
    return folder / "data" if name in CLUSTERS.values() else folder


async def _bring_back(steps: Steps, home: Home, archive: Archive) -> tuple[restoring.Restored, State]:
    with steps.step("what still ran is stopped"):
        await asyncio.to_thread(running.down, home)
    with steps.step("databases restored") as told:
        restored = await asyncio.to_thread(restoring.restore, home, archive, None, lambda _: None)
        told.found = f"{restored.events} events, epoch {restored.epoch}"
    with steps.step("everything serves"):
        found = await asyncio.to_thread(serving.start, home, archive, restored.epoch)
    return restored, found


async def _buy(environment: dict[str, str]) -> None:
    bearer = await issue(environment["DATABASE_URL"], "drill", _SCOPES)
    async with Shop(environment) as shop:
        sku = await stampede.offer(shop, bearer, 1)
        cart_id, secret = await shop.cart(sku, 1, catalog.CURRENCY)
        mail = "first@shop.example"
        quote = await shop.quote(cart_id, secret, mail)
        order, position = await shop.place(quote["id"], secret)
        status = await shop.order(order, position)
        promise(status["state"] == "pending_payment", f"the first order after the disaster is {status['state']}")
        promise(await shop.pay(order) == "requires_capture", "the first card after the disaster is not taken")
        await shop.until_order(order, "payment_state", "captured")
        await shop.mail_to(mail, seconds=30)


async def _measured(
    steps: Steps, environment: dict[str, str], restored: restoring.Restored, acknowledged: Sequence[Acknowledged],
    struck_at: float, away: float,
) -> Measured:  # fmt: skip
    with steps.step("provider's books") as told:
        settings = Settings.read(environment)
        since = (restored.last_event_at or datetime.now(UTC)) - reconciling.LOOK_BACK
        books = await reconciling.run(settings, since)
        told.found = reconciling.lines(books)[0]
    missing = await _missing(environment["DATABASE_URL"], acknowledged)
    with steps.step("invariants") as told:
        broken = await _broken(environment, books.intents)
        told.found = "all hold" if not broken else f"{len(broken)} differences, the first: {broken[0]}"
    lost = max((struck_at - order.at for order in missing), default=0.0)
    passed = lost < MOST_LOST_SECONDS and away < MOST_AWAY_SECONDS and not broken
    return Measured(
        "ok" if passed else "failed", round(lost, 3), round(away, 1), restored.events, len(acknowledged),
        len(missing), broken[:5],
    )  # fmt: skip


async def _missing(url: str, acknowledged: Sequence[Acknowledged]) -> list[Acknowledged]:
    conn = await asyncpg.connect(url)
    try:
        ids = [order.id for order in acknowledged]
        there = {row["id"] for row in await conn.fetch("SELECT id FROM customer_order WHERE id = ANY ($1)", ids)}
    finally:
        await conn.close()
    return [order for order in acknowledged if order.id not in there]


async def _broken(environment: dict[str, str], books: Reconciled) -> list[str]:
    """What contradicts an invariant; money of lost orders is told by the books, and nobody can do better."""
    lost = [lost.intent_id for lost in books.lost]
    return [
        f"{verdict.invariant}: {difference}"
        for verdict in await invariants.verdicts(environment)
        for difference in verdict.differences
        if not any(intent_id in difference for intent_id in lost)
    ]
