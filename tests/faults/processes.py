"""Our own processes, started by a test to be killed, stopped and woken by it."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis import Redis

from doorbuster.home import free_port
from shared.settings import Settings
from tests.fixtures.forked import begin
from tests.fixtures.private_server import PrivateServer
from tests.fixtures.servers import _NOWHERE as NOWHERE


def environment_of(settings: Settings, **named: str) -> dict[str, str]:
    """What has a process read these settings, with others besides."""
    names = settings.__struct_fields__
    return {name.upper(): str(getattr(settings, name)) for name in names if getattr(settings, name)} | named


class Ours:
    """A running process of ours."""

    def __init__(self, module: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.port, self.log = free_port(), log
        self.process = begin(module, {**os.environ, **environment, "PORT": str(self.port)}, log)

    def kill(self) -> None:
        """SIGKILL, and its end."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """SIGSTOP: it owns what it owned, and knows nothing of what happens."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, and its end."""
        if self.process.poll() is None:
            self.resume()
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def metric(self, name: str) -> float:
        """The sum over a metric's labels, 0 while it does not answer."""
        return sum(float(line.rpartition(" ")[2]) for line in self._samples(name))

    def shows(self, name: str) -> bool:
        """Whether it has anything to say about a metric."""
        return bool(self._samples(name))

    def _samples(self, name: str) -> list[str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return []
        return [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]


class Lab:
    """The stores of one test, and our processes on them."""

    def __init__(self, environment: dict[str, str], valkey: PrivateServer, folder: Path) -> None:
        self.environment, self.valkey, self._folder = environment, valkey, folder
        self.conn: asyncpg.Connection[asyncpg.Record]
        self.redis: Any = Redis.from_url(valkey.url, socket_timeout=2)
        self._running: list[Ours] = []

    def start(self, *module: str, **environment: str) -> Ours:
        """`python -m <module>`."""
        log = self._folder / f"{len(self._running)}-{module[0]}.log"
        ours = Ours(module, self.environment | environment, log)
        self._running.append(ours)
        return ours

    def relay(self) -> Ours:
        """The worker, for its relay."""
        return self.start("write_side", "worker")

    def projector(self) -> Ours:
        """A projector."""
        return self.start("projector")

    async def open(self) -> None:
        """Connect, as superuser, to the log's database."""
        self.conn = await asyncpg.connect(self.environment["DATABASE_URL"])

    async def close(self) -> None:
        """End all processes; what they said is shown if the test failed."""
        await self.conn.close()
        self.redis.close()
        for ours in self._running:
            ours.stop()
            sys.stdout.write(f"--- {ours.log.name}\n{ours.log.read_text()[-4000:]}\n")


@pytest.fixture
async def redis_lab(
    database_url: str, keyring_url: str, valkey: PrivateServer, tmp_path: Path
) -> AsyncIterator[Lab]:
    """Postgres, keyring and Valkey; Elasticsearch is down all the time, which must not matter."""
    urls = {"DATABASE_URL": database_url, "KEYRING_URL": keyring_url, "REDIS_URL": valkey.url}
    lab = Lab(NOWHERE | urls, valkey, tmp_path)
    await lab.open()
    yield lab
    await lab.close()


@pytest.fixture
def search_lab(redis_lab: Lab, elasticsearch_url: str, index_prefix: str) -> Lab:
    """All stores."""
    redis_lab.environment |= {"ELASTICSEARCH_URL": elasticsearch_url, "INDEX_PREFIX": index_prefix}
    return redis_lab
