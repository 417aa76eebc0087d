"""`python -m projector`: owns all shards while it holds the lease, stands by while another does."""

if __name__ == "__main__":
    import gc

    gc.disable()  # until `freeze_start_up_objects`

import asyncio
import logging
import os
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import asyncpg
import uvloop
from redis.exceptions import RedisError

from projector import elasticsearch_sink, metrics
from projector.keyring import Keyring
from projector.log import ROLE, open_pool
from projector.owner import Owner
from projector.redis_sink import connect
from shared.collector import freeze_start_up_objects
from shared.http import logs, probe, tracing
from shared.http.health import Check
from shared.http.pools import POSTGRES_FAILS
from shared.lease import Lease, LeaseLost
from shared.settings import Settings
from shared.stopping import end_for_sure

log = logging.getLogger("projector")

LET_GO_SECONDS = 5.0
LEASE = "projector"
LEASE_SECONDS = 2.0  # a stopped owner is replaced after this; a killed one at once
STANDS_BY_FOR = (LeaseLost, *POSTGRES_FAILS, RedisError)
FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0  # seconds before the next turn
LASTED = 5.0  # seconds: after a turn that was as long as this the next one comes soon
POOL = 9  # three readers of the log per sink, heads, books


class Process:
    """Takes turns with its twins: stand by, own, lose, stand by."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lease = Lease(LEASE, self._lease_connection, ttl=LEASE_SECONDS)
        self._keyring = Keyring(settings.keyring_url, bytes.fromhex(settings.master_key))

    async def run(self) -> None:
        """Until cancelled. A connection that isn't even closed in time, on a machine that has none for us, ends a turn
        and not the process, and so does whatever else fails beside it. What fails alone ends the process."""
        wait = FIRST_WAIT
        while True:
            owned_at = float("inf")
            try:
                await self._lease.acquire()
                owned_at = time.monotonic()
                await self._own()
            except* Exception as errors:
                gone, others = errors.split(STANDS_BY_FOR)
                if gone is None:
                    raise
                told = {type(error).__name__ for error in errors.exceptions}
                log.warning("standing by", exc_info=others, extra={"fields": {"errors": sorted(told)}})
            finally:
                metrics.forget()
            if time.monotonic() - owned_at > LASTED:
                wait = FIRST_WAIT
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, wait * 2)

    async def _own(self) -> None:
        metrics.OWNER.set(1)
        log.info("owns all shards")
        pool = await open_pool(self._settings.database_url, POOL)
        try:
            await _ended_for_sure(Owner(self._settings, pool, self._keyring, self._lease).run(), self._lease.keep())
        finally:
            pool.terminate()

    async def stop(self) -> None:
        """Lets the next one in at once."""
        await self._lease.release()
        await self._keyring.close()

    async def _lease_connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        settings = {"role": ROLE, "application_name": "doorbuster-projector-lease"}
        url = self._settings.database_url
        return await asyncpg.connect(url, timeout=3, command_timeout=3, server_settings=settings)

    def checks(self) -> dict[str, Check]:
        """What it needs. Without the log there is nothing to do; without one of the sinks the other goes on."""
        streams, redis = self._settings.streams, self._settings.redis_url
        apart = {} if streams == redis else {"streams": Check(lambda: _ping_redis(streams), essential=False)}
        return apart | {
            "postgres": Check(self._ping_postgres),
            "redis": Check(lambda: _ping_redis(redis), essential=False),
            "elasticsearch": Check(self._ping_elasticsearch, essential=False),
            "keyring": Check(self._keyring.ping, essential=False),
        }

    async def _ping_postgres(self) -> None:
        conn = await asyncpg.connect(self._settings.database_url, timeout=1)
        await conn.close()

    async def _ping_elasticsearch(self) -> None:
        async with elasticsearch_sink.connect(self._settings.elasticsearch_url) as client:
            await client.cluster.health(local=True)


async def _ping_redis(url: str) -> None:
    async with connect(url) as redis:
        await redis.ping()


def _where_tasks_wait() -> list[str]:
    """Of each task how often it was cancelled, and the functions that await each other in it."""
    return [f"{task.cancelling()}: {_chain(task.get_coro())}" for task in asyncio.all_tasks()]


def _chain(waits: Any) -> str:
    names: list[str] = []
    while waits is not None and len(names) < 20:
        names.append(getattr(waits, "__qualname__", type(waits).__name__))
        waits = getattr(waits, "cr_await", None)
    return " > ".join(names)


async def _ended_for_sure(work: Coroutine[Any, Any, None], lease: Coroutine[Any, Any, None]) -> None:
    """Both until one ends. What does not let go of the sinks soon after is ended with the process: the supervisor
    starts a new one, and nothing that half-stopped can go on in this one."""
    tasks = {asyncio.create_task(work), asyncio.create_task(lease)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        _, hanging = await asyncio.wait(tasks, timeout=LET_GO_SECONDS)
        if hanging:
            log.critical("the work does not let go; the process ends", extra={"fields": {"tasks": _where_tasks_wait()}})
            os._exit(3)
    failures = [task.exception() for task in tasks if not task.cancelled() and task.exception() is not None]
    raise BaseExceptionGroup("the owner's work ended", [f for f in failures if f is not None] or [LeaseLost()])


async def main(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    process = Process(settings)
    server = await probe.serve(settings.host, settings.port, process.checks())
    freeze_start_up_objects()
    work = asyncio.create_task(process.run())
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
    end_for_sure()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    await process.stop()
    server.close()


if __name__ == "__main__":
    _settings = Settings.read()
    logs.configure("projector", _settings.log_level)
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # a line per request while the server is down
    with tracing.exporting("projector"):
        uvloop.run(main(_settings))
