"""Segments of a searched index become one once nothing is written to it: a search asks each segment for itself.

Elasticsearch merges by sizes of its own, so that ten thousand products lie in eight segments after an import; in one, a
search costs it a fifth less CPU (docs/decisions/0106). What is sold changes documents all day, in small segments beside
the great one: that is not worth merging again before a tenth has changed, and is never done meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from elasticsearch import ApiError, AsyncElasticsearch, TransportError

from projector import owed
from shared.cancellation import stop_if_cancelled

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
QUIET_SECONDS = owed.SECONDS + 5  # nothing was written for so long: what is owed would be written behind a merge
WORTHWHILE = 0.1  # the part of an index that is outside of its greatest segment, or dead in it


class _Calm(NamedTuple):
    """What had been written to an index, and since when no more."""

    written: int
    since: float
    done: bool = False  # it was seen to since


class Merging:
    """Looks after the indices that `names` tells."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        names: Callable[[], Sequence[str]],
        *,
        look: float = LOOK_SECONDS,
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self._client, self._names, self._look, self._quiet = client, names, look, quiet
        self._calm: dict[str, _Calm] = {}

    async def run(self) -> None:
        """Until cancelled; an Elasticsearch that is down is asked again."""
        while True:
            await asyncio.sleep(self._look)
            stop_if_cancelled()
            try:
                for name in self._names():
                    await self._see_to(name)
            except (ApiError, TransportError, OSError) as error:
                log.debug("segments can't be looked after", extra={"fields": {"error": type(error).__name__}})
            except Exception:  # an answer that nobody expects must not end the projections beside it
                log.exception("segments can't be looked after")

    async def _see_to(self, name: str) -> None:
        written, now = await self._written(name), time.monotonic()
        calm = self._calm.get(name)
        if calm is None or calm.written != written:
            self._calm[name] = _Calm(written, now)
        elif not calm.done and now - calm.since >= self._quiet:
            if await pending(self._client, name):
                await self._merge(name)
            self._calm[name] = calm._replace(done=True)

    async def _written(self, name: str) -> int:
        """How many documents were ever written to it, by whomever; 0 while it is only just being made."""
        told = await self._client.indices.stats(index=name, metric="indexing")
        indexing: dict[str, int] = told["_all"]["primaries"].get("indexing", {})
        return indexing.get("index_total", 0) + indexing.get("delete_total", 0)

    async def _merge(self, name: str) -> None:
        """Elasticsearch goes on by itself, with one thread, however long it takes; searches and writes go on, too."""
        log.info("segments are merged, it is quiet", extra={"fields": {"index": name}})
        await self._client.indices.forcemerge(index=name, max_num_segments=1, wait_for_completion=False)


async def pending(client: AsyncElasticsearch, name: str) -> bool:
    """Whether an index is worth merging: it will be as soon as it is quiet."""
    told = await client.indices.segments(index=name)
    copies = [copy for index in told["indices"].values() for shard in index["shards"].values() for copy in shard]
    primary: dict[str, Any] = next((copy for copy in copies if copy["routing"]["primary"]), {})
    segments = primary.get("segments", {}).values()
    return worthwhile([(each["num_docs"], each["deleted_docs"]) for each in segments])


def worthwhile(segments: Sequence[tuple[int, int]]) -> bool:
    """Whether enough lies outside of the greatest segment, or is dead: (living, dead) documents of each."""
    everything = sum(living + dead for living, dead in segments)
    greatest = max((living for living, _ in segments), default=0)
    return everything - greatest > WORTHWHILE * everything
