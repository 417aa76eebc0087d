"""A pair of databases of the test's own that are archived, backed up, destroyed and restored."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from doorbuster import running
from doorbuster.disaster import backing_up, restoring
from doorbuster.disaster.archive import CLUSTERS, VARIABLE, Archive
from doorbuster.disaster.restoring import Restored
from doorbuster.home import Home
from doorbuster.native.archiving import receiver
from doorbuster.native.postgres import postgres
from doorbuster.tokens import issue
from tests.fixtures.private_server import PrivateServer
from write_side.schema.migrate import migrate


class Installation:
    """Both databases and their receivers. Tokens are what happens in it: an event and a row each."""

    def __init__(self, folder: Path) -> None:
        self.home, self.archive = Home(folder / "home"), Archive(folder / "archive")
        programs = {name: postgres(self.home, server, durable=False) for name, server in CLUSTERS.items()}
        self.environment = {"DATABASE_URL": programs["log"].address, "KEYRING_URL": programs["keyring"].address}
        self.environment |= {VARIABLE: str(self.archive.folder), "MASTER_KEY": self.home.secrets()["MASTER_KEY"]}
        self.url = self.environment["DATABASE_URL"]
        self.servers = {name: PrivateServer(program, self.home) for name, program in programs.items()}
        self.receivers = {
            name: PrivateServer(receiver(self.archive, name, program), self.home) for name, program in programs.items()
        }

    def start(self) -> None:
        """Everything up, the schema with it."""
        for server in self.servers.values():
            server.start()
        asyncio.run(migrate(self.url, self.environment["KEYRING_URL"]))
        for each in self.receivers.values():
            each.start()

    def issue(self, name: str) -> datetime:
        """One more token; answers a moment after its commit."""
        asyncio.run(issue(self.url, name, ["orders:read"]))
        return datetime.now(UTC)

    def back_up(self) -> None:
        """Of both databases."""
        backing_up.run(self.environment, keep=2)

    def archived(self) -> None:
        """Waits until the archive has all that was committed by now."""
        asyncio.run(self._until_archived())

    async def _until_archived(self) -> None:
        for url in (self.url, self.environment["KEYRING_URL"]):
            conn = await asyncpg.connect(url)
            try:
                at = await conn.fetchval("SELECT pg_current_wal_lsn()")
                while not await conn.fetchval(
                    "SELECT bool_or(flush_lsn >= $1) FROM pg_stat_replication WHERE application_name = 'pg_receivewal'",
                    at,
                ):
                    await asyncio.sleep(0.05)
            finally:
                await conn.close()

    def destroy(self) -> None:
        """kill -9, and not a file of either is left."""
        for each in (*self.servers.values(), *self.receivers.values()):
            each.kill()
        for server in CLUSTERS.values():
            shutil.rmtree((self.home.folder / server).resolve() / "data")

    def restore(self, until: datetime | None = None) -> Restored:
        """From the archive; the databases are stopped afterwards."""
        return restoring.restore(self.home, self.archive, until, lambda _: None)

    def fetch(self, query: str) -> list[asyncpg.Record]:
        """The rows of a query, of the restored log."""

        async def run() -> list[asyncpg.Record]:
            conn = await asyncpg.connect(self.url)
            try:
                return list(await conn.fetch(query))
            finally:
                await conn.close()

        return asyncio.run(run())

    def tokens(self) -> list[str]:
        """The names of all tokens, oldest first."""
        return [row["name"] for row in self.fetch("SELECT name FROM access_token ORDER BY id")]

    def stop(self) -> None:
        """Whatever runs."""
        for each in (*self.receivers.values(), *self.servers.values()):
            each.stop()
        running.down(self.home)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Running and empty."""
    made = Installation(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        for server in CLUSTERS.values():  # under a folder that only root may enter they lie elsewhere
            shutil.rmtree((made.home.folder / server).resolve(), ignore_errors=True)
