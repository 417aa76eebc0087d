"""What a destroyed key leaves behind on the disk, and how that goes.

Deleting a row leaves its bytes in its page until somebody writes over them, and in the write-ahead log of its making.
"""

import asyncio

import asyncpg

ARCHIVE_SECONDS = 10.0


async def wipe_erased(keyring_url: str) -> None:
    """Rewrite the keyring's table, and let go of the write-ahead log before that. Needs the table's owner, and the
    rights of a superuser; takes a moment in which nobody gets a key. Raises `TimeoutError` where the log, which has the
    keys, has to stay for an archive that doesn't take it."""
    conn = await asyncpg.connect(keyring_url)
    try:
        await conn.execute("VACUUM FULL person_key")
        await conn.execute("SELECT pg_switch_wal()")
        await _until_archived(conn)  # a segment stays as long as the archive wants it
        for _ in range(2):  # a checkpoint removes what lies before the one before it
            await conn.execute("CHECKPOINT")
    finally:
        await conn.close()


async def _until_archived(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    behind = """SELECT bool_or(restart_lsn < pg_current_wal_lsn())
                FROM pg_replication_slots WHERE slot_type = 'physical'"""
    try:
        async with asyncio.timeout(ARCHIVE_SECONDS):
            while await conn.fetchval(behind):
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise TimeoutError("the archive doesn't take the keyring's log, so destroyed keys are still in it") from error
