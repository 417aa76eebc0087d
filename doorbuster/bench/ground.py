"""The ground that benchmarks stand on: a home of their own, thrown away afterwards, with a catalog and stock in it.

Servers run as `doorbuster up` runs them, fsync on. Our own processes are started and stopped as each benchmark needs
them, so that those it doesn't measure take no CPU from it; what they were is told in each benchmark.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from elasticsearch import AsyncElasticsearch
from msgspec import structs
from redis import Redis

from doorbuster import catalog_import, native, probes, processes, running, stack, state
from doorbuster.bench import cpu, wrk
from doorbuster.bench.frame import Invalid
from doorbuster.bench.options import Options
from doorbuster.bench.watching import Checkpoints
from doorbuster.following import HEADS
from doorbuster.home import Home, free_port
from doorbuster.processes import Program
from doorbuster.sample_catalog import write_catalog
from projector import merging
from shared.documents.layout import alias_name
from shared.documents.products import SEARCH

STOCK = 1_000_000  # of each SKU: benchmarks never sell out
KEPT = Path("growth", "portions.jsonl")  # in each home that is kept: what it was filled with
CATALOG = "catalog"  # the database that all others are copied from
QUIET_CORES, QUIET_SECONDS, MOST_PATIENCE = 0.1, 0.5, 300.0
LOOK_SECONDS = 10.0  # between two looks whether those that are to work still do
IDLE_CORES, IDLE_LOOKS = 0.4, 4  # what all our processes together spend on looking for work, at most


class Ground:
    """A running home. Made by `prepared`."""

    def __init__(self, home: Home, plan: stack.Plan) -> None:
        self.home = home
        self.hurried = False  # wants no figures: waits for no calm
        ttl = os.environ.get("QUOTE_TTL_SECONDS", "86400")  # quotes are made long before they are taken up
        # A search is measured, not the memory of the one before; `kept_searches` is the one that tells of that.
        self.environment = {**plan.environment, "QUOTE_TTL_SECONDS": ttl, "KEPT_SEARCH_SECONDS": "0"}
        self._programs = {program.name: program for program in plan.programs if program.kind == "process"}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._database = ""
        self._admin_url = plan.environment["DATABASE_URL"]
        self.file = home.folder / "catalog.tsv"
        self.reached: dict[str, float] = {}  # benchmark → what it reached, for those that go by it

    def roots(self) -> dict[str, int]:
        """The pid at the top of each server, and of each of our processes that runs now."""
        found = state.read_live(self.home)
        servers = {p.name: p.process.pid for p in found.programs if p.process} if found else {}
        return servers | {name: child.pid for name, child in self._running.items()}

    def only(self, *names: str) -> None:
        """Run these of our processes and no others, and wait until they are healthy. One that ended is started anew."""
        for name in [name for name, child in self._running.items() if name not in names or child.poll() is not None]:
            self.stop(name)
        for name in names:
            if name not in self._running:
                self._start(self._programs[name])

    def stop(self, name: str) -> None:
        """Stop one of our processes."""
        child = self._running.pop(name)
        if process := processes.identify(child.pid):
            processes.stop(process)
        child.wait()

    def serve_bare(self, size: int) -> str:
        """The limit of an HTTP answer in a process of its own: named `bare`; answers its URL."""
        port = free_port()
        command = [sys.executable, "-m", "doorbuster.bench.bare_server", str(port), str(size)]
        url = f"http://127.0.0.1:{port}"
        self._start(Program("bare", command, url, f"{url}/"))
        return url

    def _start(self, program: Program) -> None:
        environment = {**program.environment, **self.environment}
        log = self.home.log(program.name)
        child = processes.spawn(structs.replace(program, environment=environment), self.home.folder, log)
        self._running[program.name] = child
        deadline = time.monotonic() + program.patience
        while not probes.healthy(program.probe):
            if child.poll() is not None or time.monotonic() > deadline:
                raise Invalid(f"{program.name} does not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)

    # --- databases --------------------------------------------------------------------------------------------------

    def use(self, database: str, *, copy_of: str | None = CATALOG) -> None:
        """Lead everybody to a database, made if need be; our processes stop, read models are emptied, unless they are
        what a home that was kept has of it."""
        if database == self._database:
            return
        self.only()
        stands = asyncio.run(_fetch(self._admin_url, "SELECT FROM pg_database WHERE datname = $1", database))
        if not stands:
            self.database(database, copy_of=copy_of)
        kept = bool(stands) and not self._database
        self._database, self.environment["DATABASE_URL"] = database, url_of(self._admin_url, database)
        if copy_of is None:
            self._migrate()
        if kept:
            return
        with Redis.from_url(self.environment["REDIS_URL"]) as redis:
            redis.flushall()

    def database(self, name: str, statements: str = "", *, copy_of: str | None = None) -> str:
        """A database of the same server, empty or a copy, with these statements run in it; its URL."""
        made = f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{copy_of}"' if copy_of else "")
        asyncio.run(_execute(self._admin_url, made))
        url = url_of(self._admin_url, name)
        if statements:
            asyncio.run(_execute(url, statements))
        return url

    def _migrate(self) -> None:
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            [sys.executable, "-m", "write_side", "migrate"], env=environment, capture_output=True, check=False
        )
        if done.returncode:
            raise Invalid(f"the migration failed: {done.stderr.decode()[-2000:]}")

    def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the database in use."""
        return asyncio.run(_fetch(self.environment["DATABASE_URL"], query, *arguments))

    def execute(self, statements: str) -> None:
        """Change the database in use."""
        asyncio.run(_execute(self.environment["DATABASE_URL"], statements))

    def heads(self) -> dict[int, int]:
        """The last position of each shard that has events."""
        return {row["shard"]: row["at"] for row in self.fetch(HEADS)}

    # --- waiting ----------------------------------------------------------------------------------------------------

    def filled(self, patience: float = MOST_PATIENCE) -> None:
        """Run the worker and the projector until all read models show all of the log; one that ends is started anew, as
        it is in a shop."""
        checkpoints, heads = Checkpoints(self.environment["REDIS_URL"]), self.heads()
        deadline = time.monotonic() + patience
        while True:
            self.only("worker", "projector")
            try:
                return checkpoints.wait(heads, min(LOOK_SECONDS, patience))
            except Invalid:
                if time.monotonic() > deadline:
                    raise

    def merged(self, patience: float = MOST_PATIENCE) -> None:
        """Wait until the projector, which runs, has merged the segments of the searched products.

        It does so when nothing was written for ten seconds, as it is in a shop before the day begins.
        """
        if not self.hurried:
            url, prefix = self.environment["ELASTICSEARCH_URL"], self.environment.get("INDEX_PREFIX", "")
            asyncio.run(_merged(url, alias_name(prefix, SEARCH), patience))

    def warm(self, target: wrk.Target, options: Options) -> None:
        """Ask until Elasticsearch's JVM has compiled what it answers by."""
        if options.warm and not self.hurried:
            target.run(options.searchers, options.warm, wrk.rate)

    def until_quiet(self, _side: str = "", patience: float = MOST_PATIENCE) -> None:
        """Wait until our programs have nothing left to do: what one round leaves behind must not slow the next.

        Where all of them run, looking for work alone may cost more than `QUIET_CORES`: then a lasting calm will do.
        """
        if self.hurried:
            return
        deadline, calm = time.monotonic() + patience, 0
        roots = self.roots()
        while time.monotonic() < deadline:
            before, began = cpu.used(roots), time.monotonic()
            time.sleep(QUIET_SECONDS)
            spent = sum(cpu.used(roots).since(before).programs.values())
            cores = spent / 1000 / (time.monotonic() - began)
            calm = calm + 1 if cores < IDLE_CORES else 0
            if cores < QUIET_CORES or calm == IDLE_LOOKS:
                return
        raise Invalid(f"the programs still work after {patience:.0f} seconds")


