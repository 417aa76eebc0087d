"""One connection to Redis that MGETs go over, one after the other.

The Redis client is made for every command and every answer, which costs some 250 µs of this process for a question of
two dozen keys; this one question costs a fifth of that. The client makes the connection (address, TLS, credentials,
database) and closes it with all its others.
"""

import asyncio
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError, ResponseError
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as NoAnswer

LOADING = "LOADING "  # how a refusal begins of a server that isn't there yet

Values = list[bytes | None]


class Line:
    """Belongs to one event loop, and to one caller at a time."""

    def __init__(self, redis: "Redis") -> None:
        self._pool = redis.connection_pool
        self._seconds: float | None = self._pool.connection_kwargs.get("socket_timeout")
        self._connection: Any = None
        self._link: _Link | None = None

    async def mget(self, keys: list[str]) -> Values:
        """The values under these keys, in order, None where there is none; raises as the Redis client does. A
        connection that was lost, as with a server's restart, is made anew and asked once more."""
        if self._link is not None:
            try:
                return await self._asked(self._link, keys)
            except NoConnection:
                self._link = None
        return await self._asked(await self._connected(), keys)

    async def _asked(self, link: "_Link", keys: list[str]) -> Values:
        answer = link.ask(hiredis.pack_command(("MGET", *keys)))  # type: ignore[arg-type]  # stubs: of one word
        timer = None if self._seconds is None else answer.get_loop().call_later(self._seconds, link.give_up)
        try:
            return await answer
        except ResponseError:  # it is an answer, and the connection is as good as before
            raise
        except BaseException:  # what comes yet must be taken by nobody for the answer to something else
            link.break_off()
            self._link = None
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _connected(self) -> "_Link":
        await self._let_go()
        self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        transport = self._connection._writer.transport  # no other door
        self._link = _Link(transport)
        return self._link

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)


class _Link(asyncio.Protocol):
    """What comes over a connection that is there."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._reader = hiredis.Reader(replyError=_refusal)
        self._answer: asyncio.Future[Values] | None = None
        self._before = transport.get_protocol()  # waits for the end, to tell whoever closes the connection
        transport.set_protocol(self)

    def ask(self, command: bytes) -> asyncio.Future[Values]:
        """What is answered to this. Nobody asks before the last one is answered: they would be told another's."""
        if self._answer is not None and not self._answer.done():
            raise RuntimeError("the last one isn't answered yet")
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self._fail(NoConnection("the connection was closed"))
        else:
            self._transport.write(command)
        return self._answer

    def give_up(self) -> None:
        """Nobody waits any longer."""
        self._fail(NoAnswer("Redis doesn't answer"))

    def break_off(self) -> None:
        """Close at once."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Some bytes of an answer."""
        try:
            self._reader.feed(data)
            while (said := self._reader.gets()) is not False:
                self._take(said)
        except hiredis.ProtocolError as error:
            self._fail(NoConnection(f"whoever answers is no Redis: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, whoever wanted it."""
        self._fail(NoConnection(f"the connection was lost: {exc}"))
        self._before.connection_lost(exc)

    def _take(self, said: Any) -> None:
        if isinstance(said, RedisError):
            self._fail(said)
        elif not isinstance(said, hiredis.PushNotification) and self._answer and not self._answer.done():
            self._answer.set_result(said)

    def _fail(self, error: RedisError) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)


def _refusal(message: str) -> RedisError:
    return BusyLoadingError(message) if message.startswith(LOADING) else ResponseError(message)
