"""What was committed before a disaster is there after it; what a restore must not take for its own it refuses."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from doorbuster import verify
from doorbuster.disaster.archive import BrokenArchive, segments_from
from doorbuster.disaster.reopening import POSITIONS_PER_EPOCH
from doorbuster.disaster.restoring import CannotRestore
from doorbuster.disaster.tools import ToolFailed
from tests.integration.disaster.conftest import Installation


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


def test_a_server_made_anew_does_not_write_over_the_archive_of_the_lost_one(installation: Installation) -> None:
    installation.issue("one")
    installation.back_up()
    installation.archived()
    installation.destroy()
    installation.servers["log"].start()  # initdb, as `doorbuster up` would after the data were lost
    with pytest.raises(BrokenArchive, match="archives another Postgres than the one that runs"):
        installation.receivers["log"].start()


def test_a_missing_segment_is_noticed(installation: Installation) -> None:
    installation.back_up()
    wal = installation.archive.newest("log").wal
    for _ in range(2):
        installation.fetch("SELECT pg_switch_wal(), pg_create_restore_point('so that there is something to switch')")
        installation.issue("in the next segment")
    installation.archived()
    segments = segments_from(installation.archive.newest("log"))
    assert len(segments) > 2
    (wal / segments[1].name).unlink()
    with pytest.raises(BrokenArchive, match="a hole"):
        segments_from(installation.archive.newest("log"))


def test_old_backups_go_with_the_log_before_them_and_one_of_the_keyring_stays(installation: Installation) -> None:
    for name in ("one", "two", "three"):
        installation.issue(name)
        installation.back_up()
        installation.fetch("SELECT pg_switch_wal()")
    log, keyring = installation.archive.cluster("log"), installation.archive.cluster("keyring")
    assert (len(log.backups()), len(keyring.backups())) == (2, 1)
    first = log.backups()[0].base.first_segment
    assert min(file.name for file in log.wal.iterdir()) >= first, "what no backup needs any more is forgotten"
    segments_from(log.backups()[0])
