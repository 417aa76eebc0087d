"""`python -m projector.recommender`: counts what is bought together, for ever. Several copies write the same."""

if __name__ == "__main__":
    import gc

    gc.disable()  # until `freeze_start_up_objects`

import asyncio
import logging
import signal
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uvloop
from redis.exceptions import RedisError

from projector import redis_sink
from projector.log import EventLog, NotVisibleYet, open_pool
from projector.recommender.baskets import Log
from projector.recommender.together import Together
from projector.recommender.writing import Writer
from shared.collector import freeze_start_up_objects
from shared.http import logs, probe, tracing
from shared.http.health import Check
from shared.http.pools import POSTGRES_FAILS
from shared.settings import Settings
from shared.stopping import end_for_sure

log = logging.getLogger("projector.recommender")

PAUSE = 2.0  # seconds between two looks at the log
ALL_AGAIN = 3_600.0  # seconds: a list changes, too, when only its neighbours are bought with others


_DOWN = (*POSTGRES_FAILS, RedisError, NotVisibleYet)


class Recommender:
    """What it has counted, and what of that is to be written."""

    def __init__(self, source: EventLog, writer: Writer, shards: int) -> None:
        self._together, self._log, self._writer = Together(), Log(source, shards), writer
        self._changed: set[UUID] = set()
        self._all_written_at: datetime | None = None

    async def look(self, now: datetime) -> int:
        """Count what is new, write what it changes; answers how many orders those were."""
        news = await self._log.news()
        for basket in news:
            self._together.add(basket.products, basket.at)
            self._changed |= basket.products
        whole = await self._writer.is_whole()
        written = self._all_written_at
        if not whole or written is None or (now - written).total_seconds() >= ALL_AGAIN:
            if not whole:
                await self._writer.clear()
            await self._write(self._together.products(), now)
            self._all_written_at = now
        elif self._changed:
            await self._write(self._changed, now)
        return len(news)

    async def _write(self, products: Collection[UUID], now: datetime) -> None:
        await self._writer.write(self._together, self._log, products, now)
        self._changed = set()


async def run(settings: Settings) -> None:
    """Until cancelled; whatever is down is waited for."""
    wait = PAUSE
    while True:
        try:
            await _work(settings)
        except _DOWN as error:
            log.warning("waits", extra={"fields": {"error": type(error).__name__}})
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)


async def _work(settings: Settings) -> None:
    async with await open_pool(settings.database_url, 1, "recommender") as pool, redis_sink.connect(
        settings.redis_url
    ) as redis:
        source = EventLog(pool)
        found = await source.settings()
        recommender = Recommender(source, Writer(redis, found.store), found.shards)
        while True:
            if orders := await recommender.look(datetime.now(UTC)):
                log.info("counted", extra={"fields": {"orders": orders}})
            await asyncio.sleep(PAUSE)


def checks(settings: Settings) -> dict[str, Check]:
    """What it needs."""

    async def postgres() -> None:
        conn = await asyncpg.connect(settings.database_url, timeout=1)
        await conn.close()

    async def redis() -> None:
        async with redis_sink.connect(settings.redis_url) as client:
            await client.ping()

    return {"postgres": Check(postgres), "redis": Check(redis, essential=False)}


async def main(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    server = await probe.serve(settings.host, settings.port, checks(settings))
    freeze_start_up_objects()
    work = asyncio.create_task(run(settings))
    await stopped.wait()
    end_for_sure()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    server.close()


if __name__ == "__main__":
    _settings = Settings.read()
    logs.configure("recommender", _settings.log_level)
    with tracing.exporting("recommender"):
        uvloop.run(main(_settings))
