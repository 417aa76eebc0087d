"""Many readers, one MGET: whoever asks within one turn of the event loop shares a round trip.

A call through the Redis client costs some 50 µs of this process however small it is; joined, it costs a few.
"""

import asyncio
from typing import cast

from redis.asyncio import Redis

MOST = 512  # keys per MGET: a longer one keeps everybody else waiting at the server


class Multiplexer:
    """Reads string keys. Its methods belong to one event loop."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._waiting: list[tuple[str, asyncio.Future[bytes | None]]] = []
        self._running: asyncio.Task[None] | None = None

    def get(self, key: str) -> asyncio.Future[bytes | None]:
        """The value under a key, None if there is none; raises what the Redis client raises."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes | None] = loop.create_future()
        self._waiting.append((key, future))
        if self._running is None:  # those who ask while a read is under way make up the next one
            self._running = loop.create_task(self._run())
        return future

    async def get_many(self, keys: list[str]) -> list[bytes | None]:
        """The values under several keys, in order."""
        return list(await asyncio.gather(*(self.get(key) for key in keys)))

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._read(batch)
        finally:
            self._running = None

    async def _read(self, batch: list[tuple[str, asyncio.Future[bytes | None]]]) -> None:
        try:
            values = cast(list[bytes | None], await self._redis.mget([key for key, _ in batch]))
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), value in zip(batch, values, strict=True):
            if not future.done():  # a client that went away cancelled its read
                future.set_result(value)
