"""A log that was brought back to an earlier point opens again: as another store, so that nothing of the lost one can be
taken for its own.

Documents, indices and streams of the epoch before are dropped by whoever finds them; a `Position` of it is not waited
for. Positions begin beyond all that the lost log can have published: an order's new version in Elasticsearch must not
be lower than one that somebody still has.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg

from shared.ids import uuid7
from write_side.commands import cause_of
from write_side.customers import open_keyring
from write_side.database import open_pool
from write_side.erasure import Ledger, erase_again
from write_side.schema.migrate import migrate

POSITIONS_PER_EPOCH = 10**11  # more than one life can use; Lua and JSON count exactly up to 9 * 10**15


class Reopened(NamedTuple):
    """Its epoch, when the last event was recorded, how many there are, and how many persons were erased again."""

    epoch: int
    last_event_at: datetime | None
    events: int
    erased_again: int


async def reopen(environment: Mapping[str, str], ledgers: Sequence[Path], above: int) -> Reopened:
    """Give the store an epoch above this one, positions to go with it, and erase again who was erased; nothing else
    may run meanwhile."""
    url = environment["DATABASE_URL"]
    await migrate(url, environment["KEYRING_URL"])
    conn = await asyncpg.connect(url)
    try:
        async with conn.transaction():
            epoch = await _begin(conn, above)
        row = await conn.fetchrow("SELECT max(recorded_at), count(*) FROM event_log")
    finally:
        await conn.close()
    assert row is not None
    return Reopened(epoch, row[0], row[1], await _erase_again(environment, ledgers))


async def _erase_again(environment: Mapping[str, str], ledgers: Sequence[Path]) -> int:
    """Everybody in a ledger, whatever state their orders came back in; answers of how many anything was left."""
    persons, again = {person for path in ledgers for person in Ledger(str(path)).persons()}, 0
    async with (
        open_pool(environment["DATABASE_URL"], 1, "reopen") as pool,
        open_keyring(environment["KEYRING_URL"], environment["MASTER_KEY"]) as keyring,
    ):
        for person_id in sorted(persons):
            again += await erase_again(pool, keyring, person_id, cause_of("cli", str(uuid7())))
    return again


async def _begin(conn: "asyncpg.Connection[asyncpg.Record]", above: int) -> int:
    """Nobody writes: whatever isn't in the log by now never will be, so all of it is safe to read."""
    epoch: int = await conn.fetchval(
        "UPDATE log_settings SET epoch = greatest(epoch, $1) + 1 WHERE id = 1 RETURNING epoch", above
    )
    first = epoch * POSITIONS_PER_EPOCH
    await conn.execute("SELECT setval('event_position', $1)", first)
    await conn.execute("UPDATE relay_state SET safe_position = $1 WHERE id = 1", first)
    await conn.execute("DELETE FROM lease")  # of processes that are no more
    return epoch
