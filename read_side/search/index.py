"""The Elasticsearch index that searches go to: every call bounded, every failure a 503 that names it."""

import time
from typing import Any
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
        self._wire, self._path = wire, f"/{quote(alias)}/_search"
        self._breaker = Breaker(LONGEST_PAUSE)

    async def search(self, **body: Any) -> dict[str, Any]:
        """Elasticsearch's answer; answers 503 when there is none, or only part of one in time. `preference` and
        `source` are named as the package's client does.

        While it doesn't answer at all, one question at a time finds out whether it is back: the others don't wait.
        """
        try:
            permit = self._breaker.admit(time.monotonic())
        except Withheld as error:
            raise unavailable("elasticsearch") from error
        try:
            found = await self._answered(permit, body)
        except BaseException:
            self._breaker.given_up(permit)  # tells nothing, unless it was told already
            raise
        self._breaker.succeeded(permit)
        return found

    async def _answered(self, permit: Permit, body: dict[str, Any]) -> dict[str, Any]:
        copy = body.pop("preference", None)
        path = f"{self._path}?preference={copy}" if copy else self._path
        if "source" in body:
            body["_source"] = body.pop("source")
        try:
            reply = await self._wire.post(path, encode(body))
        except Unanswered as error:
            self._breaker.failed(permit, time.monotonic())
            raise unavailable("elasticsearch") from error
        if reply.status != 200:
            self._breaker.succeeded(permit)  # a refusal is an answer
            raise _problem(reply)
        if b"\nx-elastic-product: elasticsearch" not in reply.head:  # whatever answers there, it is no Elasticsearch
            raise unavailable("elasticsearch")
        return _whole(reply.body)


def _whole(body: bytes) -> dict[str, Any]:
    try:
        found = decode(body)
    except DecodeError as error:
        raise unavailable("elasticsearch") from error
    if not isinstance(found, dict) or found.get("timed_out", True) or found.get("_shards", {}).get("failed", True):
        raise unavailable("elasticsearch")
    return found


def _problem(reply: Reply) -> Exception:
    if reply.status == 404:  # no index yet
        return not_ready()
    if reply.status == 429 or reply.status >= 500:
        return unavailable("elasticsearch")
    return Refused(f"{reply.status}: {reply.body[:500]!r}")
