"""The ground that benchmarks stand on: a home of their own, thrown away afterwards, with a catalog and stock in it.

Servers run as `doorbuster up` runs them, fsync on. Our own processes are started and stopped as each benchmark needs
them, so that those it doesn't measure take no CPU from it; what they were is told in each benchmark.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from msgspec import structs
from redis import Redis

from doorbuster import catalog_import, native, probes, processes, running, stack, state
from doorbuster.bench import cpu
from doorbuster.bench.frame import Invalid
from doorbuster.home import Home, free_port
from doorbuster.processes import ProcessId, Program
from doorbuster.sample_catalog import write_catalog
from projector.read_models.all import READ_MODELS
from shared.documents.layout import shards_key

STOCK = 1_000_000  # of each SKU: benchmarks never sell out
CATALOG = "catalog"  # the database that all others are copied from
QUIET_CORES, QUIET_SECONDS, MOST_PATIENCE = 0.1, 0.5, 300.0


class Ground:
    """A running home. Made by `prepared`."""

    def __init__(self, home: Home, plan: stack.Plan) -> None:
        self.home = home
        ttl = os.environ.get("QUOTE_TTL_SECONDS", "86400")  # quotes are made long before they are taken up
        self.environment = {**plan.environment, "QUOTE_TTL_SECONDS": ttl}
        self._programs = {program.name: program for program in plan.programs if program.kind == "process"}
        self._running: dict[str, ProcessId] = {}
        self._database = ""
        self._admin_url = plan.environment["DATABASE_URL"]
        self.file = home.folder / "catalog.tsv"

    def roots(self) -> dict[str, int]:
        """The pid at the top of each server, and of each of our processes that runs now."""
        found = state.read_live(self.home)
        servers = {p.name: p.process.pid for p in found.programs if p.process} if found else {}
        return servers | {name: process.pid for name, process in self._running.items()}

    def only(self, *names: str) -> None:
        """Run these of our processes and no others, and wait until they are healthy."""
        for name in [name for name in self._running if name not in names]:
            self.stop(name)
        for name in names:
            if name not in self._running:
                self._running[name] = self._start(self._programs[name])

    def stop(self, name: str) -> None:
        """Stop one of our processes."""
        processes.stop(self._running.pop(name))

    def serve_bare(self, size: int) -> str:
        """The limit of an HTTP answer in a process of its own: named `bare`; answers its URL."""
        port = free_port()
        command = [sys.executable, "-m", "doorbuster.bench.bare_server", str(port), str(size)]
        url = f"http://127.0.0.1:{port}"
        self._running["bare"] = self._start(Program("bare", command, url, f"{url}/"))
        return url

    def _start(self, program: Program) -> ProcessId:
        log = self.home.log(program.name)
        environment = {**program.environment, **self.environment}
        program = structs.replace(program, environment=environment)
        child = processes.spawn(program, self.home.folder, log)
        identity = processes.identify(child.pid)
        deadline = time.monotonic() + program.patience
        while identity is None or not probes.healthy(program.probe):
            if child.poll() is not None or time.monotonic() > deadline:
                raise Invalid(f"{program.name} does not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        child.returncode = 0  # stopped by its identity, not through this object
        return identity

    # --- databases --------------------------------------------------------------------------------------------------

    def use(self, database: str, *, copy_of: str | None = CATALOG) -> None:
        """Lead everybody to a database, made if need be; our processes stop, read models are emptied."""
        if database == self._database:
            return
        self.only()
        if not asyncio.run(_fetch(self._admin_url, "SELECT FROM pg_database WHERE datname = $1", database)):
            made = f'CREATE DATABASE "{database}"' + (f' TEMPLATE "{copy_of}"' if copy_of else "")
            asyncio.run(_execute(self._admin_url, made))
        self._database, self.environment["DATABASE_URL"] = database, url_of(self._admin_url, database)
        if copy_of is None:
            self._migrate()
        with Redis.from_url(self.environment["REDIS_URL"]) as redis:
            redis.flushall()

    def database(self, name: str, statements: str) -> str:
        """A database of the same server that none of our processes uses; its URL."""
        asyncio.run(_execute(self._admin_url, f'CREATE DATABASE "{name}"'))
        url = url_of(self._admin_url, name)
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
        rows = self.fetch("SELECT shard, max(position) AS at FROM event_log GROUP BY shard")
        return {row["shard"]: row["at"] for row in rows}

    # --- waiting ----------------------------------------------------------------------------------------------------

    def filled(self) -> None:
        """Run the worker and the projector until all read models show all of the log."""
        self.only("worker", "projector")
        deadline = time.monotonic() + MOST_PATIENCE
        heads = self.heads()
        with Redis.from_url(self.environment["REDIS_URL"]) as redis:
            while not all(_reaches(redis, model.slot, heads) for model in READ_MODELS):
                if time.monotonic() > deadline:
                    raise Invalid(f"the read models are not filled after {MOST_PATIENCE:.0f} seconds")
                time.sleep(0.05)

    def until_quiet(self) -> None:
        """Wait until our programs have nothing left to do: what one round leaves behind must not slow the next."""
        deadline = time.monotonic() + MOST_PATIENCE
        roots = self.roots()
        while time.monotonic() < deadline:
            before, began = cpu.used(roots), time.monotonic()
            time.sleep(QUIET_SECONDS)
            spent = sum(cpu.used(roots).since(before).programs.values())
            if spent / 1000 / (time.monotonic() - began) < QUIET_CORES:
                return
        raise Invalid(f"the programs still work after {MOST_PATIENCE:.0f} seconds")


def _reaches(redis: "Redis", slot: str, heads: dict[int, int]) -> bool:
    told = cast(dict[bytes, bytes], redis.hgetall(shards_key(slot)))
    ready = all(f"ready:{shard}".encode() in told for shard in heads)
    seen = {shard: told.get(f"seen:{shard}".encode(), told.get(b"%d" % shard, b"0")) for shard in heads}
    return ready and all(int(seen[shard]) >= at for shard, at in heads.items())


def url_of(admin_url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{database}"))


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
def prepared(products: int) -> Iterator[Ground]:
    """The ground with a catalog in it; stops what it started and leaves nothing behind, whatever happens.

    One run at a time in a home: two would measure each other.
    """
    for server in native.SERVERS.values():
        os.environ.pop(server.variable, None)  # the user's own servers are none of ours
    os.environ["DOORBUSTER_CACHE"] = str(Home.default().cache)
    home = Home(Home.default().folder / "bench")
    with Home.default().lock("bench", wait=False) as mine:
        if not mine:
            raise Invalid(f"another benchmark runs in {home.folder}")
        try:
            _clear(home)
            plan = stack.plan(home, "all")  # before anything runs: the ports must be free when they are given out
            running.up(home, "servers")
            ground = Ground(home, plan)
            _import(ground, products)
            yield ground
        finally:
            _clear(home)


def _clear(home: Home) -> None:
    running.down(home)
    processes.kill_marked(home.folder)  # our own processes, which the supervisor doesn't know
    if not home.folder.exists():
        return
    for link in [path for path in home.folder.iterdir() if path.is_symlink()]:
        shutil.rmtree(link.resolve())  # where Postgres' account can get to
    shutil.rmtree(home.folder)


def _import(ground: Ground, products: int) -> None:
    ground.use(CATALOG, copy_of=None)
    write_catalog(ground.file, products, 1)
    rejects = ground.file.with_suffix(".rejected.csv")
    wanted = catalog_import.Wanted(ground.file, rejects, None, "EUR", STOCK, None, False)
    asyncio.run(catalog_import.run(ground.environment["DATABASE_URL"], wanted))


def own_folder(ground: Ground, name: str) -> Path:
    """A folder of the run for scripts and data."""
    folder = ground.home.folder / name
    folder.mkdir(exist_ok=True)
    return folder
