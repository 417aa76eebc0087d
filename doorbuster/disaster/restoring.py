"""Bringing back what was archived: into a home that is stopped, up to the end of the archive or to a time.

The order matters. The databases come up alone; the store gets its new epoch and positions beyond all that were ever
published; who was erased is erased again; only then is anything started that serves.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from msgspec import Struct

from doorbuster import running, state
from doorbuster.accounts import Account, reachable_folder, unprivileged
from doorbuster.disaster import reopening, tools
from doorbuster.disaster.archive import CLUSTERS, Archive, Backup, segments_from
from doorbuster.home import Home

RECOVERY_SECONDS = 3600.0
Tell = Callable[[str], None]


class CannotRestore(RuntimeError):
    """The home is in use, or the recovery did not end well; the message says how."""


class Restored(Struct, frozen=True):
    """What came back."""

    backup: str
    epoch: int
    last_event_at: datetime | None
    events: int
    erased_again: int


def restore(home: Home, archive: Archive, until: datetime | None, tell: Tell) -> Restored:
    """Both databases from the archive, opened under a new epoch and left stopped. Raises `CannotRestore`,
    `BrokenArchive`, `ToolFailed`. Broken off, it leaves a mark that nothing is started with, and can be repeated.

    The keyring always comes back to the end of its archive, and only if its data are gone: keys that were made later
    than `until` do no harm, and one that was destroyed must stay so.
    """
    if state.read_live(home):
        raise CannotRestore("something runs here: stop it with `doorbuster down`")
    if not home.knows_secrets():
        raise CannotRestore(f"put back secrets.json into {home.folder}: it opens the databases and all personal data")
    ledgers, backups = _ledgers(home, archive), {"log": archive.newest("log", until)}
    if not _data(home, "keyring").exists():
        backups["keyring"] = archive.newest("keyring")
    for name, backup in backups.items():
        tell(f"verifying the {name}'s backup of {backup.base.finished.isoformat()}")
        segments_from(backup)
        tools.run("pg_verifybackup", ["--quiet", backup.folder])
    home.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    home.restoring.touch()  # from here on nothing else may be started in this home
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    for name, backup in backups.items():
        _bring_back(home, name, backup, until if name == "log" else None, stamp, tell)
    tell("recovering")
    environment = running.up(home, "log").environment
    try:
        asyncio.run(_until_recovered(environment["DATABASE_URL"]))
        asyncio.run(_until_recovered(environment["KEYRING_URL"]))
        found = asyncio.run(reopening.reopen(environment, ledgers, archive.epoch))
        archive.begin(found.epoch)  # from here on it is archived apart from what was before
        home.restoring.unlink()
    finally:
        running.down(home)
    return Restored(backups["log"].folder.name, *found)


def _ledgers(home: Home, archive: Archive) -> list[Path]:
    """Wherever erasures may have been written: whoever stands in any of them stays erased."""
    named = os.environ.get("ERASURE_LEDGER")
    if named and not Path(named).exists():
        raise CannotRestore(f"ERASURE_LEDGER is to be {named}, which is not there: who was erased must not come back")
    found = [archive.ledger, home.folder / "erasures.jsonl", *([Path(named)] if named else [])]
    return list(dict.fromkeys(path.absolute() for path in found))


def _data(home: Home, name: str) -> Path:
    return reachable_folder(home.folder / CLUSTERS[name], unprivileged()) / "data"


def _bring_back(home: Home, name: str, backup: Backup, until: datetime | None, stamp: str, tell: Tell) -> None:
    """A copy of the verified backup with the WAL that follows, ready to recover. What lies there is put aside."""
    segments, data = segments_from(backup), _data(home, name)
    if data.exists():
        aside = data.rename(data.with_name(f"data.before-{stamp}"))
        tell(f"what was there lies in {aside} until you delete it")
    tell(f"copying the {name}, with {len(segments)} segments of WAL")
    half = data.with_name("data.half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(backup.folder, half)
    for segment in (*segments, *backup.wal.glob("*.history")):
        shutil.copyfile(segment, half / "pg_wal" / segment.name.removesuffix(".partial"))
    _ask_for_recovery(half, until)
    _hand_over(half, unprivileged())
    half.chmod(0o700)
    half.rename(data)


def _ask_for_recovery(data: Path, until: datetime | None) -> None:
    # All segments lie in pg_wal already, where Postgres looks after `restore_command` found nothing. Each setting is
    # written every time: the last one counts, and a backup brings those of the restore before.
    target = "" if until is None else until.isoformat()
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\nrecovery_target_action = 'promote'\n")
        settings.write(f"recovery_target_timeline = 'latest'\nrecovery_target_time = '{target}'\n")
    (data / "recovery.signal").touch()


def _hand_over(folder: Path, account: Account | None) -> None:
    if account is None:
        return
    for parent, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(parent) / name, account.uid, account.gid, follow_symlinks=False)


async def _until_recovered(url: str) -> None:
    """Answers once the server takes writes: it answers queries earlier."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        while True:
            try:
                conn = await asyncpg.connect(url, timeout=5)
                try:
                    if not await conn.fetchval("SELECT pg_is_in_recovery()"):
                        return
                finally:
                    await conn.close()
            except (OSError, asyncpg.CannotConnectNowError):
                pass  # on its way to a consistent state
            await asyncio.sleep(0.1)
