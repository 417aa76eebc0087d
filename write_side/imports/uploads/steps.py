"""What the worker does about files that were sent: a process of its own imports them, and what is left over goes.

A process, since reading a file takes all of a core for minutes: the worker's own loop is the relay's.
"""

import asyncio
import contextlib
import os
import sys
import threading
from datetime import timedelta
from functools import partial

from shared.settings import Settings
from write_side.database import Pool, open_pool
from write_side.imports.runs import store as runs
from write_side.imports.uploads import store
from write_side.imports.uploads.carrying import carry_on
from write_side.steps import Step, until_either

PAUSE, CLEANING_PAUSE = 1.0, 600.0
CONNECTIONS = 4
TIMES_UNPACKED = 20  # a packed file of texts is a tenth of what it holds
GIVE_UP_AFTER = timedelta(hours=1)  # on a file that does not arrive: none may take so long
PATIENCE = 8.0  # seconds for the process to let go of what it has in hand
AT_ONCE = 500


class ImportFailed(RuntimeError):
    """The process that imports files ended badly; its log tells why."""


def steps(pool: Pool, settings: Settings, stopping: asyncio.Event) -> list[Step]:
    """What the worker is to do again and again."""
    return [
        Step("files to import", PAUSE, partial(_import_files, pool, settings, stopping)),
        Step("files that never arrived", CLEANING_PAUSE, partial(clean, pool)),
    ]


async def clean(pool: Pool) -> int:
    """Drop files that never arrived as a whole, and what was rejected a month ago; answers how much."""
    async with pool.acquire() as conn:
        left = await store.abandoned(conn, GIVE_UP_AFTER)
    for upload_id in left:
        await store.drop(pool, upload_id)
    async with pool.acquire() as conn:
        return len(left) + await runs.forget_rejects(conn, AT_ONCE)


async def _import_files(pool: Pool, settings: Settings, stopping: asyncio.Event) -> int:
    async with pool.acquire() as conn:
        if not await store.is_due(conn):
            return 0
    # It ends when its input does, so it outlives no worker.
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "write_side", "imports", stdin=asyncio.subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": settings.database_url},
    )  # fmt: skip
    try:
        await until_either(child.wait(), stopping.wait())
    finally:
        code = await _ended(child)
    if code and not stopping.is_set():
        raise ImportFailed(f"code {code}")
    return 1


async def _ended(child: asyncio.subprocess.Process) -> int:
    """How a process ended, which is asked to."""
    assert child.stdin is not None, "it was started with one"
    child.stdin.close()
    try:
        async with asyncio.timeout(PATIENCE):
            return await child.wait()
    except TimeoutError:
        child.kill()
        return await child.wait()


async def import_all(settings: Settings) -> None:
    """Import file after file until none waits, or until the standard input ends: another goes on then."""
    loop, work, asked = asyncio.get_running_loop(), asyncio.create_task(_all(settings)), threading.Event()

    def listen() -> None:
        os.read(0, 1)  # not through `sys.stdin`, whose lock it would hold when Python ends
        asked.set()
        with contextlib.suppress(RuntimeError):  # all is done, and the loop is closed
            loop.call_soon_threadsafe(work.cancel)

    threading.Thread(target=listen, daemon=True).start()  # which nobody waits for
    try:
        await work
    except asyncio.CancelledError:
        if not asked.is_set():
            raise


async def _all(settings: Settings) -> None:
    most = settings.import_largest_mb * 1_000_000 * TIMES_UNPACKED
    async with open_pool(settings.database_url, CONNECTIONS, "import") as pool:
        while await carry_on(pool, most):
            pass
