"""Faults at the log: writers that dawdle, roll back or overtake each other, strangers, a crash of Postgres."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from doorbuster.faults.scenario import Scenario, Scene
from shared.envelope import Metadata
from shared.events.carts import CartOpened
from shared.ids import uuid7
from write_side import event_log
from write_side.event_log import NewEvent

CAUSE = Metadata(actor="faults", correlation_id="faults")
DAWDLES = 2.0
ROLLED_BACK = 40
PAIRS = 30
STRANGER = 6.0


async def append(conn: "asyncpg.Connection[asyncpg.Record]", id_: UUID, version: int) -> int:
    """An event that no document shows, of an aggregate that has no row; answers its position."""
    event = NewEvent("fault", id_, version, f"cart:{id_}", CartOpened(id_, "EUR"))
    return max((await event_log.append(conn, [event], CAUSE)).values())


@asynccontextmanager
async def connected(scene: Scene, many: int) -> AsyncIterator[list["asyncpg.Connection[asyncpg.Record]"]]:
    """Connections of the scenario's own."""
    conns = [await scene.stage.connect() for _ in range(many)]
    try:
        yield conns
    finally:
        for conn in conns:
            conn.terminate()


async def _nothing(scene: Scene) -> None:
    """To compare with."""


async def _a_writer_dawdles(scene: Scene) -> None:
    async with connected(scene, 2) as (writer, looker):
        async with writer.transaction():
            held = await append(writer, uuid7(), 1)
            scene.did("holds a position", position=held)
            await asyncio.sleep(DAWDLES)
            safe = await looker.fetchval("SELECT safe_position FROM relay_state")
            last = await looker.fetchval("SELECT max(position) FROM event_log")
            scene.promise(safe < held < last, f"held {held}: the relay went to {safe} of {last}")
        scene.did("commits")


async def _writers_roll_back(scene: Scene) -> None:
    async with connected(scene, 2) as (writer, looker):
        before = await looker.fetchval("SELECT dead_numbers FROM relay_state")
        for number in range(ROLLED_BACK):
            transaction = writer.transaction()
            await transaction.start()
            if number % 4 == 0:  # the number drawn inside a savepoint is dead long before its transaction ends
                inner = writer.transaction()
                await inner.start()
                await append(writer, uuid7(), 1)
                await inner.rollback()
                await append(writer, uuid7(), 1)
                await transaction.commit()
            else:
                await append(writer, uuid7(), 1)
                await asyncio.sleep(scene.random.uniform(0, 0.03))
                await transaction.rollback()
            await asyncio.sleep(scene.random.uniform(0, 0.06))
        last = await looker.fetchval("SELECT max(position) FROM event_log")
        async with asyncio.timeout(10):
            while await looker.fetchval("SELECT safe_position FROM relay_state") < last:
                await asyncio.sleep(0.02)
        dead = await looker.fetchval("SELECT dead_numbers FROM relay_state") - before
        scene.did("dead numbers", counted=dead)
        scene.promise(dead >= ROLLED_BACK, f"{ROLLED_BACK} numbers died, {dead} were counted")


async def _transaction_ids_swap(scene: Scene) -> None:
    swapped = 0
    async with connected(scene, 2) as (early, late):
        for _ in range(PAIRS):
            id_ = uuid7()
            async with early.transaction():
                older = int(await early.fetchval("SELECT pg_current_xact_id()::text"))
                async with late.transaction():
                    newer = int(await late.fetchval("SELECT pg_current_xact_id()::text"))
                    first = await append(late, id_, 1)
                second = await append(early, id_, 2)
            swapped += newer > older and second > first
            await asyncio.sleep(scene.random.uniform(0, 0.05))
    scene.promise(swapped == PAIRS, f"only {swapped} of {PAIRS} pairs had swapped transaction ids")


async def _a_stranger_writes_for_long(scene: Scene) -> None:
    async with connected(scene, 2) as (here, admin):
        await admin.execute("CREATE DATABASE faults_elsewhere")
        url = scene.stage.environment["DATABASE_URL"].rpartition("/")[0] + "/faults_elsewhere"
        there = await asyncpg.connect(url)
        for conn in (here, there):
            await conn.execute("BEGIN; CREATE TABLE faults_stranger (n int); INSERT INTO faults_stranger VALUES (1)")
        scene.did("two transactions stay open")
        await asyncio.sleep(STRANGER)
        await there.execute("ROLLBACK")
        await there.close()
        try:
            await here.execute("PREPARE TRANSACTION 'faults'")
            scene.promise(False, "Postgres prepares transactions: they would hide their locks")
        except asyncpg.ObjectNotInPrerequisiteStateError:
            await here.execute("ROLLBACK")
        await admin.execute("DROP DATABASE faults_elsewhere WITH (FORCE)")


async def _postgres_crashes(scene: Scene) -> None:
    scene.stage.send("postgres", signal.SIGQUIT)
    scene.did("immediate stop")
    await asyncio.sleep(1)
    await asyncio.to_thread(scene.stage.well)
    await asyncio.sleep(2)


SCENARIOS = (
    Scenario(0, "nothing fails", "to compare the others with", _nothing, lag_ms=1000),
    Scenario(
        1, "a writer holds a position for 2 s", "what comes later waits for it, nothing is skipped",
        _a_writer_dawdles, lag_ms=DAWDLES * 1000 + 1000,
    ),
    Scenario(
        2, "writers roll back", "each dead number is skipped as soon as its transaction ended, and counted",
        _writers_roll_back, lag_ms=1000,
    ),
    Scenario(
        3, "transaction ids the other way round", "version 1 before version 2, at every place",
        _transaction_ids_swap, lag_ms=1000,
    ),
    Scenario(
        4, "strangers' transactions stay open", "the lag stays as it was; nobody can prepare a transaction",
        _a_stranger_writes_for_long, lag_ms=1000, seconds=STRANGER + 2,
    ),
    Scenario(
        5, "Postgres crashes", "what was answered is in the log, and all of the log comes out",
        _postgres_crashes, stream_may_miss=True,
    ),
)  # fmt: skip
