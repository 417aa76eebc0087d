"""A thin HTTP/1.1 client: one request at a time on each kept connection, bytes in and bytes out.

Where every answer has to be looked at, or requests must come at a fixed rate, wrk won't do; a full client would cost
more than what it measures.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import msgspec

from doorbuster.bench.frame import Invalid


class Answer(NamedTuple):
    """Status, the raw head, the body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """A header by its lower-case name, empty without it."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip()
        return b""


class BrokenAnswer(Invalid):
    """The connection ended, or what came is no HTTP."""


def request(method: str, url: str, headers: Mapping[str, str] | None = None, body: object = None) -> bytes:
    """A request as it goes over the wire; a body is sent as JSON."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
    content = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
    given = {"content-type": "application/json"} if content else {}
    given |= {name.lower(): value for name, value in (headers or {}).items()}
    if content or method != "GET":
        given["content-length"] = str(len(content))
    lines += [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Connection(asyncio.Protocol):
    """A kept connection. Opened by `connect`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._head = 0  # length of the head, once it is there
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(BrokenAnswer("the server ended the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._head:
            self._head = self._received.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in self._received else 0
        if self._head and (answer := _answer(bytes(self._received), self._head)):
            self._received, self._head = bytearray(), 0
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_result(answer)

    async def ask(self, raw: bytes) -> Answer:
        """Send a request, wait for its answer; raises `BrokenAnswer`."""
        if self._transport is None:
            raise BrokenAnswer("the server ended the connection")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return await self._waiting

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


def _answer(received: bytes, head: int) -> Answer | None:
    """The answer, once all of it is there."""
    start, body = received[:head], received[head:]
    answer = Answer(int(start[9:12]), start, body)
    if length := answer.header(b"content-length"):
        return answer if len(body) >= int(length) else None
    if answer.header(b"transfer-encoding") != b"chunked":
        return Answer(0, start, b"an answer of unknown length")
    return Answer(answer.status, start, _joined(body)) if body.endswith(b"0\r\n\r\n") else None


def _joined(chunks: bytes) -> bytes:
    parts, at = [], 0
    while size := int(chunks[at : (end := chunks.index(b"\r\n", at))], 16):
        parts.append(chunks[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(parts)


async def connect(url: str) -> Connection:
    """A connection to the server of this URL."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, parts.hostname or "127.0.0.1", parts.port or 80)
    return connection


class Timed(NamedTuple):
    """An answer with when it was asked for and when it came, in seconds of the monotonic clock."""

    answer: Answer
    asked: float
    came: float


async def ask_all(url: str, requests: Sequence[bytes], connections: int) -> list[Timed]:
    """Ask all of them over so many connections, each as soon as one is free; answers in the order of the requests."""
    answers: dict[int, Timed] = {}
    turns = iter(enumerate(requests))

    async def go_on() -> None:
        connection = await connect(url)
        try:
            for number, raw in turns:
                asked = time.monotonic()
                answers[number] = Timed(await connection.ask(raw), asked, time.monotonic())
        finally:
            connection.close()

    await asyncio.gather(*(go_on() for _ in range(connections)))
    return [answers[number] for number in range(len(requests))]


def write_down(file: Path, requests: Sequence[bytes]) -> None:
    """Keep requests in a file, for a process that sends them."""
    file.write_bytes(b"\0".join(requests))


def read_back(file: str) -> list[bytes]:
    """What `write_down` wrote."""
    return Path(file).read_bytes().split(b"\0")
