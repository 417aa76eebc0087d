"""The Elasticsearch index that searches go to: every call bounded, every failure a 503 that names it."""

import time
from typing import Any

from elastic_transport import SerializationError, TransportError
from elasticsearch import ApiError, AsyncElasticsearch, UnsupportedProductError
from elasticsearch.serializer import CompatibilityModeJsonSerializer
from msgspec import DecodeError
from msgspec.json import decode, encode

from read_side.documents import not_ready
from shared.breaker import Breaker, Permit, Withheld
from shared.http.problems import unavailable

PATIENCE = 2.0  # seconds a call may take, its connection included
LONGEST_PAUSE = 2.0  # seconds until one that doesn't answer is asked again


class Json(CompatibilityModeJsonSerializer):
    """msgspec instead of the standard library's json: an answer with its facets is tens of kilobytes."""

    def dumps(self, data: Any) -> bytes:
        """A body as JSON; text is JSON already."""
        return data.encode() if isinstance(data, str) else data if isinstance(data, bytes) else encode(data)

    def loads(self, data: bytes) -> Any:
        """What JSON says; raises `SerializationError`, as the client asks for."""
        try:
            return decode(data)
        except DecodeError as error:
            raise SerializationError("Elasticsearch's answer is no JSON", errors=(error,)) from error


def connect(url: str) -> AsyncElasticsearch:
    """A client that neither retries nor sniffs: a slow Elasticsearch is not helped by being asked again."""
    return AsyncElasticsearch(
        url, request_timeout=PATIENCE, max_retries=0, retry_on_timeout=False, serializers={Json.mimetype: Json()}
    )


class Index:
    """An alias to search in."""

    def __init__(self, client: AsyncElasticsearch, alias: str) -> None:
        self._client, self._alias = client, alias
        self._breaker = Breaker(LONGEST_PAUSE)

    async def search(self, **body: Any) -> dict[str, Any]:
        """Elasticsearch's answer; answers 503 when there is none, or only part of one in time.

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
        try:
            answer = await self._client.search(index=self._alias, **body)
        except TransportError as error:
            self._breaker.failed(permit, time.monotonic())
            raise unavailable("elasticsearch") from error
        except UnsupportedProductError as error:  # whatever answers there, it is no Elasticsearch
            raise unavailable("elasticsearch") from error
        except ApiError as error:  # a refusal is an answer
            self._breaker.succeeded(permit)
            raise _problem(error) from error
        found: Any = answer.body
        if not isinstance(found, dict) or found.get("timed_out", True) or found.get("_shards", {}).get("failed", True):
            raise unavailable("elasticsearch")
        return found


def _problem(error: ApiError) -> Exception:
    if error.status_code == 404:  # no index yet
        return not_ready()
    if error.status_code == 429 or error.status_code >= 500:
        return unavailable("elasticsearch")
    return error
