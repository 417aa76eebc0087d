"""Servers that behave badly: they hang, dribble, lie, redirect, send too much. Real sockets, raw answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """A server and what came to it."""

    def __init__(self, port: int) -> None:
        self.port, self.connections = port, 0
        self.url = f"http://127.0.0.1:{port}"


@asynccontextmanager
async def listening(answering: Answering) -> AsyncIterator[Listener]:
    """A server that answers each connection so; those still open are ended with it."""
    tasks: set[asyncio.Task[None]] = set()
    found: list[Listener] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        found[0].connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await answering(reader, writer)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    found.append(Listener(server.sockets[0].getsockname()[1]))
    try:
        yield found[0]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Takes everything and says nothing."""
    while await reader.read(65_536):
        pass


def saying(*parts: bytes, pause: float = 0.0, for_ever: bytes = b"") -> Answering:
    """Reads a head, then says this, part by part; `for_ever` is said again and again after that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        while for_ever:
            writer.write(for_ever)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


class Freezable:
    """A proxy before a real server that can stop passing anything on, as a hanging machine or network does."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname, parts.port
        self._url = parts
        self._flowing = asyncio.Event()
        self._flowing.set()

    def freeze(self) -> None:
        """From now on nothing gets through, and no connection breaks."""
        self._flowing.clear()

    def thaw(self) -> None:
        """As before."""
        self._flowing.set()

    def url_at(self, port: int) -> str:
        """The real server's URL, by way of the proxy."""
        user, at, _ = self._url.netloc.rpartition("@")
        return self._url._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        await self._flowing.wait()
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))
        finally:
            there_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()


@asynccontextmanager
async def before(url: str) -> AsyncIterator[tuple[str, Freezable]]:
    """A proxy before the server at this URL: the URL to use instead, and the proxy."""
    proxy = Freezable(url)
    async with listening(proxy.answer) as listener:
        try:
            yield proxy.url_at(listener.port), proxy
        finally:
            proxy.thaw()
