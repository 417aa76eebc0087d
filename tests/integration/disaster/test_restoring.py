"""What was committed before a disaster is there after it; what a restore must not take for its own it refuses."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from doorbuster import running, verify
from doorbuster.disaster import backing_up, restoring
from doorbuster.disaster import keyring as keyring_disk
from doorbuster.disaster.archive import BrokenArchive, segments_from
from doorbuster.disaster.reopening import POSITIONS_PER_EPOCH
from doorbuster.disaster.restoring import CannotRestore
from doorbuster.disaster.tools import ToolFailed
from doorbuster.running import StartFailed
from tests.integration.disaster.conftest import Installation
from write_side.customers import open_keyring
from write_side.erasure import Ledger


def _differences(url: str) -> list[str]:
    async def run() -> list[str]:
        conn = await asyncpg.connect(url)
        try:
            return [str(difference) for difference in await verify.differences(conn)]
        finally:
            await conn.close()

    return asyncio.run(run())


def test_what_was_acknowledged_before_the_disaster_is_there_after_it(installation: Installation) -> None:
    installation.issue("before the backup")
    installation.back_up()
    then = installation.issue("behind the backup")
    installation.issue("at the very end")
    installation.archived()
    highest = installation.fetch("SELECT max(position) AS at FROM event_log")[0]["at"]
    installation.destroy()

    restored = installation.restore()
    assert (restored.epoch, restored.events) == (2, 3)
    installation.servers["log"].start()
    assert installation.tokens() == ["before the backup", "behind the backup", "at the very end"]
    assert _differences(installation.url) == []
    installation.issue("of the new life")
    [row] = installation.fetch("SELECT max(position) AS at, (SELECT epoch FROM log_settings) AS epoch FROM event_log")
    assert (row["epoch"], row["at"]) == (2, 2 * POSITIONS_PER_EPOCH + 1), f"positions begin far beyond {highest}"

    installation.servers["log"].stop()
    earlier = installation.restore(then)
    installation.servers["log"].start()
    assert installation.tokens() == ["before the backup", "behind the backup"]
    assert earlier.epoch == 3, "an epoch is used once, though the log that comes back knows of one alone"


def test_a_restore_refuses_what_it_can_not_stand_for(installation: Installation, tmp_path: Path) -> None:
    installation.issue("one")
    installation.back_up()
    then = installation.issue("two")
    installation.archived()
    installation.destroy()
    with pytest.raises(BrokenArchive, match="holds no backup of the log that was finished by"):
        installation.restore(then.replace(year=2001))

    secrets = installation.home.folder / "secrets.json"
    kept = secrets.rename(tmp_path / "kept")
    with pytest.raises(CannotRestore, match=r"put back secrets\.json"):
        installation.restore()
    kept.rename(secrets)

    backup = installation.archive.newest("log")
    damaged = backup.folder / "global" / "pg_control"
    content = bytearray(damaged.read_bytes())
    content[100] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(ToolFailed, match="pg_verifybackup"):
        installation.restore()

    installation.servers["log"].start()  # initdb, as `doorbuster up` would after the data were lost
    with pytest.raises(BrokenArchive, match="archives another Postgres than the one that runs"):
        installation.receivers["log"].start()


def test_a_restore_that_broke_off_is_served_by_nobody_and_can_be_repeated(installation: Installation) -> None:
    installation.issue("one")
    installation.back_up()
    installation.issue("two")
    installation.archived()
    installation.destroy()

    class BrokenOff(Exception):
        pass

    def tell(what: str) -> None:
        if what == "recovering":  # both databases are back, under the old epoch
            raise BrokenOff

    with pytest.raises(BrokenOff):
        restoring.restore(installation.home, installation.archive, None, tell)
    with pytest.raises(StartFailed, match="was broken off: run `doorbuster restore` again"):
        running.up(installation.home, "databases")
    assert installation.restore().epoch == 2
    installation.servers["log"].start()
    assert installation.tokens() == ["one", "two"]
    installation.servers["log"].stop()
    assert running.up(installation.home, "databases").ready, "and then it is served"


def test_old_backups_go_with_the_log_before_them_and_one_of_the_keyring_stays(installation: Installation) -> None:
    for name in ("one", "two", "three"):
        installation.issue(name)
        installation.back_up()
        installation.fetch("SELECT pg_switch_wal()")
    log, keyring = installation.archive.cluster("log"), installation.archive.cluster("keyring")
    assert (len(log.backups()), len(keyring.backups())) == (2, 1)
    first = log.backups()[0].base.first_segment
    assert min(file.name for file in log.wal.iterdir()) >= first, "what no backup needs any more is forgotten"

    segments = segments_from(log.backups()[0])
    assert len(segments) > 2
    segments[1].unlink()
    with pytest.raises(BrokenArchive, match="a hole"):
        segments_from(log.backups()[0])


def test_whoever_stands_in_a_ledger_is_erased_again_before_anything_is_served(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The ledger is written before a key is destroyed; the seconds that a disaster costs may lie in between."""
    master_key, elsewhere = installation.environment["MASTER_KEY"], tmp_path / "elsewhere.jsonl"

    async def made() -> UUID:
        async with open_keyring(installation.environment["KEYRING_URL"], master_key) as keyring:
            person = await keyring.person_for("ada@example.org")
            await keyring.person_for("bob@example.org")
            await Ledger(str(installation.archive.ledger)).add(person.id)
            await Ledger(str(elsewhere)).add((await keyring.person_for("eve@example.org")).id)
            return person.id

    async def found() -> tuple[UUID | None, UUID | None, UUID | None]:
        async with open_keyring(installation.environment["KEYRING_URL"], master_key) as keyring:
            found = [await keyring.find(f"{name}@example.org") for name in ("ada", "bob", "eve")]
            return found[0], found[1], found[2]

    asyncio.run(made())
    installation.back_up()
    installation.archived()
    installation.destroy()
    monkeypatch.setenv("ERASURE_LEDGER", str(tmp_path / "lost"))
    with pytest.raises(CannotRestore, match="who was erased must not come back"):
        installation.restore()
    monkeypatch.setenv("ERASURE_LEDGER", str(elsewhere))
    assert installation.restore().erased_again == 2
    installation.servers["keyring"].start()
    ada, bob, eve = asyncio.run(found())
    assert (ada, eve) == (None, None)
    assert bob is not None


