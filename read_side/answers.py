"""How a document goes out, the same in front of Litestar and behind it: ETag, 304, Cache-Control, Stale."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec
from litestar import Request
from litestar.types import HTTPScope, Send
from msgspec import Struct, structs

from read_side import metrics
from read_side.compressed import CODING, Compressed, takes_gzip
from read_side.documents import BEHIND, PARKED, Found
from shared.documents.layout import pack, unpack
from shared.http.described import Encoded, Header
from shared.http.replies import Headers, Outgoing, header, send_whole
from shared.locales import Locales

JSON = "application/json"


class Keeping(NamedTuple):
    """How long an answer may be kept, and what else it depends on: a cached copy must not answer a query that waits
    for its own write."""

    cache_control: str
    vary: str


CATALOG = Keeping("public, max-age=5", "Position, Accept-Encoding")
TRANSLATED = Keeping("public, max-age=5", "Accept-Language, Position, Accept-Encoding")
STOCK = Keeping("public, max-age=1", "Position")
# Kept by nobody but its owner, and asked for again each time.
PERSONAL = Keeping("private, no-cache", "Authorization, Order-Token, Position")
TURN = Keeping("private, no-cache", "Ticket")
NEVER = "no-store"

Document = TypeVar("Document")


def catalog_kept(locales: Locales) -> Keeping:
    """Of answers about products: a shop of one language says the same to everybody."""
    return CATALOG if locales is None else TRANSLATED


class Answer(Struct, Generic[Document], frozen=True):
    """A body, the JSON of a `Document`, and what is said about it."""

    body: bytes
    etag: str
    keeping: Keeping
    stale: str | None = None
    age: int = 0  # seconds since it was made, where it was made for somebody else

    @classmethod
    def of(cls, found: Found, keeping: Keeping) -> "Answer[Document]":
        """A document as it lies in Redis."""
        return cls(found.body, found.etag, keeping, found.stale)

    @classmethod
    def made(cls, document: Document, keeping: Keeping, stale: str | None = None) -> "Answer[Document]":
        """A document that was put together for this answer."""
        etag, body = unpack(pack(msgspec.json.encode(document)))
        return cls(body, etag, keeping, stale)

    def headers(self) -> list[tuple[str, str]]:
        """What goes with 200 and 304 alike. A stale answer must not outlive its cause in some cache."""
        etag, (cache_control, vary) = f'"{self.etag}"', self.keeping
        if not self.stale:
            told = [("etag", etag), ("cache-control", cache_control), ("vary", vary)]
            return [*told, ("age", str(self.age))] if self.age else told
        metrics.STALE.labels(self.stale).inc()
        return [("etag", etag), ("cache-control", NEVER), ("vary", vary), ("stale", self.stale)]

    def is_known_to(self, if_none_match: str | None) -> bool:
        """Whether the client holds this very version."""
        return if_none_match is not None and (if_none_match == "*" or self._named_in(if_none_match) is not None)

    def etag_for(self, if_none_match: str) -> str:
        """The ETag of a 304: that of the form the client holds."""
        return self._named_in(if_none_match) or self.etag

    def _named_in(self, if_none_match: str) -> str | None:
        forms = (self.etag, compressed_etag(self.etag))
        return next((form for form in forms if f'"{form}"' in if_none_match), None)


class Shown(Encoded[Document]):
    """A document as it goes out."""

    told: ClassVar[Sequence[Header]] = (
        Header("ETag", "Of this very body, for If-None-Match.", {"type": "string"}, always=True),
        Header("Cache-Control", "How long it may be kept; `no-store` if it is stale.", {"type": "string"}, always=True),
        Header("Vary", "What else the answer depends on.", {"type": "string"}, always=True),
        Header("Content-Encoding", "`gzip`, where that was asked for and pays.", {"type": "string"}),
        Header("Age", "Seconds since it was made, if it was given before: they count as kept.", {"type": "integer"}),
        Header("Stale", "It is known to be out of date: why.", {"enum": [BEHIND, PARKED]}),
    )
    heard: ClassVar[Sequence[Header]] = (
        Header("If-None-Match", "The ETag of the version you hold: 304 if it is the last.", {"type": "string"}),
    )
    bodiless: ClassVar[Mapping[int, str]] = {304: "The client holds this very version (If-None-Match)."}


def respond(request: Request[Any, Any, Any], answer: Answer[Document]) -> Shown[Document]:
    """From a Litestar route."""
    headers = dict(answer.headers())
    if answer.is_known_to(request.headers.get("if-none-match")):
        return Shown(b"", status_code=304, headers=headers, media_type=JSON)
    return Shown(answer.body, headers=headers, media_type=JSON)


async def send_answer(scope: HTTPScope, send: Send, answer: Answer[Any], compressed: Compressed) -> None:
    """From plain ASGI."""
    await send_whole(send, outgoing(scope, answer, compressed))


def outgoing(scope: HTTPScope, answer: Answer[Any], compressed: Compressed) -> Outgoing:
    """As it goes out in plain ASGI; compressed where that was done already, or pays from now on."""
    known = header(scope, b"if-none-match")
    if known is not None and answer.is_known_to(told := known.decode("latin-1")):
        answer = structs.replace(answer, etag=answer.etag_for(told))
        return Outgoing(304, [(name.encode(), value.encode()) for name, value in answer.headers()], b"")
    if answer.stale:
        stale = [_JSON, *((name.encode(), value.encode()) for name, value in answer.headers())]
        return _with_length(stale, answer.body)
    # What is asked most: nothing but the ETag is made for this one answer.
    packed = compressed.of(answer.etag, answer.body) if _may_be_compressed(scope, answer.keeping) else None
    if packed is None:
        return _with_length([*_FRESH[answer.keeping], (b"etag", b'"%b"' % answer.etag.encode())], answer.body)
    etag = (b"etag", b'"%b"' % compressed_etag(answer.etag).encode())
    return _with_length([*_FRESH[answer.keeping], etag, (b"content-encoding", CODING)], packed)


def _with_length(headers: Headers, body: bytes) -> Outgoing:
    headers.append((b"content-length", b"%d" % len(body)))
    return Outgoing(200, headers, body)


def compressed_etag(etag: str) -> str:
    """Of the compressed form: an ETag names bytes."""
    return f"{etag}-gzip"


def _may_be_compressed(scope: HTTPScope, keeping: Keeping) -> bool:
    """What is anybody's. What is one person's holds secrets, whose length compressing would tell."""
    return keeping in (CATALOG, TRANSLATED) and takes_gzip(header(scope, b"accept-encoding"))


_JSON = (b"content-type", b"application/json")
_FRESH = {
    keeping: (_JSON, (b"cache-control", keeping.cache_control.encode()), (b"vary", keeping.vary.encode()))
    for keeping in (CATALOG, TRANSLATED, STOCK, PERSONAL, TURN)
}
