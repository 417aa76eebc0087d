"""The file of the seals: what is done to it shows, two may write it, and a loss has to be accepted by a person."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from doorbuster import verify
from shared.settings import Settings
from tests.fixtures.reacting import publish
from tests.integration.checkout.shop import Shop
from tests.integration.verify.tampering import TABLES, Tampered, told
from write_side.verifying.metrics import SEALED
from write_side.verifying.sealing import seal_once
from write_side.verifying.seals import Key, LossAccepted, Seal, SealBroken, SealFile


async def sealed_thrice(tampered: Tampered, shop: Shop) -> list[bytes]:
    """Three lines in the file."""
    for sku in ("sofa", "chair"):
        await shop.stock(sku, 1)
        await shop.pool.execute("UPDATE relay_state SET safe_position = (SELECT last_value FROM event_position)")
        await tampered.seal()
    lines = list(tampered.seals.lines())
    assert len(lines) == 3
    return lines


def _changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"after":', b'"After":'), lines[2]]


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], lines[2]]


def _one_taken_out(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2]]


@pytest.mark.parametrize("damage", [_changed, _swapped, _one_taken_out])
async def test_a_damaged_file_is_told(
    tampered: Tampered, lived_in: Shop, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    lines = await sealed_thrice(tampered, lived_in)
    tampered.seals.path.write_bytes(b"".join(line + b"\n" for line in damage(lines)))
    assert "seal 2 of " in told(await tampered.found())
    tampered.seals.path.write_bytes(b"".join(line + b"\n" for line in lines))
    assert await tampered.found() == []


async def test_nobody_seals_with_another_key(tampered: Tampered, lived_in: Shop) -> None:
    forger = SealFile(tampered.seals.path, Key.of("22" * 32))
    with pytest.raises(SealBroken):
        await verify.seal(tampered.conn, forger)
    last, _ = tampered.seals.last()
    assert isinstance(last, Seal)
    forged = SealFile(tampered.seals.path.with_name("forged"), Key.of("22" * 32))
    forged.append(Seal(1, last.until, last.until + 1, [], "", "", datetime.now(UTC), ""))
    with tampered.seals.path.open("ab") as file:
        file.write(forged.path.read_bytes())
    assert "its signature is another, not ours" in told(await tampered.found())


async def test_a_line_that_a_crash_left_half_written_is_written_over(tampered: Tampered, lived_in: Shop) -> None:
    before = tampered.seals.path.read_bytes()
    tampered.seals.path.write_bytes(before + b'{"body":{"type":"seal"')
    assert await tampered.found() == []
    await lived_in.stock("sofa", 1)
    await lived_in.pool.execute("UPDATE relay_state SET safe_position = (SELECT last_value FROM event_position)")
    await tampered.seal()
    assert len(list(tampered.seals.lines())) == 2
    assert await tampered.found() == []


async def test_of_two_who_seal_at_once_one_line_is_kept(lived_in: Shop, seals: SealFile) -> None:
    await asyncio.gather(*(seal_once(lived_in.pool, seals) for _ in range(8)))
    assert len(list(seals.lines())) == 1
    last, _ = seals.last()
    assert last is not None
    assert SEALED._value.get() == last.until


async def test_what_a_restore_lost_is_missed_until_a_person_accepts_it(tampered: Tampered, lived_in: Shop) -> None:
    last, previous = tampered.seals.last()
    assert last is not None
    kept = last.until - 5
    await tampered.conn.execute("SET session_replication_role = replica")
    await tampered.conn.execute("DELETE FROM event_log WHERE position > $1", kept)
    found = await verify.broken_seals(tampered.conn, tampered.seals)
    assert f"events {kept + 1} to {last.until}" in told(found)
    tampered.seals.append(LossAccepted(2, kept, "the disk died", datetime.now(UTC), previous))
    assert await verify.broken_seals(tampered.conn, tampered.seals) == []
    await tampered.conn.execute("DELETE FROM event_log WHERE position = (SELECT max(position) FROM event_log)")
    assert "is missing, not there" in told(await verify.broken_seals(tampered.conn, tampered.seals))
    await tampered.conn.execute(f"TRUNCATE event_log, {TABLES}")


async def test_a_shop_at_work_is_sealed_and_clean_all_the_time(shop: Shop, seals: SealFile, auditor: Tampered) -> None:
    await shop.stock("lamp", 500)
    done = asyncio.Event()

    async def sell() -> None:
        for _ in range(25):
            await shop.order(lamp=1)
            await publish(shop.pool)
        done.set()

    async def audit() -> int:
        looks = 0
        while not done.is_set():
            await seal_once(shop.pool, seals)
            assert await auditor.found() == []
            looks += 1
        return looks

    looks, _ = await asyncio.gather(audit(), sell())
    assert looks >= 3
    assert len(list(seals.lines())) >= 3


def test_the_native_worker_seals_in_the_home_folder(tmp_path: Path) -> None:
    from doorbuster import stack
    from doorbuster.home import Home

    programs = {program.name: program for program in stack.plan(Home(tmp_path), "all").programs}
    settings = Settings.read(programs["worker"].environment)
    assert settings.seals_file == str(tmp_path / "seals.jsonl")


async def test_what_operators_type_about_seals(lived_in: Shop, seals: SealFile, database_url: str) -> None:
    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "doorbuster.cli", *words]
        named = {"DATABASE_URL": database_url, "SEALS_FILE": str(seals.path), "MASTER_KEY": "00" * 32}
        return subprocess.run(command, env=os.environ | named, capture_output=True, text=True, check=False)

    whole = typed("verify", "--log-only")
    last, _ = seals.last()
    assert last is not None
    assert (whole.returncode, whole.stdout.splitlines()[1]) == (
        0, f"the log is as it was sealed, now up to position {last.until}"
    ), whole.stderr  # fmt: skip
    assert f"up to {last.until}" in typed("seals", "show").stdout
    for part in (["--since", str(last.until - 3)], ["--since", "2026-01-01"], ["--sample", "5"]):
        done = typed("verify", "--log-only", *part)
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert "aggregates, " in done.stdout
    assert typed("verify", "--since", "yesterday").returncode == 2
    accepted = typed("seals", "accept-loss", "--after", "7", "--reason", "a drill")
    assert accepted.stdout == "what was sealed above 7 is missed no longer, since epoch 1\n"
    assert isinstance(seals.last()[0], LossAccepted)
