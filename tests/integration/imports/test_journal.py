"""How far an import got, as it is written down on real Postgres while several of its batches are under way."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest

from tests.integration.checkout.patience import until_waiting
from write_side.database import Connection, Pool
from write_side.imports.batches import Fared, Rejection
from write_side.imports.journal import Journal
from write_side.imports.rejects import Told
from write_side.imports.runs import handlers, store
from write_side.imports.runs.domain import ImportUndone
from write_side.imports.runs.handlers import UndoOrder


async def test_no_row_counts_as_done_before_it_is_kept_why_it_did_not_go_in(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two batches side by side one told how far the import is while the other still had the rejections in hand:
    killed there, they were nowhere."""
    monkeypatch.setattr("write_side.imports.journal.EVERY", 0)
    run = await handlers.begin_file(pool, "a.csv", b"a", {}, "test")
    journal, keep, held = Journal(pool, run, run.cause), store.keep_rejects, asyncio.Event()

    async def keeps_late(conn: Connection, run_id: UUID, told: Sequence[Told]) -> None:
        if told:
            await held.wait()
        await keep(conn, run_id, told)

    monkeypatch.setattr(store, "keep_rejects", keeps_late)
    journal.took(1)
    journal.took(2)
    rejection = Rejection(2, "broken_price", "free", [])
    telling = [
        asyncio.create_task(journal.done(upto, fared))
        for upto, fared in ((1, Fared(Counter(rejected=1), [rejection])), (2, Fared(Counter(created=1))))
    ]
    await asyncio.sleep(0.2)
    killed = await handlers.show_run(pool, run.id)
    assert (killed.rows_done, killed.counts) == (0, {})
    held.set()
    await asyncio.gather(*telling)
    after = await handlers.show_run(pool, run.id)
    assert (after.rows_done, after.counts) == (2, {"rejected": 1, "created": 1})
    async with pool.acquire() as conn:
        assert [one.number for one in await store.rejects_after(conn, run.id, -1, 10)] == [0, 2]


async def test_rows_that_are_not_done_are_in_no_count(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that overtook another is imported again after a kill, and was counted twice; a row of it that was told as
    rejected may go in then."""
    monkeypatch.setattr("write_side.imports.journal.EVERY", 0)
    run = await handlers.begin_file(pool, "a.csv", b"a", {}, "test")
    journal = Journal(pool, run, run.cause)
    journal.took(3)
    journal.took(6)
    await journal.done(6, Fared(Counter(created=2, rejected=1), [Rejection(5, "not_saved", "lost", [])]))
    shown = await handlers.show_run(pool, run.id)
    assert (shown.rows_done, shown.counts, await journal.told_of([5])) == (0, {}, set())
    await journal.done(3, Fared(Counter(created=3)))
    shown = await handlers.show_run(pool, run.id)
    assert (shown.rows_done, shown.counts, await journal.told_of([5])) == (6, {"created": 5, "rejected": 1}, {5})


async def test_a_run_is_not_stopped_in_the_middle_of_its_batches(pool: Pool) -> None:
    """Whoever undoes it waits for what they write; they do not wait for one another."""
    run = await handlers.begin_file(pool, "a.csv", b"a", {}, "test")
    async with pool.acquire() as one, pool.acquire() as other, one.transaction():
        assert await store.still_running(one, run.id)
        async with other.transaction():
            assert await store.still_running(other, run.id)
        undoing = asyncio.create_task(handlers.undo(pool, run.id, UndoOrder(False), "test", None))
        await until_waiting(pool, 1, [undoing])
        assert not undoing.done()
    await undoing
    async with pool.acquire() as conn:
        assert not await store.still_running(conn, run.id)


async def test_a_run_that_finished_meanwhile_is_stopped_by_nobody(pool: Pool) -> None:
    run = await handlers.begin_file(pool, "a.csv", b"a", {}, "test")
    async with pool.acquire() as conn:
        await store.end(conn, run.id, "finished")
        await store.stop(conn, run.id, "given up")
    shown = await handlers.show_run(pool, run.id)
    assert (shown.state, shown.why) == ("finished", "")


async def test_an_import_whose_rows_change_nothing_is_stopped_by_undoing_it_too(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.imports.journal.EVERY", 0)
    run = await handlers.begin_file(pool, "a.csv", b"a", {}, "test")
    journal = Journal(pool, run, run.cause)
    journal.took(2)
    await journal.done(2, Fared(Counter(unchanged=2)))
    async with pool.acquire() as conn:
        await store.end(conn, run.id, "stopped")
    journal.took(4)
    with pytest.raises(ImportUndone):
        await journal.done(4, Fared(Counter(rejected=2)))
