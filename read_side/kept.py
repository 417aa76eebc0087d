"""Values of Redis that are asked for most, kept in this process until Redis says that they were written.

Redis tells every write under the prefixes we name (`CLIENT TRACKING … BCAST`), over a connection of its own, in the
order of the writes. A question on the same connection is answered behind all of them: whatever is kept was true when
the last answered one was sent. Without an answer for a second nothing that is kept is given away, without the
connection nothing is kept. So what is given away is less than a second old, whatever hangs.

A read may be overtaken by the word that its key was written. So it leaves its mark first, the word takes the mark away,
and only a read that finds its own mark again is kept.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError

from read_side import metrics
from read_side.frequent import Frequent
from read_side.multiplexer import Multiplexer

log = logging.getLogger(__name__)

MOST_BYTES = 64_000_000
SURE_SECONDS = 1.0  # so old may be what is given away
ASKED_EVERY = 0.25  # seconds between two questions
PATIENCE = 3.0  # seconds, then a new connection is made
PAUSE = 1.0  # seconds until then, where one was lost


class Kept:
    """The `places` values under these prefixes that are asked for most. Its methods belong to one event loop."""

    def __init__(self, redis: "Redis", multiplexer: Multiplexer, prefixes: Sequence[str], places: int) -> None:
        self._redis, self._multiplexer, self._prefixes, self._places = redis, multiplexer, prefixes, places
        self._frequent = Frequent[str, bytes](places, MOST_BYTES)
        self._reading: dict[str, object] = {}  # key → mark of the read under way
        self._sure_until = 0.0
        self._stopped = False
        metrics.KEPT.set_function(lambda: len(self._frequent))

    def __len__(self) -> int:
        return len(self._frequent)

    async def get(self, key: str) -> bytes | None:
        """The value under a key, less than a second old; None if there is none. Raises what the Redis client raises."""
        if time.monotonic() >= self._sure_until:
            return await self._multiplexer.get(key)
        value = self._frequent.get(key)
        if value is not None:
            metrics.KEPT_HITS.inc()
            return value
        metrics.KEPT_MISSES.inc()
        return await self._read(key)

    async def _read(self, key: str) -> bytes | None:
        mark = object()
        mine = self._reading.setdefault(key, mark) is mark
        try:
            value = await self._multiplexer.get(key)
            if mine and value is not None and self._reading.get(key) is mark:
                self._frequent.offer(key, value, len(value))
        finally:
            if self._reading.get(key) is mark:
                del self._reading[key]
        return value

    async def run(self) -> None:
        """Listen until stopped, through whatever connections it takes."""
        while self._places and not self._stopped:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                log.warning("pages are not kept", extra={"fields": {"error": type(error).__name__}})
                await asyncio.sleep(PAUSE)

    def stop(self) -> None:
        """End `run`."""
        self._stopped = True

    async def _listen(self) -> None:
        made = self._redis.connection_pool.connection_kwargs | {"protocol": 3}
        connection: Any = self._redis.connection_pool.connection_class(**made)
        try:
            await connection.connect()
            connection._parser.set_invalidation_push_handler(self.written)  # no other door, and no type
            prefixes = [word for prefix in self._prefixes for word in ("PREFIX", prefix)]
            await connection.send_command("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)
            await connection.read_response()
            while not self._stopped:
                await self._ask(connection)
        finally:
            self._forget()
            await connection.disconnect()

    async def _ask(self, connection: Any) -> None:
        """Ask once and hear the answer, and what is told until it is time to ask again."""
        sent, answered = time.monotonic(), False
        await connection.send_command("PING", check_health=False)
        while not answered or time.monotonic() < sent + ASKED_EVERY:
            if time.monotonic() > sent + PATIENCE:
                raise NoConnection("Redis tells no writes")
            told = await connection.read_response(timeout=ASKED_EVERY, push_request=True)
            if told is not None:  # what was written goes to `written`
                answered, self._sure_until = True, sent + SURE_SECONDS

    async def written(self, message: Sequence[Any]) -> None:
        """Redis' word that keys were written."""
        keys = message[1]
        if keys is None:  # all of them: FLUSHALL
            self._frequent.clear()
            self._reading.clear()
            return
        for each in keys:
            key = each.decode()
            self._frequent.drop(key)
            self._reading.pop(key, None)

    def _forget(self) -> None:
        self._sure_until = 0.0
        self._frequent.clear()
        self._reading.clear()