def test_no_file_holds_a_destroyed_key_once_the_keyring_is_wiped(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even wrapped: neither the data folder, nor the write-ahead log, nor the archive."""
    url, master_key = installation.environment["KEYRING_URL"], installation.environment["MASTER_KEY"]

    async def wrapped_key(mail: str) -> tuple[UUID, bytes]:
        async with open_keyring(url, master_key) as keyring:
            person = await keyring.person_for(mail)
        conn = await asyncpg.connect(url)
        try:
            return person.id, await conn.fetchval("SELECT wrapped_key FROM person_key WHERE person_id = $1", person.id)
        finally:
            await conn.close()

    async def destroyed(person_id: UUID) -> None:
        async with open_keyring(url, master_key) as keyring:
            assert await keyring.destroy(person_id)

    def holding(secret: bytes) -> list[Path]:
        data = (installation.home.folder / "keyring").resolve()
        files = [file for folder in (data, installation.archive.folder) for file in folder.rglob("*") if file.is_file()]
        return [file for file in files if secret in file.read_bytes()]

    person_id, key = asyncio.run(wrapped_key("ada@example.org"))
    _, kept = asyncio.run(wrapped_key("bob@example.org"))
    installation.back_up()
    asyncio.run(destroyed(person_id))
    installation.archived()
    assert holding(key), "a deleted row is still on the disk, or this test can't see"

    installation.receivers["keyring"].stop()
    monkeypatch.setattr(keyring_disk, "ARCHIVE_SECONDS", 0.5)
    with pytest.raises(TimeoutError, match="destroyed keys are still in it"):
        backing_up.renew_keyring(installation.archive, url)
    monkeypatch.undo()
    installation.receivers["keyring"].start()
    backing_up.renew_keyring(installation.archive, url)
    assert holding(key) == []
    assert holding(kept), "whoever was not erased is still there"
