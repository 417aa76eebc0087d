"""Pools of connections to Postgres that wait for nothing without a limit, and tell how long they waited."""

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:  # generic in the stubs only
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Pool: TypeAlias = asyncpg.Pool

WAIT_SECONDS = 3.0  # for a connection of the pool: who waits longer is turned away, to come again

# What becomes of a statement whose server, or the way to it, is gone. `InternalClientError` is none of asyncpg's other
# errors: it comes of a connection that broke in the very moment in which it was handed out.
CONNECTION_BROKE = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
POSTGRES_IS_DOWN = (
    *CONNECTION_BROKE,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
POSTGRES_FAILS = (*CONNECTION_BROKE, asyncpg.PostgresError)  # whatever it is: for those who try again for ever

_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)
WAITED = Histogram("doorbuster_pool_wait_seconds", "Time to get a connection to Postgres", ["pool"], buckets=_SECONDS)
REFUSED = Counter("doorbuster_pool_failures", "Connections that were not to be had, in time or at all", ["pool"])
CONNECTIONS = Gauge("doorbuster_pool_connections", "Connections to Postgres: in_use, open, most", ["pool", "state"])


class _Pool(asyncpg.Pool):
    """asyncpg's pool lets its users wait for ever, and gives no way to say otherwise for all of them."""

    def __init__(self, *arguments: Any, name: str, size: int, wait_seconds: float, **options: Any) -> None:
        super().__init__(*arguments, max_size=size, **options)
        self._wait_seconds = wait_seconds
        self._waited, self._refused = WAITED.labels(name), REFUSED.labels(name)  # labels() costs more than counting
        CONNECTIONS.labels(name, "in_use").set_function(lambda: self.get_size() - self.get_idle_size())
        CONNECTIONS.labels(name, "open").set_function(self.get_size)
        CONNECTIONS.labels(name, "most").set(size)

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=timeout or self._wait_seconds)

    async def _acquire(self, timeout: float | None) -> Any:  # noqa: ASYNC109  # asyncpg's: all pass through here
        began = perf_counter()
        try:
            return await super()._acquire(timeout)  # type: ignore[misc]  # which the stubs leave out
        except Exception:
            self._refused.inc()
            raise
        finally:
            self._waited.observe(perf_counter() - began)


async def _as_it_is(_: object) -> None:
    """What is done to a connection that comes back. An open transaction was ended before; the rest of asyncpg's usual
    reset, four statements at each return, undoes what nobody may do here: session settings, session locks, LISTEN."""


def bounded_pool(
    url: str, *, name: str, size: int, idle: int = 1, connect_seconds: float, command_seconds: float,
    settings: Mapping[str, str], wait_seconds: float = WAIT_SECONDS,
) -> Pool:  # fmt: skip
    """A pool whose every step has a limit: connecting, waiting for one's turn, a statement; opened by `async with`.

    `name` is its name in the metrics, and in pg_stat_activity. Raises `TimeoutError` when no connection becomes free,
    or none answers, in time.
    """
    return _Pool(
        url,
        name=name,
        size=size,
        wait_seconds=wait_seconds,
        min_size=idle,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=connect_seconds,
        reset=_as_it_is,
        command_timeout=command_seconds,
        server_settings={**settings, "application_name": name},
    )
