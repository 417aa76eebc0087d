"""Bulk requests to Elasticsearch, each item's answer looked at. Nothing is retried here: whoever asked asks again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from elasticsearch import AsyncElasticsearch

from projector.model import encode

REQUEST_BYTES = 8_000_000  # far below Elasticsearch's limit of 100 MB, and small enough to be fair

_TOLD = "errors,items.index.status,items.index.error.type,items.index.error.reason"


class NotThere(Exception):
    """The index (its alias) is missing."""


class Busy(Exception):
    """Elasticsearch had no room for an item (429) or failed (5xx): write the whole batch again."""


class Item(NamedTuple):
    """One document to index. `key` is the partition key it belongs to."""

    key: str
    into: str
    id: str
    version: int
    version_type: str
    body: bytes

    def lines(self) -> tuple[bytes, bytes]:
        """As the bulk API takes it."""
        action = {"_index": self.into, "_id": self.id, "version": self.version, "version_type": self.version_type}
        return encode({"index": action}), self.body


class Bulk:
    """Sends the items of several callers in as few requests as their size allows."""

    def __init__(self, client: AsyncElasticsearch) -> None:
        self._client = client

    async def send(self, requests: Sequence[Sequence[Item]]) -> Sequence[Mapping[str, str] | Exception]:
        """For each caller the keys of its rejected documents with the reason, or why it has to try again."""
        items = [item for request in requests for item in request]
        answers: list[Mapping[str, Any]] = []
        for chunk in _chunks(items):
            answers.extend(await self._post(chunk))
        answered = iter(answers)
        return [_judged(request, [next(answered) for _ in request]) for request in requests]

    async def _post(self, items: Sequence[Item]) -> list[Mapping[str, Any]]:
        operations: Any = [line for item in items for line in item.lines()]  # bytes pass through
        answer = await self._client.bulk(operations=operations, require_alias=True, filter_path=_TOLD)
        return [item["index"] for item in answer["items"]]


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    size = 0
    for item in items:
        if chunk and size + len(item.body) > REQUEST_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.body)
    if chunk:
        yield chunk


def _judged(items: Sequence[Item], answers: Sequence[Mapping[str, Any]]) -> Mapping[str, str] | Exception:
    """409 means that what stands is as new or newer: as good as written."""
    rejected: dict[str, str] = {}
    for item, answer in zip(items, answers, strict=True):
        status, error = answer["status"], answer.get("error", {})
        if status < 300 or status == 409:
            continue
        if status == 404:
            return NotThere(f"{item.into}: {error.get('type')}")
        if status != 400:
            return Busy(f"{status} {error.get('type')}")
        rejected[item.key] = f"{error.get('type')}: {error.get('reason')}"
    return rejected