def url_of(admin_url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{database}"))


async def _merged(url: str, index: str, patience: float) -> None:
    async with AsyncElasticsearch(url) as client, asyncio.timeout(patience):
        while await merging.pending(client, index):
            await asyncio.sleep(1)


async def _execute(url: str, statements: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(statements)
    finally:
        await conn.close()


async def _fetch(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetch(query, *arguments)
    finally:
        await conn.close()


@contextlib.contextmanager
def prepared(products: int, *, hurried: bool = False) -> Iterator[Ground]:
    """The ground with a catalog in it."""
    with empty() as ground:
        ground.hurried = hurried
        ground.use(CATALOG, copy_of=None)
        write_catalog(ground.file, products, 1)
        rejects = ground.file.with_suffix(".rejected.csv")
        wanted = catalog_import.Wanted(ground.file, rejects, None, "EUR", STOCK, None, False)
        asyncio.run(catalog_import.run(ground.environment["DATABASE_URL"], wanted))
        yield ground


@contextlib.contextmanager
def empty() -> Iterator[Ground]:
    """The ground with nothing in it; stops what it started and leaves nothing behind, whatever happens."""
    with _standing(Home.default().folder / "bench", running.discard) as ground:
        yield ground


@contextlib.contextmanager
def kept(folder: Path) -> Iterator[Ground]:
    """The ground as it was left in this folder, empty the first time; stops what it started, and leaves the rest.

    Raises `Invalid` where somebody else's things lie there: in the home of a shop all would be stopped and emptied. And
    while another run has it, wherever that one was called from.
    """
    mark = folder / KEPT
    if not mark.exists() and folder.exists() and any(folder.iterdir()):
        raise Invalid(f"{folder} is no folder of a shop that was kept here: name an empty one")
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    with Home(folder).lock("kept", wait=False) as mine:  # beside the lock of the home from which it was called
        if not mine:
            raise Invalid(f"another run has the shop in {folder}")
        with _standing(folder, running.stop_all) as ground:
            yield ground


@contextlib.contextmanager
def _standing(folder: Path, cleared: Callable[[Home], None]) -> Iterator[Ground]:
    """`cleared` is called before, for what a killed run left, and after. One run at a time: two would measure each
    other."""
    for server in native.SERVERS.values():
        os.environ.pop(server.variable, None)  # the user's own servers are none of ours
    os.environ["DOORBUSTER_CACHE"] = str(Home.default().cache)
    home = Home(folder)
    with Home.default().lock("bench", wait=False) as mine:
        if not mine:
            raise Invalid(f"another benchmark runs here, in {Home.default().folder}")
        try:
            cleared(home)
            plan = stack.plan(home, "all")  # before anything runs: the ports must be free when they are given out
            running.up(home, "servers")
            ground = Ground(home, plan)
            try:
                yield ground
            finally:
                ground.only()
        finally:
            cleared(home)


def own_folder(ground: Ground, name: str) -> Path:
    """A folder of the run for scripts and data."""
    folder = ground.home.folder / name
    folder.mkdir(exist_ok=True)
    return folder
