"""Whoever imports the files that were sent: claims them, is stopped or killed, and ends with its worker."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.write_api.conftest import Issue
from tests.integration.write_api.import_files import MOST, sent, shown, skus, table
from write_side.database import Pool
from write_side.imports import pace
from write_side.imports.journal import Journal
from write_side.imports.uploads import carrying, steps, store
from write_side.imports.uploads.carrying import carry_on


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST", 7)
    monkeypatch.setattr(pace, "FEWEST", 7)


@pytest.mark.usefixtures("small_batches")
async def test_a_file_whose_importer_is_stopped_or_killed_is_taken_up_where_it_stood(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await staff("catalog:write")
    run = await sent(api, headers, table(60))
    monkeypatch.setattr("write_side.imports.journal.EVERY", 0.0)
    reached, done = asyncio.Event(), Journal.done

    async def stop_there(self: Journal, upto: int, counts: Any) -> None:
        await done(self, upto, counts)
        if upto >= 14:
            reached.set()
            await asyncio.sleep(60)

    monkeypatch.setattr(Journal, "done", stop_there)
    work = asyncio.create_task(carry_on(pool, MOST))
    await reached.wait()
    assert not await carry_on(pool, MOST)  # it is claimed
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    so_far = await shown(api, headers, run)
    assert so_far["state"] == "running" and 0 < so_far["rows_done"] < 60
    monkeypatch.setattr(Journal, "done", done)

    monkeypatch.setattr(carrying, "_import", _dies)
    with pytest.raises(KilledHere):
        await carry_on(pool, MOST)
    monkeypatch.undo()
    # As a kill leaves it: claimed by somebody who is gone.
    await pool.execute("UPDATE import_upload SET claimed_until = clock_timestamp() + interval '1 hour'")
    assert not await carry_on(pool, MOST)
    await pool.execute("UPDATE import_upload SET claimed_until = clock_timestamp()")
    assert await carry_on(pool, MOST)
    now = await shown(api, headers, run)
    assert (now["state"], now["rows_done"], now["counts"]["rejected"]) == ("finished", 60, 1)
    assert len(await skus(pool)) == 59
    created = "SELECT count(*) FROM event_log WHERE type = 'catalog.product_created.v1'"
    assert await pool.fetchval(created) == 59
    rejects = (await api.get(f"/v1/imports/{run['id']}/rejects", headers=headers)).text
    assert len(rejects.splitlines()) == 2


class KilledHere(Exception):
    pass


async def _dies(*_: object) -> None:
    raise KilledHere


async def test_of_two_importers_one_takes_a_file(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    await sent(api, await staff("catalog:write"), table(5))
    assert sorted(await asyncio.gather(carry_on(pool, MOST), carry_on(pool, MOST))) == [False, True]


async def test_a_file_that_somebody_is_about_to_take_is_nobody_elses(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    await sent(api, await staff("catalog:write"), table(5))
    async with pool.acquire() as one, pool.acquire() as other, one.transaction():
        assert await store.claim(one, uuid7(), timedelta(minutes=1)) is not None
        assert await store.claim(other, uuid7(), timedelta(minutes=1)) is None


async def test_a_file_that_always_fails_is_given_up(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await staff("catalog:write")
    run = await sent(api, headers, table(5))
    monkeypatch.setattr(carrying, "import_catalog", _dies)
    monkeypatch.setattr(carrying, "MOST_ATTEMPTS", 2)
    for _ in range(2):
        with pytest.raises(KilledHere):
            await carry_on(pool, MOST)
    assert await carry_on(pool, MOST)
    now = await shown(api, headers, run)
    assert now["state"] == "stopped" and now["why"].startswith("given up")


async def test_the_worker_has_a_process_import_what_was_sent(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, write_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    [importing, _] = steps.steps(pool, write_settings, asyncio.Event())
    assert await importing.run() == 0
    run = await sent(api, await staff("catalog:write"), table(5))
    assert await importing.run() == 1
    assert (await shown(api, await staff("catalog:write"), run))["state"] == "finished"


async def test_a_process_that_imports_ends_with_its_worker_and_lets_go_of_the_file(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, write_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    stopping = asyncio.Event()
    [importing, _] = steps.steps(pool, write_settings, stopping)
    run = await sent(api, await staff("catalog:write"), table(20_000))
    work = asyncio.ensure_future(importing.run())
    while not (await shown(api, await staff("catalog:write"), run))["rows_done"]:
        await asyncio.sleep(0.05)
    stopping.set()
    assert await work == 1
    now = await shown(api, await staff("catalog:write"), run)
    assert now["state"] == "running" and now["rows_done"] < 20_000
    async with pool.acquire() as conn:
        assert await store.is_due(conn)
