"""Connections to Postgres under the application's role, with the limits that keep one transaction from stopping all."""

from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:  # generic in the stubs only
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
    Pool: TypeAlias = asyncpg.Pool

ROLE = "doorbuster_app"

LIMITS = {
    "role": ROLE,
    "synchronous_commit": "on",
    # A transaction that holds a position stops the feed for everybody: none may live longer.
    "transaction_timeout": "2s",
    "lock_timeout": "1500ms",
    "idle_in_transaction_session_timeout": "1s",
}



def open_pool(url: str, size: int, name: str) -> Pool:
    """A pool of up to `size` connections, opened by `async with`; `name` shows in pg_stat_activity."""
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=5,
        server_settings=LIMITS | {"application_name": name},
    )


async def connect(url: str, name: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection of its own, for what must not share (the relay, a lease)."""
    return await asyncpg.connect(url, command_timeout=5, server_settings=LIMITS | {"application_name": name})
