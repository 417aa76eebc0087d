"""Searches and behaviour: from the query API's streams in Redis into Elasticsearch indices of a day each.

They are not in the log. A stream is bounded, and what nobody takes in time is lost: that is counted, and nothing is
done about it. An entry's id is its document's, so that what is brought twice stands there once.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from elasticsearch import ApiError, AsyncElasticsearch, BadRequestError, TransportError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector import elasticsearch_sink, metrics, redis_sink
from shared.cancellation import stop_if_cancelled
from shared.documents.indices import OBSERVED
from shared.documents.layout import alias_name
from shared.documents.observations import BODY, RECORDS, day_of, index_of, reader_key, stream_key
from shared.settings import Settings

log = logging.getLogger(__name__)

SECONDS = 1.0
PAGE = 1_000  # entries of one bulk
SWEEP_SECONDS = 3_600.0
_DOWN = (ApiError, TransportError, RedisError, OSError, TimeoutError)


class Entry(NamedTuple):
    """What lay in a stream: its id, the day it came, and the record's bytes."""

    id: str
    day: date
    body: bytes


class Observations:
    """Brings both kinds, for as long as its process owns the shards."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._prefix = settings, settings.index_prefix
        self._made: set[str] = set()

    async def run(self) -> None:
        """For ever. Whatever fails here is tried again, and is nobody else's trouble."""
        async with (
            redis_sink.connect(self._settings.redis_url) as redis,
            elasticsearch_sink.connect(self._settings.elasticsearch_url) as elasticsearch,
        ):
            swept = 0.0
            while True:
                stop_if_cancelled()
                try:
                    for kind in RECORDS:
                        while await self.bring(kind, redis, elasticsearch):
                            pass
                    if (now := asyncio.get_running_loop().time()) > swept + SWEEP_SECONDS or not swept:
                        await self.sweep(elasticsearch, datetime.now(UTC).date())
                        swept = now
                except _DOWN as error:
                    log.debug("observations wait", extra={"fields": {"error": type(error).__name__}})
                except Exception as error:  # a fault of ours, which must not end the projector
                    log.error("observations are stuck", exc_info=error)
                await asyncio.sleep(SECONDS)

    async def bring(self, kind: str, redis: "Redis", elasticsearch: AsyncElasticsearch) -> bool:
        """A page of a stream; whether there may be more of it."""
        stream, reader = stream_key(kind), reader_key(kind)
        at, passed = _standing(await redis.hgetall(reader))
        found: Any = await redis.xread({stream: at}, count=PAGE)
        entries = [_entry(id_, fields) for _, page in found for id_, fields in page]
        if not entries:
            return False
        about = await redis.xinfo_stream(stream)
        # Of what was ever added, what is gone was taken by us before, or by nobody.
        if (lost := about["entries-added"] - about["length"] - passed) > 0:
            metrics.UNOBSERVED.labels(kind, "trimmed").inc(lost)
        rejected = await self._write(kind, entries, elasticsearch)
        metrics.OBSERVED.labels(kind).inc(len(entries) - rejected)
        metrics.UNOBSERVED.labels(kind, "rejected").inc(rejected)
        taken: dict[Any, Any] = {"at": entries[-1].id, "passed": max(passed, passed + lost) + len(entries)}
        await redis.hset(reader, mapping=taken)
        await redis.xtrim(stream, minid=entries[-1].id, approximate=True)
        return len(entries) == PAGE

    async def _write(self, kind: str, entries: Sequence[Entry], elasticsearch: AsyncElasticsearch) -> int:
        """How many of them the index won't have."""
        for day in sorted({entry.day for entry in entries}):
            await self._make(kind, day, elasticsearch)
        operations: list[Any] = []
        for entry in entries:
            into = _writing(index_of(self._prefix, kind, entry.day))
            operations += [{"create": {"_index": into, "_id": entry.id}}, entry.body]
        answer = await elasticsearch.bulk(operations=operations, require_alias=True)
        statuses = [item["create"]["status"] for item in answer["items"]]
        if any(status == 404 or status == 429 or status >= 500 for status in statuses):
            self._made.clear()  # one of them may have been deleted
            raise TransportError(f"{kind}: {sorted(set(statuses))}")
        return sum(status == 400 for status in statuses)

    async def _make(self, kind: str, day: date, elasticsearch: AsyncElasticsearch) -> None:
        index = index_of(self._prefix, kind, day)
        if index in self._made:
            return
        try:
            aliases: dict[str, Any] = {alias_name(self._prefix, kind): {}, _writing(index): {}}
            await elasticsearch.indices.create(index=index, aliases=aliases, **OBSERVED[kind])
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
        self._made.add(index)

    async def sweep(self, elasticsearch: AsyncElasticsearch, today: date) -> None:
        """Delete the indices of days that are too long ago, and see to it that there is one of today."""
        oldest = today - timedelta(days=self._settings.observed_days)
        for kind in RECORDS:
            await self._make(kind, today, elasticsearch)
            for index in await elasticsearch.indices.get_alias(name=alias_name(self._prefix, kind)):
                day = day_of(self._prefix, kind, index)
                if day is not None and day < oldest:
                    await elasticsearch.indices.delete(index=index, ignore_unavailable=True)
                    self._made.discard(index)


def _writing(index: str) -> str:
    """An alias that only we make: an index that vanished must not come back made up by a write."""
    return f"{index}-writing"


def _standing(told: Mapping[Any, Any]) -> tuple[str, int]:
    """Behind which entry we are, and how many were passed."""
    return told.get(b"at", b"0").decode(), int(told.get(b"passed", 0))


def _entry(id_: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    millis = int(id_.partition(b"-")[0])
    return Entry(id_.decode(), datetime.fromtimestamp(millis / 1000, UTC).date(), fields[BODY.encode()])
