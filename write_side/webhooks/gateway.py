"""The way to others' servers: the only file that connects to an address which a client gave.

An address is judged at the one moment that counts: when the socket for it is made. What the name resolved to before,
or resolves to the next time, is no matter, so nothing can be rebound in between. No redirect is followed, no proxy is
asked, no answer is unpacked, and of its body hardly anything is read.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.http.health import why
from shared.names import visible
from write_side.webhooks.addresses import Reach

CONNECT_SECONDS = 4.0
TIMEOUT = 8.0  # seconds to the end of the answer; less than a worker claims a delivery for, or has left to stop
LOOK_UPS = 32  # names that are looked up at the same time
EXCERPT = 500  # bytes of an answer's body
FORBIDDEN = "forbidden_address"
_AGENT = "Doorbuster-Webhooks/1"
_FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


class Answer(NamedTuple):
    """How an attempt went: a status, or in a word why there is none."""

    status: int | None
    error: str | None
    excerpt: str
    duration_ms: int
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.status is not None and 200 <= self.status < 300


class NotAllowed(OSError):
    """An address that webhooks are not sent to."""


class Names(AbstractResolver):
    """Looks names up in threads of its own: a name server that hangs holds up webhooks, and nothing else that a worker
    connects to. (aiohttp's own asks in the threads that everything shares.)"""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="webhook names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a name; raises what `getaddrinfo` raises. Who waits for too long is told so by aiohttp."""

        def ask() -> list[Any]:
            return list(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG))

        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [_resolved(host, kind, protocol, place) for kind, _, protocol, _, place in found]

    async def close(self) -> None:
        """Nobody waits for a name any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _resolved(host: str, family: int, protocol: int, place: tuple[Any, ...]) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=place[0], port=place[1], family=family, proto=protocol, flags=flags)


class Gateway:
    """Posts webhooks; `open_gateway` makes one."""

    def __init__(self, secure: aiohttp.ClientSession, plain: aiohttp.ClientSession) -> None:
        self._sessions = {"https": secure, "http": plain}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One attempt, bounded in time and bytes; raises nothing that the other side could make it raise."""
        began = perf_counter()

        def taken() -> int:
            return int((perf_counter() - began) * 1000)

        session = self._sessions[url.partition(":")[0].lower()]
        try:
            async with session.post(url, headers=headers, data=body, allow_redirects=False) as answer:
                excerpt = await _beginning(answer)
                return Answer(answer.status, None, excerpt, taken(), _retry_after(answer))
        except _FAILURES as error:
            return Answer(None, FORBIDDEN if _is_forbidden(error) else why(error), "", taken())


def _is_forbidden(error: BaseException) -> bool:
    """Several addresses that failed are told in one error, by their messages."""
    return FORBIDDEN in str(error)


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """How the body begins, as text that Postgres can keep."""
    read = bytearray()
    async for chunk in answer.content.iter_chunked(EXCERPT):
        read += chunk
        if len(read) >= EXCERPT:
            break
    text = bytes(read[:EXCERPT]).decode(errors="replace")
    return visible(text, "�", but="\n\t")


def _retry_after(answer: aiohttp.ClientResponse) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() and len(said) < 9 else None


@asynccontextmanager
async def open_gateway(reach: Reach) -> AsyncIterator[Gateway]:
    """The gateway, with connections that it keeps alive for a while."""
    names = Names()
    try:
        async with _session(reach, names, secure=True) as secure, _session(reach, names, secure=False) as plain:
            yield Gateway(secure, plain)
    finally:
        await names.close()  # aiohttp closes a resolver only if it made it


def _session(reach: Reach, names: Names, *, secure: bool) -> aiohttp.ClientSession:
    sockets = _sockets(reach, secure=secure)
    connector = aiohttp.TCPConnector(socket_factory=sockets, limit=64, use_dns_cache=False, resolver=names)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
    )


def _sockets(reach: Reach, *, secure: bool) -> Callable[[Any], socket.socket]:
    """Makes the socket of an address that may be connected to, and of no other."""

    def make(address: Any) -> socket.socket:
        family, kind, protocol, _, place = address
        if not reach.allows(str(place[0]), secure=secure):
            raise NotAllowed(errno.EACCES, FORBIDDEN)
        return socket.socket(family, kind, protocol)

    return make
