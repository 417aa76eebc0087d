"""The stage: a whole shop with standbys in a home of its own, under the real supervisor, to be mistreated."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from msgspec import structs
from redis import Redis

from doorbuster import native, probes, processes, running, stack, state
from doorbuster.bench import cpu
from doorbuster.disaster.archive import VARIABLE
from doorbuster.faults.proxy import Proxies, Proxy
from doorbuster.home import Home
from doorbuster.processes import MARK_HOME, Program
from doorbuster.supervisor import Supervisor

PATIENCE = 600.0  # for the first start, which may have to fetch Elasticsearch
HEAL_WITHIN = 60.0
SKEWABLE = ("write-api", "worker", "worker-standby")


class NotWell(RuntimeError):
    """Something does not come back."""


class Stage:
    """A running shop. Made by `opened`."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.bug = home.folder / "bug"
        plan = stack.plan(home, "standby")
        environment = plan.environment
        self.streams = _before(home, "streams-proxy", environment["REDIS_URL"])
        self.log = _before(home, "log-proxy", environment["DATABASE_URL"])
        self.commands = _before(home, "commands-proxy", environment["WRITE_API_URL"])
        plan.programs = [self._changed(program) for program in plan.programs]
        self.environment: Mapping[str, str] = environment
        self.programs = {program.name: program for program in plan.programs}
        self._plan = plan
        self._state: state.State | None = None
        self._supervisor = Supervisor(home, plan, self._told)

    def _changed(self, program: Program) -> Program:
        """As `doorbuster up` runs it, but for the proxies and for the witnesses in the projector."""
        environment = dict(program.environment)
        if program.name.startswith(("worker", "projector")):
            environment["STREAMS_URL"] = _through(self.streams, environment["REDIS_URL"])
        if program.name == "write-api":
            environment["DATABASE_URL"] = _through(self.log, environment["DATABASE_URL"])
        if program.name in SKEWABLE:
            command = [sys.executable, "-m", "doorbuster.faults.skewed", str(self._clock(program.name))]
            assert program.command[1] == "-m"
            return structs.replace(program, environment=environment, command=[*command, *program.command[2:]])
        if not program.name.startswith("projector"):
            return structs.replace(program, environment=environment)
        environment["FAULTS_BUG"] = str(self.bug)
        command = [sys.executable, "-m", "doorbuster.faults.projector"]
        return structs.replace(program, environment=environment, command=command)

    def _told(self, now: state.State) -> None:
        self._state = now

    @contextlib.contextmanager
    def playing(self) -> Iterator[None]:
        """Everything runs while this lasts."""
        with Proxies(self.streams, self.log, self.commands):
            thread = threading.Thread(target=self._supervisor.run)
            thread.start()
            try:
                self.well(PATIENCE)
                yield
            finally:
                self.wake()
                self._supervisor.stop()
                thread.join()
                self.home.state_file.unlink(missing_ok=True)

    # --- who is who -------------------------------------------------------------------------------------------------

    def process(self, name: str) -> processes.ProcessId | None:
        """The process of a program, None while it has none."""
        assert self._state is not None
        return next(program.process for program in self._state.programs if program.name == name)

    async def leader(self, of: str) -> str:
        """The name of the process that holds the lease "relay" or "projector"."""
        pair = ("worker", "worker-standby") if of == "relay" else ("projector", "projector-standby")
        deadline = time.monotonic() + HEAL_WITHIN
        while time.monotonic() < deadline:
            port = await self.fetchval(
                """SELECT a.client_port FROM lease l JOIN pg_stat_activity a ON a.pid = l.backend_pid
                   WHERE l.name = $1 AND l.expires_at > clock_timestamp()""",
                of,
            )
            for name in pair:
                process = self.process(name)
                if port and process and _holds_port(process.pid, int(port)):
                    return name
        raise NotWell(f"nobody holds the lease {of}")

    async def taken_over(self, of: str, before: str) -> str:
        """Wait until another one holds the lease; its name."""
        async with asyncio.timeout(HEAL_WITHIN):
            while (now := await self.leader(of)) == before:
                await asyncio.sleep(0.02)
        return now

    async def counted(self, metric: str) -> float:
        """The sum of a counter over both projectors, as far as they answer; one that ended takes its part along."""
        total = 0.0
        async with httpx.AsyncClient(timeout=2) as client:
            for name in ("projector", "projector-standby"):
                with contextlib.suppress(httpx.HTTPError):
                    text = (await client.get(f"{self.programs[name].address}/metrics")).text
                    samples = [line for line in text.splitlines() if line.startswith((f"{metric} ", f"{metric}{{"))]
                    total += sum(float(sample.rpartition(" ")[2]) for sample in samples)
        return total

    def used(self) -> cpu.Used:
        """CPU time that everything here took so far."""
        assert self._state is not None
        return cpu.used({program.name: program.process.pid for program in self._state.programs if program.process})

    # --- mistreatment -----------------------------------------------------------------------------------------------

    def send(self, name: str, sign: int) -> None:
        """A signal to a program's process."""
        process = self.process(name)
        if process is None or not processes.alive(process):
            raise NotWell(f"{name} does not run")
        os.kill(process.pid, sign)

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it anew."""
        self.send(name, signal.SIGKILL)

    @contextlib.contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """SIGSTOP while this lasts: it holds what it held and knows of nothing."""
        process = self.process(name)
        self.send(name, signal.SIGSTOP)
        try:
            yield
        finally:
            if process and processes.alive(process):
                os.kill(process.pid, signal.SIGCONT)

    def set_clock(self, name: str, seconds: int) -> None:
        """Kill a program of `SKEWABLE`; its next process takes the time to be so much later."""
        self._clock(name).write_text(str(seconds))
        self.kill(name)

    def _clock(self, name: str) -> Path:
        return self.home.folder / f"{name}.clock"

    def wake(self) -> None:
        """Nothing is stopped or lossy any more."""
        for proxy in (self.streams, self.log, self.commands):
            proxy.behave()
        self.bug.unlink(missing_ok=True)
        for program in self._state.programs if self._state else []:
            if program.process and processes.alive(program.process):
                os.kill(program.process.pid, signal.SIGCONT)

    def well(self, seconds: float = HEAL_WITHIN) -> None:
        """Wait until every program runs and answers as it should."""
        deadline = time.monotonic() + seconds
        while missing := self._unwell():
            if time.monotonic() > deadline:
                raise NotWell(f"after {seconds:.0f} s these are not healthy: {', '.join(missing)}")
            time.sleep(0.05)

    def _unwell(self) -> list[str]:
        if self._state is None:
            return ["everything"]
        not_up = [program.name for program in self._state.programs if program.state != "healthy"]
        return not_up or [name for name, program in self.programs.items() if not probes.healthy(program.probe)]

    @property
    def shell(self) -> dict[str, str]:
        """The environment in which `doorbuster` is about this shop."""
        return {**os.environ, MARK_HOME: str(self.home.folder)}

    # --- stores -----------------------------------------------------------------------------------------------------

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A superuser's connection, without the application's limits."""
        return await asyncpg.connect(self.environment["DATABASE_URL"], timeout=5)

    async def fetchval(self, query: str, *arguments: object) -> Any:
        """Ask the log's database."""
        conn = await self.connect()
        try:
            return await conn.fetchval(query, *arguments)
        finally:
            await conn.close()

    def redis(self) -> "Redis":
        """A client that goes to Redis directly."""
        return Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5)

    def elasticsearch(self) -> httpx.AsyncClient:
        """A client of Elasticsearch."""
        return httpx.AsyncClient(base_url=self.environment["ELASTICSEARCH_URL"], timeout=10)


def _before(home: Home, name: str, url: str) -> Proxy:
    return Proxy(home.port(name), urlsplit(url).port or 80)


def _through(proxy: Proxy, url: str) -> str:
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{proxy.port}"))


def _holds_port(pid: int, port: int) -> bool:
    """Whether a process has a connection from this local port; one that ends meanwhile has none."""
    wanted, inodes = f":{port:04X}", set()
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(wanted):
                inodes.add(f"socket:[{fields[9]}]")
        return any(_leads_to(link) in inodes for link in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _leads_to(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


@contextlib.contextmanager
def opened(home: Home) -> Iterator[Stage]:
    """An empty shop in `home`; stops what it started and leaves nothing behind there, whatever happens."""
    for server in native.SERVERS.values():
        os.environ.pop(server.variable, None)  # the user's own servers are none of ours
    os.environ.pop(VARIABLE, None)  # nor is their archive
    os.environ["DOORBUSTER_CACHE"] = str(Home.default().cache)
    running.discard(home)
    try:
        stage = Stage(home)
        with stage.playing():
            yield stage
    finally:
        running.discard(home)
