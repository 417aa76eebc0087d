"""Files that were sent to be imported, in pieces: the only SQL that names `import_upload` and `import_chunk`. It
looks at which runs are at work, too."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from write_side.database import Connection, Pool

AT_ONCE = 8  # pieces that are dropped in one statement


class Claimed(Struct, frozen=True):
    """An upload that is ours to import for a while, and how often that was tried."""

    id: UUID
    run_id: UUID
    attempts: int


async def begin(conn: Connection, upload_id: UUID) -> None:
    """A file begins to arrive."""
    await conn.execute("INSERT INTO import_upload (id) VALUES ($1)", upload_id)


async def keep(conn: Connection, upload_id: UUID, number: int, piece: bytes) -> None:
    """The next piece of it."""
    query = "INSERT INTO import_chunk (upload_id, number, bytes) VALUES ($1, $2, $3)"
    await conn.execute(query, upload_id, number, piece)


async def give_to(conn: Connection, upload_id: UUID, run_id: UUID) -> bool:
    """All of it is here and is what this run imports; False if the run has its file already."""
    query = """UPDATE import_upload SET run_id = $2
               WHERE id = $1 AND NOT EXISTS (SELECT FROM import_upload WHERE run_id = $2)"""
    return bool(await conn.execute(query, upload_id, run_id) == "UPDATE 1")


# A file waits for undoings that were asked for before it was sent: what it found as it should be they would take back.
_DUE = """SELECT id FROM import_upload u
          WHERE run_id IS NOT NULL AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
            AND NOT EXISTS (SELECT FROM import_run r WHERE r.kind = 'undo' AND r.state = 'running' AND NOT r.dry_run
                              AND r.id < u.run_id AND r.began_at > clock_timestamp() - interval '1 hour')"""


async def is_due(conn: Connection) -> bool:
    """Whether a file waits that nobody works on, and that may go in."""
    return await conn.fetchval(f"{_DUE} LIMIT 1") is not None


async def claim(conn: Connection, by: UUID, lasts: timedelta) -> Claimed | None:
    """The file that waits longest; None if none does."""
    row = await conn.fetchrow(
        f"""UPDATE import_upload SET claimed_by = $1, claimed_until = clock_timestamp() + $2::interval,
                                     attempts = attempts + 1
            WHERE id = ({_DUE} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, run_id, attempts""",  # noqa: S608
        by, lasts,
    )  # fmt: skip
    return None if row is None else Claimed(row["id"], row["run_id"], row["attempts"])


async def renew(conn: Connection, upload_id: UUID, by: UUID, lasts: timedelta) -> None:
    """It stays ours for longer; 0 lets go of it."""
    query = """UPDATE import_upload SET claimed_until = clock_timestamp() + $3::interval
               WHERE id = $1 AND claimed_by = $2"""
    await conn.execute(query, upload_id, by, lasts)


async def pieces(pool: Pool, upload_id: UUID) -> AsyncIterator[bytes]:
    """The file, piece by piece."""
    number = 0
    query = "SELECT bytes FROM import_chunk WHERE upload_id = $1 AND number = $2"
    while True:
        async with pool.acquire() as conn:
            piece: bytes | None = await conn.fetchval(query, upload_id, number)
        if piece is None:
            return
        yield piece
        number += 1


async def drop(pool: Pool, upload_id: UUID) -> None:
    """Forget a file, a few pieces at a time: all at once would take longer than a transaction may."""
    query = """DELETE FROM import_chunk WHERE upload_id = $1 AND number IN (
                   SELECT number FROM import_chunk WHERE upload_id = $1 ORDER BY number LIMIT $2)"""
    gone = "DELETE 1"
    while gone != "DELETE 0":
        async with pool.acquire() as conn:
            gone = await conn.execute(query, upload_id, AT_ONCE)
    async with pool.acquire() as conn:
        await conn.execute("DELETE FROM import_upload WHERE id = $1", upload_id)


async def abandoned(conn: Connection, after: timedelta) -> list[UUID]:
    """Files that never arrived as a whole."""
    query = "SELECT id FROM import_upload WHERE run_id IS NULL AND begun_at < clock_timestamp() - $1::interval"
    return [row["id"] for row in await conn.fetch(query, after)]
