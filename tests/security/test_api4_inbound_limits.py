"""OWASP API4: what one client may hold of a real server: heads, bodies, time, connections. No slow one holds others."""

import asyncio
import gzip
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from shared.http.serve import HEAD_BYTES, HEADER_SECONDS
from shared.http.slow_bodies import BODY_SECONDS
from tests.faults.processes import Ours
from tests.fixtures.databases import Databases
from tests.fixtures.servers import _NOWHERE as NOWHERE

pytestmark = pytest.mark.slow

HEAD = b"POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
WAIT = 10.0  # seconds more than a limit, on a busy machine


@pytest.fixture(scope="module")
def server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    """The command API as a process of its own."""
    with databases.fresh("DATABASE_URL") as database_url, databases.fresh("KEYRING_URL") as keyring_url:
        named = NOWHERE | {"DATABASE_URL": database_url, "KEYRING_URL": keyring_url}
        ours = Ours(("write_side", "api"), named, tmp_path_factory.mktemp("api") / "log")
        until = time.monotonic() + 60
        try:
            while not ours.metric("http_requests_total"):  # asking is a request as well
                assert time.monotonic() < until, ours.log.read_text()
                time.sleep(0.05)
            yield ours
        finally:
            ours.kill()


async def said(server: Ours, *parts: bytes) -> bytes:
    """All that comes back until the server closes, for a request sent in parts."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with suppress(ConnectionError):  # it may hang up in the middle of what it doesn't want
        for part in parts:
            writer.write(part)
            await writer.drain()
    answer = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(max(HEADER_SECONDS, BODY_SECONDS) + WAIT):
            answer = await reader.read()
    writer.close()
    return answer


async def opens_a_cart(server: Ours) -> float:
    """Somebody else's ordinary request, which must be answered; how long it took."""
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=WAIT) as client:
        answer = await client.post(f"http://127.0.0.1:{server.port}/v1/carts", json={"currency": "EUR"})
    assert answer.status_code == 201
    return time.monotonic() - began


async def test_slow_heads_slow_bodies_and_silence_are_ended_and_hold_nobody_up(server: Ours) -> None:
    """Twenty of each at once."""
    began = time.monotonic()
    slow = {
        "body": HEAD + b"Content-Length: 20\r\n\r\n{",
        "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "head": HEAD,
        "silence": b"",
    }
    asking = {name: [asyncio.create_task(said(server, sent)) for _ in range(20)] for name, sent in slow.items()}
    await opens_a_cart(server)
    answers = {name: await asyncio.gather(*tasks) for name, tasks in asking.items()}
    assert time.monotonic() - began < max(HEADER_SECONDS, BODY_SECONDS) + WAIT
    for name in ("body", "chunks"):
        assert all(b"408 Request Timeout" in answer and b"body_too_slow" in answer for answer in answers[name])
    assert set(answers["head"] + answers["silence"]) == {b""}


@pytest.mark.parametrize("length", [b"Content-Length: 20\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
async def test_who_leaves_in_the_middle_of_a_body_is_no_failure_of_ours(server: Ours, length: bytes) -> None:
    """Phones lose their connection all day: told as 500, that woke somebody."""
    before, left = len(server.log.read_text()), 5
    for _ in range(left):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HEAD + length)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
    async with asyncio.timeout(WAIT):
        while server.log.read_text()[before:].count('"status":400') < left:
            await asyncio.sleep(0.05)
    assert '"level":"error"' not in server.log.read_text()[before:]


async def test_hundreds_of_idle_connections_keep_nobody_out(server: Ours) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(500)]
    await opens_a_cart(server)
    for _, writer in idle:
        writer.close()


HEADERS = b"".join(b"X-%d: 1\r\n" % n for n in range(120))
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
BOMB = gzip.compress(b" " * 10_000_000)
LENGTH = b"Connection: close\r\nContent-Length: %d\r\n\r\n"
TOO_MUCH = {
    "too many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + HEADERS + b"\r\n", b"431"),
    "a long header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 2 * HEAD_BYTES + b"\r\n\r\n", b"431"),
    "a long address": (b"GET /" + b"x" * 2 * HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"4"),
    "a large body": (HEAD + b"Content-Length: 99999999\r\nConnection: close\r\n\r\n{", b"413"),
    "a large body in chunks": (HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + CHUNK * 40, b"413"),
    "a packed bomb": (HEAD + b"Content-Encoding: gzip\r\n" + LENGTH % len(BOMB) + BOMB, b"400"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", b"400"),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
    "a broken length": (HEAD + b"Content-Length: -1\r\n\r\n{}", b"400"),
    "a header with a line end": (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\nb\r\n\r\n", b"400"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_what_is_too_much_or_no_request_is_refused_and_the_next_is_served(server: Ours, name: str) -> None:
    sent, status = TOO_MUCH[name]
    answer = await said(server, sent)
    if status:
        assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    await opens_a_cart(server)


async def test_a_body_with_two_lengths_is_one_request_and_no_second_one_is_smuggled(server: Ours) -> None:
    """Length and chunks at once: a proxy that believed the length would take the rest for another client's request."""
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    both = HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n" % (5 + len(smuggled))
    answer = await said(server, both + smuggled)
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_an_answer_that_nobody_fetches_does_not_keep_the_server(server: Ours) -> None:
    """Pipelined requests for the largest answer, never read: others are served meanwhile."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(1):
            for _ in range(2000):
                writer.write(b"GET /schema/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
                await writer.drain()
    await opens_a_cart(server)
    writer.transport.abort()
