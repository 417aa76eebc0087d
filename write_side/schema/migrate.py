"""Brings the schema of the log's database and of the keyring up to date. Idempotent.

Piccolo keeps the history but has no lock of its own: three at once fail on a fresh database. An advisory lock on a
connection of ours serializes them.
"""

import asyncio
import contextlib
import io
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg

log = logging.getLogger(__name__)

SHARDS = 4  # fixed when the store is created; changing it later is a drain barrier, not a setting
_LOCK = 0x0D002B057E2
_HERE = Path(__file__).parent
# Whoever waits for a table holds up all who come after, though they would get along with whoever has it: nobody would
# buy anything behind a backup of an hour. So a migration gives way after a second, and comes again.
_WAIT_MS = 1000
_PAUSE = 2.0  # seconds
PATIENCE = 300.0


class MigrationFailed(RuntimeError):
    """A migration did not run; the message says which."""


async def migrate(database_url: str, keyring_url: str, shards: int = SHARDS, patience: float = PATIENCE) -> None:
    """Runs what is missing of the one migration history, then (re)creates all functions.

    Others go on working meanwhile; a table that somebody holds is asked for again and again, for so many seconds.
    Raises `MigrationFailed`.
    """
    await _alone(keyring_url, _create_keyring)
    lock = await asyncpg.connect(database_url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _run_history(database_url, patience)
        async with lock.transaction():
            await _create_functions(lock)
            await lock.execute(
                "INSERT INTO log_settings (id, epoch, shards) VALUES (1, 1, $1) ON CONFLICT DO NOTHING", shards
            )
    finally:
        await lock.close()


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Variables for as long as Piccolo runs: it finds its settings by name, and connects on import."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ |= variables
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def _run_history(database_url: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    with _environment(PICCOLO_CONF="write_side.schema.piccolo_conf", DATABASE_URL=database_url):
        while (waiting := await _run_piccolo(database_url)) is not None:
            if time.monotonic() > deadline:
                raise MigrationFailed(f"{waiting}: somebody holds its tables; run it again, those before it are done")
            log.warning("a migration waits for a table that somebody holds", extra={"fields": {"migration": waiting}})
            await asyncio.sleep(_PAUSE)


async def _run_piccolo(database_url: str) -> str | None:
    """Which migration could not have its tables; those before it are done."""
    from piccolo.apps.migrations.commands.forwards import run_forwards

    from write_side.schema.piccolo_conf import DB

    DB.config = {"dsn": database_url, "server_settings": {"lock_timeout": str(_WAIT_MS)}}
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            result = await run_forwards("write_side")
    except asyncpg.LockNotAvailableError:
        return said.getvalue().splitlines()[-1].strip(" -.")
    if not result.success:
        raise MigrationFailed(f"{result.message}: {said.getvalue()}")
    return None


# Functions, and the types of what they hand one another, are code, not history: all go and come anew, so that one that
# was renamed or takes other arguments leaves nothing behind. Within one transaction nobody sees them gone. What an
# extension brought is not ours.
_DROP_FUNCTIONS = """
DO $$
DECLARE
    f record;
    t record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p
             WHERE p.pronamespace = 'public'::regnamespace
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE 'DROP FUNCTION ' || f.name;
    END LOOP;
    FOR t IN SELECT c.oid::regclass AS name FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'c'
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE 'DROP TYPE ' || t.name;
    END LOOP;
END $$
"""


async def _create_functions(conn: asyncpg.Connection) -> None:
    await conn.execute(_DROP_FUNCTIONS)
    for file in sorted((_HERE / "functions").glob("*.sql")):
        await conn.execute(file.read_text())


async def _create_keyring(conn: asyncpg.Connection) -> None:
    await conn.execute((_HERE / "keyring.sql").read_text())


async def _alone(url: str, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    conn = await asyncpg.connect(url)
    try:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await work(conn)
    finally:
        await conn.close()
