"""An import outlasts a restart of Postgres, and a transaction that Postgres ended because the machine stood still."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from shared.http.pools import POSTGRES_IS_DOWN

# With the limits of write_side/database.py, which end a transaction and its connection on a machine that is too slow.
GONE = (*POSTGRES_IS_DOWN, asyncpg.TransactionTimeoutError, asyncpg.IdleInTransactionSessionTimeoutError)
PATIENCE_SECONDS = 60.0
PAUSE = 0.2

Answer = TypeVar("Answer")


async def patiently(step: Callable[[], Awaitable[Answer]]) -> Answer:
    """What a step answers that may be taken again; raises what it raised last when Postgres stays away for a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await step()
        except GONE:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(PAUSE)
