"""Brings the schema of the log's database and of the keyring up to date. Idempotent.

Piccolo keeps the history but has no lock of its own: three at once fail on a fresh database. An advisory lock on a
connection of ours serializes them.
"""

import contextlib
import io
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg

SHARDS = 4  # fixed when the store is created; changing it later is a drain barrier, not a setting
_LOCK = 0x0D002B057E2
_HERE = Path(__file__).parent


class MigrationFailed(RuntimeError):
    """A migration did not run; the message says which."""


async def migrate(database_url: str, keyring_url: str, shards: int = SHARDS) -> None:
    """Runs what is missing of the one migration history, then (re)creates all functions. Raises `MigrationFailed`."""
    await _alone(keyring_url, _create_keyring)
    lock = await asyncpg.connect(database_url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _run_history(database_url)
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


async def _run_history(database_url: str) -> None:
    with _environment(PICCOLO_CONF="write_side.schema.piccolo_conf", DATABASE_URL=database_url):
        await _run_piccolo(database_url)


async def _run_piccolo(database_url: str) -> None:
    from piccolo.apps.migrations.commands.forwards import run_forwards

    from write_side.schema.piccolo_conf import DB

    DB.config = {"dsn": database_url}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        result = await run_forwards("write_side")
    if not result.success:
        raise MigrationFailed(f"{result.message}: {said.getvalue()}")


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
