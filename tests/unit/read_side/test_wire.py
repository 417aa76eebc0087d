"""Our own HTTP towards Elasticsearch: answers in any pieces, and none that belongs to another question."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_side.search.wire import IDLE_SECONDS, Reply, Unanswered, Wire, parsed
from tests.security.servers import Answering, listening

HEAD = b"HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\n"
NEVER_ENDING = b'{"name": "0\r\n\r\n'  # text may end as a body in chunks does


def in_chunks(parts: list[bytes]) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def at_length(body: bytes) -> bytes:
    return HEAD + b"content-length: %d\r\n\r\n" % len(body) + body


@given(st.lists(st.one_of(st.binary(max_size=20), st.just(NEVER_ENDING)), max_size=4), st.booleans())
def test_a_reply_is_there_once_all_of_it_is(parts: list[bytes], chunked: bool) -> None:
    body = b"".join(parts)
    sent = in_chunks(parts) if chunked else at_length(body)
    assert all(parsed(bytearray(sent[:length])) is None for length in range(len(sent)))
    reply = parsed(bytearray(sent))
    assert reply is not None
    assert (reply.status, reply.body) == (200, body)
    assert b"\nx-elastic-product: elasticsearch" in reply.head


@pytest.mark.parametrize("sent", [b"SSH-2.0-x\r\n\r\n", HEAD + b"\r\n", b"HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n"])
def test_what_is_no_http_is_no_reply(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r"HTTP|length|int"):
        parsed(bytearray(sent))


@asynccontextmanager
async def asking(serve: Answering, patience: float = 10.0) -> AsyncIterator[Wire]:
    async with listening(serve) as server:
        wire = Wire(f"http://me:p%40ss@127.0.0.1:{server.port}/es/", patience)
        yield wire
        await wire.close()


async def head_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
    return head


async def test_connections_are_kept_and_one_that_ended_is_not_asked() -> None:
    heads: list[list[bytes]] = []

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append([])
        for _ in range(2):
            heads[-1].append(await head_of(reader))
            writer.write(at_length(b"{}"))

    async with asking(twice) as wire:
        for _ in range(2):
            assert (await wire.post("/a/_search", b"{}")).body == b"{}"
        while wire._idle[-1].is_open:  # until it has come through that it ended
            await asyncio.sleep(0.001)
        assert (await wire.post("/a/_search", b"{}")).status == 200
    assert [len(each) for each in heads] == [2, 1]
    assert heads[0][0].startswith(b"POST /es/a/_search HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Basic bWU6cEBzcw==\r\n" in heads[0][0]


async def two_kept(wire: Wire) -> None:
    """Two connections that nobody uses: the server answers the first question of one when that of another is there."""
    await asyncio.gather(wire.post("/", b"{}"), wire.post("/", b"{}"))
    assert len(wire._idle) == 2


async def test_what_was_idle_for_long_is_let_go_and_one_that_fails_takes_all_idle_ones_along() -> None:
    both, heads = asyncio.Barrier(2), list[list[bytes]]()

    async def paired_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(mine := [await head_of(reader)])
        await both.wait()
        writer.write(at_length(b"{}"))
        while True:
            mine.append(await head_of(reader))
            if b"/hang-up" in mine[-1]:
                return
            writer.write(at_length(b"{}"))

    async with asking(paired_once) as wire:
        await two_kept(wire)
        forgotten, used = wire._idle
        forgotten.idle_since -= IDLE_SECONDS
        await wire.post("/", b"{}")
        assert wire._idle == [used]
        assert not forgotten.is_open
        used.idle_since -= IDLE_SECONDS
        await two_kept(wire)
        assert not used.is_open
        with pytest.raises(Unanswered):
            await wire.post("/hang-up", b"{}")
        assert wire._idle == []
        await two_kept(wire)
    assert sorted(len(each) for each in heads) == [1, 1, 1, 1, 2, 2]


async def test_a_late_answer_is_nobodys() -> None:
    asked: list[bytes] = []

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await head_of(reader))
        if len(asked) == 1:
            await reader.read()  # until the other side has had enough
        writer.write(at_length(b"second"))

    async with asking(late, patience=1.0) as wire:
        with pytest.raises(Unanswered, match="TimeoutError"):
            await wire.post("/", b"{}")
        assert await wire.post("/", b"{}") == Reply(200, HEAD.lower() + b"content-length: 6", b"second")


async def test_who_hangs_up_or_speaks_otherwise_has_not_answered() -> None:
    said = [b"", b"SSH-2.0-x\r\n\r\n"]

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(said.pop())

    async with asking(odd) as wire:
        for _ in range(2):
            with pytest.raises(Unanswered):
                await wire.post("/", b"{}")
        with pytest.raises(Unanswered):
            await Wire("http://127.0.0.1:9", 5.0).post("/", b"{}")
