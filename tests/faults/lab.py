"""Real servers and processes that a test may kill, in a folder of its own: Postgres, Valkey, relay, projectors."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from redis import Redis

from doorbuster.accounts import run_as
from doorbuster.home import Home, free_port
from doorbuster.native.postgres import postgres
from doorbuster.native.valkey import valkey
from doorbuster.probes import healthy
from doorbuster.processes import Program
from write_side.schema.migrate import migrate


class Running:
    """A process of the lab's."""

    def __init__(self, name: str, command: list[str], log: Path, **popen: Any) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **popen)

    def send(self, sign: int) -> None:
        """Send it a signal."""
        self.process.send_signal(sign)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self.process.kill()
        self.process.wait()

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """Ask it to end, then make it."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(sign)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


class Lab:
    """Starts things; all of them are stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.home.folder.mkdir(parents=True, exist_ok=True)
        self.home.logs.mkdir(exist_ok=True)
        self.running: list[Running] = []
        self.environment: dict[str, str] = {
            **os.environ,
            **self.home.secrets(),
            "ELASTICSEARCH_URL": os.environ.get("ELASTICSEARCH_URL", "http://127.0.0.1:1"),
            "STRIPE_API_BASE": "http://127.0.0.1:1",
            "SMTP_URL": "smtp://127.0.0.1:1",
        }
        self.valkey_process: Running | None = None

    def serve(self, program: Program) -> Running:
        """Start a server and wait until it answers."""
        program.prepare()
        log = self.home.log(program.name)
        started = Running(program.name, program.command, log, cwd="/", **run_as(program.account))
        self.running.append(started)
        deadline = time.monotonic() + 60
        while not healthy(program.probe):
            assert time.monotonic() < deadline and started.process.poll() is None, log.read_text()
            time.sleep(0.05)
        return started

    async def start_stores(self) -> None:
        """Postgres, keyring and Valkey, migrated."""
        for variable, program in (
            ("DATABASE_URL", postgres(self.home, "postgres", durable=False)),
            ("KEYRING_URL", postgres(self.home, "keyring", durable=False)),
        ):
            self.serve(program)
            self.environment[variable] = program.address
        self.start_valkey()
        await migrate(self.environment["DATABASE_URL"], self.environment["KEYRING_URL"])

    def start_valkey(self) -> None:
        """Valkey, on the data it left."""
        program = valkey(self.home)
        self.valkey_process = self.serve(program)
        self.environment["REDIS_URL"] = program.address

    def python(self, *module: str, **environment: str) -> Running:
        """One of our processes."""
        name = "-".join(module)
        env = self.environment | {"PORT": str(free_port()), "PYTHONPATH": str(Path(__file__).parents[2])} | environment
        command = [sys.executable, "-m", *module]
        started = Running(name, command, self.home.log(name), env=env)
        self.running.append(started)
        return started

    def redis(self) -> "Redis":
        """A client of the lab's Valkey."""
        return Redis.from_url(self.environment["REDIS_URL"], socket_timeout=2)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A superuser's connection to the log's database."""
        return await asyncpg.connect(self.environment["DATABASE_URL"])

    def stop(self) -> None:
        """End everything, newest first."""
        for started in reversed(self.running):
            started.stop(signal.SIGINT if started.name in ("postgres", "keyring") else signal.SIGTERM)


@contextmanager
def lab_in(folder: Path) -> Iterator[Lab]:
    """A lab that cleans up."""
    lab = Lab(folder)
    try:
        yield lab
    finally:
        lab.stop()


def lines(log: Path) -> list[Mapping[str, Any]]:
    """The JSON lines of one of our processes."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
