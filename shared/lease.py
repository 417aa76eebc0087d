"""A lease held by one process at a time: relay and projector work only while they hold theirs.

The rules stand in SQL (`lease_acquire`, `lease_renew`); this is the loop around them. A lease keeps two from doing the
same work, it does not keep anything safe: whoever was stopped may wake up and believe for a moment that it still owns
it. Safety comes from compare-and-append and from the version of each document.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from shared.ids import uuid7

log = logging.getLogger(__name__)


class LeaseConnection(Protocol):
    """What a lease asks of a Postgres connection of its own (its backend's end ends the lease at once)."""

    def fetchval(self, query: str, *args: Any) -> Awaitable[Any]: ...
    def is_closed(self) -> bool: ...
    def terminate(self) -> None: ...


class LeaseLost(RuntimeError):
    """Somebody else holds it, or Postgres does not answer: stop working."""


class Lease:
    """One named lease; `ttl` seconds after the last renewal it is free for others."""

    def __init__(
        self, name: str, connect: Callable[[], Awaitable[LeaseConnection]], ttl: float = 1.0, renew_every: float = 0.25
    ) -> None:
        self.name = name
        self._connect = connect
        self._ttl = timedelta(seconds=ttl)
        self._renew_every = renew_every
        self._owner: UUID = uuid7()
        self._conn: LeaseConnection | None = None
        self._epoch = 0
        self._renewed_at = float("-inf")

    @property
    def held(self) -> bool:
        """Whether it is ours as far as we can know: a process that was stopped for longer than the ttl answers no."""
        return time.monotonic() - self._renewed_at < self._ttl.total_seconds()

    async def acquire(self, retry_every: float = 0.1) -> None:
        """Waits until the lease is ours. Raises what Postgres raises when it can't be asked."""
        while True:
            if self._conn is None or self._conn.is_closed():
                self._conn = await self._connect()
            asked_at = time.monotonic()
            query = "SELECT lease_acquire($1, $2, $3)"
            epoch = await self._conn.fetchval(query, self.name, self._owner, self._ttl)
            if epoch is not None:
                self._epoch, self._renewed_at = epoch, asked_at
                return
            await asyncio.sleep(retry_every)

    async def keep(self) -> None:
        """Renews until it is lost, then raises `LeaseLost`; run it beside the work and cancel the work when it ends."""
        while True:
            await asyncio.sleep(self._renew_every)
            if not await self._renewed():
                self._renewed_at = float("-inf")
                raise LeaseLost(self.name)

    async def _renewed(self) -> bool:
        assert self._conn is not None, "acquire() comes first"
        asked_at = time.monotonic()
        try:
            query = "SELECT lease_renew($1, $2, $3, $4)"
            async with asyncio.timeout(self._ttl.total_seconds()):
                mine = await self._conn.fetchval(query, self.name, self._owner, self._epoch, self._ttl)
        except Exception as error:  # whatever kept us from asking, we can't know that it is ours
            raise LeaseLost(self.name) from error
        if mine:
            self._renewed_at = asked_at
        return bool(mine)

    async def release(self) -> None:
        """Lets go at once, for a graceful stop; `acquire` may follow."""
        self._renewed_at = float("-inf")
        if self._conn is None or self._conn.is_closed():
            return
        try:
            async with asyncio.timeout(1):
                await self._conn.fetchval("SELECT lease_release($1, $2, $3)", self.name, self._owner, self._epoch)
        except Exception:  # its backend goes with the connection, and the lease with its backend
            log.warning("a lease can't be released", extra={"fields": {"lease": self.name}})
        finally:
            self._conn.terminate()
