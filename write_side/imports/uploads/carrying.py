"""Imports files that were sent, by the same code as the command line. Whoever was killed at it is followed by another,
who goes on where the run stopped."""

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from shared.ids import uuid7
from write_side.database import Pool
from write_side.errors import Refusal
from write_side.imports.asked import Options
from write_side.imports.catalog_import import import_catalog
from write_side.imports.reading import UnreadableFile, open_table
from write_side.imports.runs import store as runs
from write_side.imports.runs.domain import Run
from write_side.imports.uploads import store
from write_side.imports.uploads.domain import kept_as
from write_side.imports.uploads.store import Claimed

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=30)
RENEW_EVERY = 5.0
MOST_ATTEMPTS = 20
NO_LONGER = timedelta()
LONGEST_WHY = 2_000  # characters: a file may name any number of columns


async def carry_on(pool: Pool, most_unpacked: int) -> bool:
    """Import the file that waits longest; False if none does.

    Several may call it at once, on several machines: a file is claimed, and one whose claim ran out is taken over.
    """
    by = uuid7()
    async with pool.acquire() as conn:
        claimed = await store.claim(conn, by, CLAIM)
        run = None if claimed is None else await runs.find(conn, claimed.run_id)
    if claimed is None or run is None:
        return False
    if run.state == "running":
        async with _held(pool, claimed, by):
            await _import(pool, claimed, run, most_unpacked)
    await store.drop(pool, claimed.id)
    return True


@asynccontextmanager
async def _held(pool: Pool, claimed: Claimed, by: UUID) -> AsyncIterator[None]:
    """Keeps a claim, and lets go of it if the work is not done."""
    keeping = asyncio.create_task(_keep(pool, claimed.id, by))
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            await asyncio.shield(_renew(pool, claimed.id, by, NO_LONGER))
        raise
    finally:
        keeping.cancel()


async def _keep(pool: Pool, upload_id: UUID, by: UUID) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY)
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # the import tells of it
            await _renew(pool, upload_id, by, CLAIM)


async def _renew(pool: Pool, upload_id: UUID, by: UUID, lasts: timedelta) -> None:
    async with pool.acquire() as conn:
        await store.renew(conn, upload_id, by, lasts)


async def _import(pool: Pool, claimed: Claimed, run: Run, most_unpacked: int) -> None:
    if claimed.attempts > MOST_ATTEMPTS:
        return await _stop(pool, run, f"given up after {MOST_ATTEMPTS} attempts: the worker's log tells why")
    options = msgspec.convert(run.terms, Options)
    with tempfile.TemporaryDirectory(prefix="doorbuster-import-") as folder:
        path = Path(folder) / kept_as(run.file)
        await _fetch(pool, claimed.id, path)
        try:
            with open_table(path, options.mapping.encoding, most_unpacked) as table:
                await import_catalog(pool, table, run, options, run.cause)
        except UnreadableFile as error:
            await _stop(pool, run, f"unreadable_file: {error}")
        except Refusal as refusal:  # also that somebody undid it meanwhile
            await _stop(pool, run, f"{refusal.code}: {refusal.detail}")


async def _fetch(pool: Pool, upload_id: UUID, path: Path) -> None:
    with path.open("wb") as file:
        async for piece in store.pieces(pool, upload_id):
            file.write(piece)


async def _stop(pool: Pool, run: Run, why: str) -> None:
    why = why.replace("\0", "�")[:LONGEST_WHY]  # the name of a column may hold it, and Postgres no text that does
    log.warning("an import is stopped", extra={"fields": {"run": str(run.id), "why": why}})
    async with pool.acquire() as conn, conn.transaction():
        await runs.stop(conn, run.id, why)
