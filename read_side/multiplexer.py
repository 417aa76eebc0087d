"""Many readers, one MGET: whoever asks within one turn of the event loop shares a round trip.

A question costs some 50 µs of this process however small it is; joined, it costs a few.

While Redis doesn't answer nobody waits for it: reads fail at once, and one beside them finds out whether it is back.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Protocol

from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer

from shared.breaker import Breaker, Permit, Withheld

log = logging.getLogger(__name__)

LONGEST_PAUSE = 2.0  # seconds until one that doesn't answer is asked again
MOST = 512  # keys per MGET: a longer one keeps everybody else waiting at the server


class LeftAlone(RedisError):
    """Redis didn't answer lately, and wasn't asked."""


class Reads(Protocol):
    """Who is asked for many at once (`read_side.line`, or a whole client), by one question after the other."""

    def mget(self, keys: list[str], /) -> Awaitable[list[bytes | None]]:
        """The values under these keys, in order; None where there is none."""


class Multiplexer:
    """Reads string keys. Its methods belong to one event loop."""

    def __init__(self, redis: Reads) -> None:
        self._redis = redis
        self._waiting: list[tuple[str, asyncio.Future[bytes | None]]] = []
        self._running: asyncio.Task[None] | None = None
        self._breaker = Breaker(LONGEST_PAUSE)
        self._probe: asyncio.Task[None] | None = None

    @property
    def leaves_alone(self) -> bool:
        """Whether Redis isn't asked for now, as it didn't answer."""
        return self._breaker.state != "closed"

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
            values = await self._asked([key for key, _ in batch])
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), value in zip(batch, values, strict=True):
            if not future.done():  # a client that went away cancelled its read
                future.set_result(value)

    async def _asked(self, keys: list[str]) -> list[bytes | None]:
        try:
            permit = self._breaker.admit(time.monotonic())
        except Withheld as error:
            raise LeftAlone(str(error)) from error
        if permit.probe:
            self._probe = asyncio.get_running_loop().create_task(self._probed(permit, keys))
            raise LeftAlone("a probe is on its way")
        return await self._told(permit, keys)

    async def _probed(self, permit: Permit, keys: list[str]) -> None:
        try:
            await self._told(permit, keys)
        except Exception as error:
            log.info("Redis still doesn't answer: %r", error)

    async def _told(self, permit: Permit, keys: list[str]) -> list[bytes | None]:
        """Redis' answer; what comes of it is told to the breaker."""
        try:
            values = await self._redis.mget(keys)
        except (NoConnection, NoAnswer, OSError):
            for _ in keys:  # whoever waited for one: a busy process knows at once
                self._breaker.failed(permit, time.monotonic())
            raise
        except RedisError:  # a refusal is an answer
            self._breaker.succeeded(permit)
            raise
        except BaseException:
            self._breaker.given_up(permit)
            raise
        self._breaker.succeeded(permit)
        return values
