"""A TCP proxy that refuses requests, loses replies and cuts connections when told; until then it changes nothing."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from typing import Any


class Proxy:
    """Listens on one port of the loopback, leads to another. A reply that is lost takes its connection along. With a
    context of a server's it speaks TLS with whoever connects, though what it leads to doesn't."""

    def __init__(self, port: int, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.port, self._target, self._tls = port, target, tls
        self.lost = 0  # replies
        self.refused = 0  # requests
        self._unwanted: bytes | None = None
        self._asked_for, self._holding, self._to_lose = b"", b"", 0
        self._open: set[asyncio.WriteTransport] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def listen(self) -> asyncio.Server:
        """Start in the loop that runs."""
        self._loop = asyncio.get_running_loop()
        return await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)

    def lose(self, asked: bytes, reply: bytes = b"", times: int = 1) -> None:
        """Lose the next replies that hold some bytes, to questions that hold others."""
        self._asked_for, self._holding, self._to_lose = asked, reply, times

    def refuse(self, unwanted: bytes) -> None:
        """Let no request through that holds these bytes; its connection ends."""
        self._unwanted = unwanted

    def behave(self) -> None:
        """Lose and refuse nothing more."""
        self._to_lose, self._unwanted = 0, None

    def cut(self) -> int:
        """End every connection, from any thread; answers how many there were."""
        found = list(self._open)
        if self._loop is not None:
            for transport in found:
                self._loop.call_soon_threadsafe(transport.abort)
        return len(found) // 2

    async def _serve(self, client_reads: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            server_reads, server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            client.transport.abort()
            return
        both = [client.transport, server.transport]
        self._open.update(both)
        asked = bytearray()
        try:
            await _until_one_ends(self._forth(client_reads, server, asked), self._back(server_reads, client, asked))
        finally:
            for transport in both:
                self._open.discard(transport)
                transport.abort()

    async def _forth(self, reads: asyncio.StreamReader, server: asyncio.StreamWriter, asked: bytearray) -> None:
        while data := await reads.read(65536):
            if self._unwanted is not None and self._unwanted in data:
                self.refused += 1
                return
            asked += data
            server.write(data)
            await server.drain()

    async def _back(self, reads: asyncio.StreamReader, client: asyncio.StreamWriter, asked: bytearray) -> None:
        while data := await reads.read(65536):
            if self._loses(asked, data):
                self.lost += 1
                return
            asked.clear()
            client.write(data)
            await client.drain()

    def _loses(self, asked: bytearray, reply: bytes) -> bool:
        hit = self._to_lose > 0 and self._asked_for in asked and self._holding in reply
        self._to_lose -= hit
        return hit


async def _until_one_ends(*pumps: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(pump) for pump in pumps]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await task


class Proxies(threading.Thread):
    """Proxies in a thread of their own, so that what the suite itself does delays nobody."""

    def __init__(self, *proxies: Proxy) -> None:
        super().__init__(name="proxies", daemon=True)
        self._proxies = proxies
        self._listening = threading.Event()
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> "Proxies":
        self.start()
        if not self._listening.wait(10):
            raise RuntimeError("the proxies do not listen")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._ending.set)
        self.join()

    def run(self) -> None:
        """Serve until the `with` ends."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        servers = [await proxy.listen() for proxy in self._proxies]
        self._listening.set()
        await self._ending.wait()
        for server in servers:
            server.close()
        for proxy in self._proxies:
            proxy.cut()
        await asyncio.sleep(0)
