"""What the query API is told through Redis about every model: how far it is, what is parked, the log's epoch.

Redis models keep their own checkpoints beside their data. Those of Elasticsearch are published here, whole and often,
so that a Redis that lost everything knows again within a moment.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from projector.log import LogSettings
from projector.model import ELASTICSEARCH, ReadModel
from projector.parking import Parking
from shared.cancellation import stop_if_cancelled
from shared.documents.layout import LIVE, parked_key, shards_key

log = logging.getLogger(__name__)

LOG = "log"  # a hash: epoch, shards
Field = bytes | bytearray | memoryview | str | int | float  # what redis-py takes
ALL_SECONDS = 0.25  # all is told so often, and what is new at once


class Noticeboard:
    """Holds what is to be known, publishes it while the lease is ours."""

    def __init__(
        self,
        redis: "Redis",
        settings: LogSettings,
        parking: Parking,
        held: Callable[[], bool],
    ) -> None:
        self._redis, self._settings, self._parking, self._held = redis, settings, parking, held
        self._models: dict[str, ReadModel] = {}  # by slot
        self._live: dict[Field, Field] = {}  # read model → version
        self._shards: dict[str, dict[Field, Field]] = defaultdict(dict)  # slot → field → value
        self._changed = asyncio.Event()
        self._all_at = 0.0
        self._news: set[str] = set()  # slots with fields that were not published yet
        self._lost: set[str] = set()  # slots of which Redis still tells what is no longer true
        self._telling = asyncio.Lock()  # what was gathered before a swap or a deletion must not be told after it

    def add(self, model: ReadModel) -> None:
        """Tell of this version, too."""
        self._models[model.slot] = model

    async def remove(self, model: ReadModel) -> None:
        """Nothing is told of this version any more."""
        async with self._telling:
            self._models.pop(model.slot, None)
            self._shards.pop(model.slot, None)
            self._news.discard(model.slot)
            self._lost.discard(model.slot)
            await self._redis.unlink(shards_key(model.slot), parked_key(model.slot))

    def lead_to(self, name: str, version: str) -> None:
        """Queries are led to this version of a read model, and are told so again and again."""
        self._live[name] = version

    async def serve(self, model: ReadModel) -> None:
        """Lead queries to this version from now on, with all that is to be known of it, at once."""
        async with self._telling, self._redis.pipeline(transaction=True) as pipe:
            self.lead_to(model.name, model.version)
            self._tell_parked(pipe, model)
            self._tell_shards(pipe, model)
            pipe.hset(LIVE, model.name, model.version)
            await pipe.execute()

    def post(self, model: ReadModel, **fields: int) -> None:
        """Set fields of a model's `shards` hash."""
        self._shards[model.slot].update(fields)
        self._news.add(model.slot)
        self._changed.set()

    def progress(self, model: ReadModel, shard: int, at: int, *, ready: bool) -> None:
        """A checkpoint, and whether the shard is caught up."""
        self.post(model, **{str(shard): at} | ({f"ready:{shard}": 1} if ready else {}))

    def seen(self, model: ReadModel, checkpoints: dict[int, int]) -> None:
        """Checkpoints that a search sees."""
        self.post(model, **{f"seen:{shard}": at for shard, at in checkpoints.items()})

    def withdraw(self, model: ReadModel) -> None:
        """The sink has not got this model's data (any longer): nothing that was told of it is true.

        Until then what an owner before us told stands: that a shard is ready, above all.
        """
        self._shards[model.slot].clear()
        self._lost.add(model.slot)
        self._all_at = 0.0
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled; a Redis that is down is told later."""
        while True:
            stop_if_cancelled()
            self._changed.clear()
            try:
                if self._held():
                    await self._publish()
            except (RedisError, OSError) as error:
                log.debug("nothing can be published", extra={"fields": {"error": type(error).__name__}})
                self._all_at = 0.0
                await asyncio.sleep(ALL_SECONDS)
            try:
                async with asyncio.timeout(ALL_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _publish(self) -> None:
        """What is new; now and then all of it, since Redis may have lost it."""
        async with self._telling, self._redis.pipeline(transaction=True) as pipe:
            news, self._news = self._news, set()
            now = time.monotonic()
            if now >= self._all_at:
                self._all_at = now + ALL_SECONDS
                self._tell_all(pipe)
            else:
                for model in self._models.values():
                    if model.slot in news:  # parked keys first: nobody may take their documents for fresh
                        self._tell_parked(pipe, model)
                        self._tell_shards(pipe, model)
            lost = set(self._lost)
            await pipe.execute()
            self._lost -= lost

    def _tell_all(self, pipe: "Pipeline") -> None:
        pipe.hset(LOG, mapping={"epoch": self._settings.epoch, "shards": self._settings.shards})
        if self._live:
            pipe.hset(LIVE, mapping=self._live)
        for model in self._models.values():
            self._tell_parked(pipe, model)
            if model.sink == ELASTICSEARCH:
                self._tell_shards(pipe, model)

    def _tell_shards(self, pipe: "Pipeline", model: ReadModel) -> None:
        if model.slot in self._lost:
            pipe.delete(shards_key(model.slot))
        if fields := self._shards[model.slot]:
            pipe.hset(shards_key(model.slot), mapping=fields)

    def _tell_parked(self, pipe: "Pipeline", model: ReadModel) -> None:
        pipe.delete(parked_key(model.slot))
        if keys := self._parking.of(model):
            pipe.sadd(parked_key(model.slot), *keys)
