"""The Elasticsearch index that searches go to: every call bounded, every failure a 503 that names it."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from elasticsearch import AsyncElasticsearch
from msgspec import DecodeError
from msgspec.json import decode, encode

from read_side.documents import not_ready
from read_side.search.wire import Reply, Unanswered, Wire
from shared.breaker import Breaker, Permit, Withheld
from shared.http.problems import unavailable

PATIENCE = 2.0  # seconds a call may take, its connection included
LONGEST_PAUSE = 2.0  # seconds until one that doesn't answer is asked again

T = TypeVar("T")


class Refused(Exception):
    """Elasticsearch answered, and it is a fault of ours."""


def connect(url: str) -> AsyncElasticsearch:
    """A client for all but searches. It neither retries nor sniffs: a slow Elasticsearch is not helped by being asked
    again, and nor does what `wired` makes."""
    return AsyncElasticsearch(url, request_timeout=PATIENCE, max_retries=0, retry_on_timeout=False)


def wired(url: str) -> Wire:
    """What searches go through."""
    return Wire(url, PATIENCE)


class Index:
    """An alias to search in."""

    def __init__(self, wire: Wire, alias: str) -> None:
        self._wire, self._path = wire, f"/{quote(alias)}/"
        self._breaker = Breaker(LONGEST_PAUSE)

    async def search(self, **body: Any) -> dict[str, Any]:
        """Elasticsearch's answer; answers 503 when there is none, or only part of one in time. `preference` and
        `source` are named as the package's client does. `named_scores`: what each named part of the query scores.

        While it doesn't answer at all, one question at a time finds out whether it is back: the others don't wait.
        """
        names = {"preference": "preference", "named_scores": "include_named_queries_score"}
        given = "&".join(f"{told}={body.pop(name)}" for name, told in names.items() if body.get(name))
        return await self._told(f"_search?{given}" if given else "_search", _encoded(body), _whole)

    async def search_all(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any] | None]:
        """The answers to several questions that are asked in one, each None for itself where `search` would answer
        503; answers 503 when there is none at all."""
        lines = b"".join(b"{}\n" + _encoded(body) + b"\n" for body in bodies)
        return await self._told("_msearch", lines, _each_whole)

    async def _told(self, path: str, body: bytes, read: Callable[[bytes], T]) -> T:
        try:
            permit = self._breaker.admit(time.monotonic())
        except Withheld as error:
            raise unavailable("elasticsearch") from error
        try:
            found = read(await self._answered(permit, path, body))
        except BaseException:
            self._breaker.given_up(permit)  # tells nothing, unless it was told already
            raise
        self._breaker.succeeded(permit)
        return found

    async def _answered(self, permit: Permit, path: str, body: bytes) -> bytes:
        try:
            reply = await self._wire.post(self._path + path, body)
        except Unanswered as error:
            self._breaker.failed(permit, time.monotonic())
            raise unavailable("elasticsearch") from error
        if reply.status != 200:
            self._breaker.succeeded(permit)  # a refusal is an answer
            raise _problem(reply)
        if b"\nx-elastic-product: elasticsearch" not in reply.head:  # whatever answers there, it is no Elasticsearch
            raise unavailable("elasticsearch")
        return reply.body


def _encoded(body: dict[str, Any]) -> bytes:
    if "source" in body:
        body = {**body, "_source": body["source"]}
        del body["source"]
    return encode(body)


def _whole(body: bytes) -> dict[str, Any]:
    found = _decoded(body)
    if not _is_whole(found):
        raise unavailable("elasticsearch")
    return found


def _each_whole(body: bytes) -> list[dict[str, Any] | None]:
    return [found if _is_whole(found) else None for found in _decoded(body).get("responses", ())]


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = decode(body)
    except DecodeError as error:
        raise unavailable("elasticsearch") from error
    return found if isinstance(found, dict) else {}


def _is_whole(found: dict[str, Any]) -> bool:
    return not (found.get("timed_out", True) or found.get("_shards", {}).get("failed", True))


def _problem(reply: Reply) -> Exception:
    if reply.status == 404:  # no index yet
        return not_ready()
    if reply.status == 429 or reply.status >= 500:
        return unavailable("elasticsearch")
    return Refused(f"{reply.status}: {reply.body[:500]!r}")
