"""Values of Redis that are asked for most, kept in this process until Redis says that they were written.

Redis tells every write under the prefix of a read model (`CLIENT TRACKING … BCAST`), over a connection of its own, in
the order of the writes. A question on the same connection is answered behind all of them: whatever is kept was true
when the last answered one was sent. Without an answer for `sure_seconds` nothing that is kept is given away, without
the connection nothing is kept. So what is given away is less than that old, whatever hangs.

A read may be overtaken by the word that its key was written. So it leaves its mark first, the word takes the mark away,
and only a read that finds its own mark again is kept. Nor is the word always there before whoever has seen the write:
so what somebody read afresh is kept in the place of what was, which only reads that were asked for later replace, as
the multiplexer asks for one after the other.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError

from read_side import metrics
from read_side.frequent import Frequent
from read_side.multiplexer import Multiplexer
from shared.documents.layout import unpack

log = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds, then a new connection is made
PAUSE = 1.0  # seconds until then, where one was lost

Value = TypeVar("Value")


class Limits(Struct, frozen=True):
    """How many values are kept (0: none), of how many bytes altogether; how old may be what is given away (seconds)."""

    places: int
    most_bytes: int
    sure_seconds: float

    @property
    def asked_every(self) -> float:
        """Seconds between two questions."""
        return self.sure_seconds / 4


class Lying:
    """A document as it lies in Redis, and what was made of it here, which is forgotten with it."""

    __slots__ = ("body", "etag", "made")

    def __init__(self, stored: bytes) -> None:
        self.etag, self.body = unpack(stored)
        self.made: Any = None


class Kept:
    """The values of a read model that are asked for most. Its methods belong to one event loop."""

    def __init__(self, redis: "Redis", multiplexer: Multiplexer, model: str, limits: Limits) -> None:
        self._redis, self._multiplexer, self._model, self._limits = redis, multiplexer, model, limits
        self._frequent = Frequent[str, Any](limits.places, limits.most_bytes)  # a key is always read in the same way
        self._reading: dict[str, object] = {}  # key → mark of the read under way
        self._sure_until = 0.0
        self._stopped = False
        metrics.KEPT.labels(model).set_function(lambda: len(self._frequent))

    def __len__(self) -> int:
        return len(self._frequent)

    def name(self, key: str) -> Awaitable[bytes | None]:
        """The value under a key, less than `sure_seconds` old; None if there is none. Raises what the client raises."""
        return self._get(key, bytes)

    def document(self, key: str) -> Awaitable[Lying | None]:
        """The same, of a document."""
        return self._get(key, Lying)

    def at_once(self, key: str) -> Any:
        """What `name` or `document` would answer, if it is kept; None: ask them."""
        if time.monotonic() >= self._sure_until:
            return None
        value = self._frequent.held(key)
        if value is not None:
            metrics.KEPT_HITS.count(self._model)
        return value

    def _get(self, key: str, made: Callable[[bytes], Value]) -> Awaitable[Value | None]:
        if time.monotonic() >= self._sure_until:
            return self._unkept(key, made)
        value: Value | None = self._frequent.get(key)
        if value is not None:
            metrics.KEPT_HITS.count(self._model)
            return _at_hand(value)
        metrics.KEPT_MISSES.count(self._model)
        return self._read(key, made)

    async def _unkept(self, key: str, made: Callable[[bytes], Value]) -> Value | None:
        stored = await self._multiplexer.get(key)
        return None if stored is None else made(stored)

    async def _read(self, key: str, made: Callable[[bytes], Value]) -> Value | None:
        mark = object()
        mine = self._reading.setdefault(key, mark) is mark
        try:
            stored = await self._multiplexer.get(key)
            value = None if stored is None else made(stored)
            if mine and stored is not None and self._reading.get(key) is mark:
                self._frequent.offer(key, value, len(stored))
        finally:
            if self._reading.get(key) is mark:
                del self._reading[key]
        return value

    async def afresh(self, key: str, made: Callable[[bytes], Value]) -> Value | None:
        """The value as it lies in Redis now. It takes the place of what is kept, or that is forgotten: whoever was
        given it is given nothing older when they ask again. Raises what the client raises."""
        sure = time.monotonic() < self._sure_until
        value = await (self._read(key, made) if sure else self._unkept(key, made))
        if self._frequent.held(key) is not value:
            self._frequent.drop(key)
        return value

    async def run(self) -> None:
        """Listen until stopped, through whatever connections it takes."""
        while self._limits.places and not self._stopped:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                told = {"read_model": self._model, "error": type(error).__name__}
                log.warning("nothing is kept", extra={"fields": told})
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
            await connection.send_command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", f"{self._model}:")
            await connection.read_response()
            while not self._stopped:
                await self._ask(connection)
        finally:
            self._forget()
            await connection.disconnect()

    async def _ask(self, connection: Any) -> None:
        """Ask once and hear the answer, and what is told until it is time to ask again."""
        sent, answered, every = time.monotonic(), False, self._limits.asked_every
        await connection.send_command("PING", check_health=False)
        while not answered or time.monotonic() < sent + every:
            if time.monotonic() > sent + PATIENCE:
                raise NoConnection("Redis tells no writes")
            told = await connection.read_response(timeout=every, push_request=True)
            if told is not None:  # what was written goes to `written`
                answered, self._sure_until = True, sent + self._limits.sure_seconds

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


async def _at_hand(value: Value) -> Value:
    return value
