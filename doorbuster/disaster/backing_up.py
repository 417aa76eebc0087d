"""A base backup of both Postgres servers while they work. The WAL since then comes by the receivers, all the time."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from doorbuster.disaster import keyring, tools
from doorbuster.disaster.archive import CLUSTERS, VARIABLE, Archive, Backup, Cluster
from doorbuster.native.archiving import connection_of, password_of

URLS = {"log": "DATABASE_URL", "keyring": "KEYRING_URL"}
KEEP = 2  # backups of the log: the one before the last is there in case the last one is bad


class NotArchiving(RuntimeError):
    """The installation that runs has no archive."""


def run(environment: Mapping[str, str], keep: int, tell: Callable[[str], None] = lambda _: None) -> list[Backup]:
    """Back up both, forget what is older than the newest `keep` backups of the log. Raises `NotArchiving`,
    `BrokenArchive`, `ToolFailed`, and what a server that is down raises.

    Of the keyring the newest one alone is kept, made after its erased keys were wiped from the disk: so no key of an
    erased person outlives the next backup.
    """
    if VARIABLE not in environment:
        raise NotArchiving(f"nothing is archived: set {VARIABLE} to a folder on another disk, and start anew")
    archive = Archive(Path(environment[VARIABLE]))
    made = []
    for name in CLUSTERS:
        address = environment[URLS[name]]
        if name == "keyring":
            asyncio.run(keyring.wipe_erased(address))
        backup = _back_up(archive.cluster(name), address)
        tell(f"{name}: {backup.folder}")
        made.append(backup)
    for folder in archive.prune(keep):
        tell(f"forgotten: {folder}")
    return made


def renew_keyring(archive: Archive, address: str) -> Backup:
    """A new backup of the keyring alone, in the place of all older ones: they hold the keys of who was erased since."""
    asyncio.run(keyring.wipe_erased(address))
    backup = _back_up(archive.cluster("keyring"), address)
    archive.prune_keyring()
    return backup


def _back_up(cluster: Cluster, address: str) -> Backup:
    began, half = datetime.now(UTC), cluster.new_base()
    cluster.make()
    options = ["--no-password", "--checkpoint=fast", "--wal-method=stream", "--pgdata", str(half)]
    tools.run("pg_basebackup", [*options, *connection_of(address)], password_of(address))
    return cluster.keep_base(half, began)
