"""What goes out compressed, and by which ETag it is known."""

import gzip
from random import Random
from typing import Any, cast

import pytest
from litestar.types import HTTPScope, Message, Send
from msgspec import Struct, structs

from read_side.answers import CATALOG, PERSONAL, Answer, send_answer
from read_side.compressed import MOST_BYTES, WORTH, Compressed, takes_gzip

LARGE: Answer[Any] = Answer(b'{"x":"%b"}' % (b"lamp " * WORTH), "0123456789abcdef", CATALOG)


class Sent(Struct):
    status: int
    headers: dict[str, str]
    body: bytes


async def asked(compressed: Compressed, answer: Answer[Any] = LARGE, **headers: str) -> Sent:
    told: list[Any] = []

    async def send(message: Message) -> None:
        told.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send_answer(cast(HTTPScope, {"headers": given}), cast(Send, send), answer, compressed)
    start, body = told
    return Sent(start["status"], {key.decode(): value.decode() for key, value in start["headers"]}, body["body"])


async def test_a_large_page_that_is_asked_for_again_goes_out_compressed_under_an_etag_of_its_own() -> None:
    compressed = Compressed()
    first, second, third = [await asked(compressed, accept_encoding="gzip, br") for _ in range(3)]
    assert (first.body, "content-encoding" in first.headers) == (LARGE.body, False)
    assert (gzip.decompress(second.body), second.headers["content-encoding"]) == (LARGE.body, "gzip")
    assert second.headers["content-length"] == str(len(second.body))
    assert third.body is second.body, "compressed once"
    assert (first.headers["etag"], second.headers["etag"]) == ('"0123456789abcdef"', '"0123456789abcdef-gzip"')
    assert "Accept-Encoding" in first.headers["vary"]
    plain = await asked(compressed)
    assert (plain.body, plain.headers["etag"]) == (LARGE.body, first.headers["etag"])


def test_what_would_not_be_kept_is_not_compressed_at_each_question() -> None:
    compressed = Compressed(places=1)
    wanted = [compressed.of("wanted", LARGE.body) for _ in range(5)]
    other = [compressed.of("other", LARGE.body) for _ in range(9)]
    assert [each is not None for each in wanted] == [False] + [True] * 4
    assert [each is not None for each in other] == [False] * 5 + [True] * 4, "once it is asked for more often"
    assert other[5] is other[8]


def test_what_is_too_large_even_compressed_is_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed, random = Compressed(), Random(1).randbytes(MOST_BYTES // 500 + 1)
    assert [compressed.of("large", random) for _ in range(2)] == [None] * 2
    monkeypatch.delattr(gzip, "compress")
    assert compressed.of("large", random) is None


@pytest.mark.parametrize("etag", ['"0123456789abcdef"', '"0123456789abcdef-gzip"'])
async def test_who_holds_either_form_is_told_that_it_is_the_last(etag: str) -> None:
    answer = await asked(Compressed(), if_none_match=f'"other", {etag}', accept_encoding="gzip")
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


async def test_what_is_small_or_somebodys_own_is_not_compressed() -> None:
    for answer in (structs.replace(LARGE, keeping=PERSONAL), structs.replace(LARGE, body=b"{}")):
        compressed = Compressed()
        for _ in range(3):
            assert (await asked(compressed, answer, accept_encoding="gzip")).body == answer.body


@pytest.mark.parametrize(
    ("told", "takes"),
    [
        (None, False), (b"", False), (b"gzip", True), (b"br, GZIP", True), (b"gzip;q=0.5, br", True),
        (b"gzip; q=0", False), (b"gzip;q=0.000", False), (b"br", False), (b"x-gzipped", False),
    ],
)  # fmt: skip
def test_gzip_goes_to_whoever_takes_it(told: bytes | None, takes: bool) -> None:
    assert takes_gzip(told) is takes
