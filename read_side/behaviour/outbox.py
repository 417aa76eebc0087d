"""What was observed waits here for a moment, and goes to Redis in one go, outside of any request.

Bounded, and lossy on purpose: a query never waits for it and never fails by it. Of searches a fair sample is kept where
there are more than fit, of behaviour what came first; all that is lost is counted.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from read_side.behaviour.searches import search_record
from read_side.metrics import OBSERVED, UNOBSERVED
from read_side.search.parameters import SearchRequest
from read_side.search.results import Page
from shared.documents.observations import (
    BEHAVIOUR,
    BODY,
    MOST_ENTRIES,
    SEARCHES,
    BehaviourRecord,
    SearchRecord,
    stream_key,
)

log = logging.getLogger(__name__)

SECONDS = 1.0  # between two goes
MOST_SEARCHES = 200  # of one go
MOST_EVENTS = 5_000


class Outbox:
    """Belongs to one process."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._searches: list[SearchRecord] = []
        self._asked = 0  # searches since the last go, kept or not
        self._events: list[BehaviourRecord] = []
        self._stopped = False

    def tell(self, asked: SearchRequest, page: Page, listing: bool, seconds: float) -> None:
        """A search; each of those since the last go has the same chance to be kept (reservoir sampling)."""
        self._asked += 1
        place = random.randrange(self._asked)
        if place >= MOST_SEARCHES:
            return
        record = search_record(asked, page, listing=listing, at=datetime.now(UTC), seconds=seconds)
        if len(self._searches) < MOST_SEARCHES:
            self._searches.append(record)
        else:
            self._searches[place] = record

    def behaved(self, records: Sequence[BehaviourRecord]) -> None:
        """What a visitor did; beyond the bound it is lost."""
        room = max(0, MOST_EVENTS - len(self._events))
        self._events += records[:room]
        if lost := len(records[room:]):
            UNOBSERVED.labels(BEHAVIOUR, "full").inc(lost)

    def waiting_searches(self) -> list[SearchRecord]:
        """Those that are kept until the next go, each with how many it stands for."""
        weight = self._asked / len(self._searches) if self._searches else 1.0
        return [msgspec.structs.replace(search, weight=weight) for search in self._searches]

    def stop(self) -> None:
        """End `run` after the go at hand. Cancelling alone won't do: the Redis client can swallow it."""
        self._stopped = True

    async def run(self) -> None:
        """Bring it to Redis, again and again."""
        while not self._stopped:
            await asyncio.sleep(SECONDS)
            await self.empty()

    async def empty(self) -> None:
        """Bring all of it to Redis, or lose it."""
        searches, events = self.waiting_searches(), self._events
        self._searches, self._events, self._asked = [], [], 0
        await self._send(SEARCHES, searches)
        await self._send(BEHAVIOUR, events)

    async def _send(self, kind: str, records: Sequence[Any]) -> None:
        if not records:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for record in records:
                    body = msgspec.json.encode(record)
                    pipe.xadd(stream_key(kind), {BODY: body}, maxlen=MOST_ENTRIES, approximate=True)
                await pipe.execute()
        except (RedisError, OSError) as error:
            UNOBSERVED.labels(kind, "redis").inc(len(records))
            log.warning("observations are lost", extra={"fields": {"kind": kind, "error": type(error).__name__}})
        else:
            OBSERVED.labels(kind).inc(len(records))
