"""The worker's step that seals the log: every few seconds what became safe since, in a file outside of Postgres."""

import asyncio
import time
from pathlib import Path

from write_side.database import Pool
from write_side.steps import Step
from write_side.verifying import metrics, seals
from write_side.verifying.seals import Key, SealFile

PAUSE = 5.0  # seconds: for so long what is new can be rewritten without a trace but its hash chain


def sealing(pool: Pool, seals_file: str, master_key: str) -> list[Step]:
    """The step, or none where the settings name no file."""
    if not seals_file:
        return []
    file = SealFile(Path(seals_file), Key.of(master_key))
    return [Step("seal", PAUSE, lambda: seal_once(pool, file))]


async def seal_once(pool: Pool, file: SealFile) -> int:
    """Seal what is new; answers how many events while there may be more of it, else 0: the step then pauses.

    Raises `SealBroken`. Several workers may do so, each with a file of its own or all with one.
    """
    last, previous = await asyncio.to_thread(file.last)
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        seal = await seals.next_seal(conn, last, previous)
    if seal is not None and not await asyncio.to_thread(file.append, seal):
        return 0  # somebody else did, and the next round goes on from there
    newest = seal or last
    metrics.SEALED.set(newest.until if newest else 0)
    metrics.SEALED_AT.set(time.time())
    sealed = 0 if seal is None else sum(count for _, count in seal.positions)
    return sealed if sealed >= seals.MOST else 0
