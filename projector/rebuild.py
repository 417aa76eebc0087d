"""Building new versions of read models beside the served ones, from the log, as fast as the sinks take them.

The way of the events is the projector's own (pipelines and sinks), fed by one reader per shard instead of a stream, so
that an event is read and decoded once for all the models that are built. Nobody is led to what is built here; once it
is near the head of the log the projector takes it up.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from elasticsearch import AsyncElasticsearch

from projector import elasticsearch_sink
from projector.checkpoints import Checkpoint, Checkpoints
from projector.elasticsearch_sink import ElasticsearchSink
from projector.indices import Indices
from projector.keyring import Keyring
from projector.log import EventLog, LogSettings, Pool
from projector.model import REDIS, ReadModel
from projector.parking import Parking, Systemic
from projector.pipeline import SLICE, Pipeline
from projector.price_slots.shown import own_prices
from projector.redis_filling import RedisFilling
from projector.redis_sink import connect
from projector.sink import Sink
from shared.documents.indices import INDICES
from shared.settings import Settings

log = logging.getLogger(__name__)

AHEAD = 2 * SLICE  # events that a reader may be ahead of the slowest pipeline of its shard
NEAR = SLICE  # so few events came while the last ones were read: the rest is the projector's
WAIT = 0.1
LANES = 2  # requests to a sink under way at once, so that it works while the next events are folded
# While an index is filled nobody searches it, and a copy would be filled by copying each document.
FILLING = {"refresh_interval": "-1", "auto_expand_replicas": "false", "number_of_replicas": 0}

Told = Callable[[int, float], None]  # events read since the last call, and how much of the log is done (0 to 1)


class BuildFailed(Exception):
    """The new versions are not to be used; the served ones are as they were."""


class _Nobody:
    """Nobody reads how far a version is that is being built."""

    def progress(self, model: ReadModel, shard: int, at: int, *, ready: bool) -> None:
        pass

    def seen(self, model: ReadModel, checkpoints: dict[int, int]) -> None:
        pass

    def withdraw(self, model: ReadModel) -> None:
        pass


class Build:
    """Fills these versions, which are empty."""

    def __init__(self, settings: Settings, pool: Pool, models: Sequence[ReadModel], told: Told) -> None:
        self._settings, self._models, self._told = settings, models, told
        self._source, self._checkpoints, self._parking = EventLog(pool), Checkpoints(pool), Parking(pool)
        self._contexts = frozenset[str]().union(*(model.contexts for model in models))
        self._pipelines: list[Pipeline] = []
        self._done: dict[int, float] = {}  # shard → part of it

    async def run(self) -> None:
        """Until all are near the head of the log, with checkpoints that the projector can go on from."""
        settings = await self._source.settings()
        async with AsyncExitStack() as stack:
            client = elasticsearch_sink.connect(self._settings.elasticsearch_url)
            stack.push_async_callback(client.close)
            indices = Indices(client, self._settings.index_prefix, settings.store)
            sinks = self._sinks(stack, client, settings)
            near, search = sinks
            for model in self._models:  # a restored store may give a number again that Redis and Elasticsearch know
                if model.sink == REDIS:
                    await near.begin(model, settings.shards)
                else:
                    await search.drop(model)
                    await indices.create(model, FILLING)
            keyring = Keyring(self._settings.keyring_url, bytes.fromhex(self._settings.master_key))
            stack.push_async_callback(keyring.close)
            filling = self._start({sink.name: sink for sink in sinks}, keyring, settings)
            work = [*filling, asyncio.create_task(search.watch())]
            try:
                await self._fill(settings)
            finally:
                for task in work:
                    task.cancel()
                await asyncio.wait(work)
            for model in self._models:
                if model.sink == REDIS:
                    await self._hand_over(near, model)
                else:
                    await _settle_index(client, indices.name(model), model)
            await self._checkpoints.save([_checkpoint(pipeline) for pipeline in self._pipelines])

    def _sinks(
        self, stack: AsyncExitStack, client: AsyncElasticsearch, settings: LogSettings
    ) -> tuple[RedisFilling, ElasticsearchSink]:
        redis = connect(self._settings.redis_url)
        stack.push_async_callback(redis.aclose)
        near = RedisFilling(redis, settings.store)
        stack.push_async_callback(near.close)
        prefix = self._settings.index_prefix
        search = ElasticsearchSink(
            client, prefix, settings, self._checkpoints, _Nobody(), lambda _: False, LANES, beside=own_prices
        )
        stack.push_async_callback(search.close)
        return near, search

    def _start(self, sinks: Mapping[str, Sink], keyring: Keyring, settings: LogSettings) -> list[asyncio.Task[None]]:
        slots = asyncio.Semaphore(settings.shards)
        self._pipelines = [
            Pipeline(model, shard, sinks[model.sink], self._source, self._parking, keyring.fetch, slots)
            for model in self._models
            for shard in range(settings.shards)
        ]
        return [asyncio.create_task(pipeline.run()) for pipeline in self._pipelines]

    async def _fill(self, settings: LogSettings) -> None:
        await self._until(self._pipelines, lambda pipeline: pipeline.opened.is_set())
        at = dict.fromkeys(range(settings.shards), 0)
        read = NEAR + 1
        while read > NEAR:
            heads = await self._source.heads(settings.shards)
            read = sum(await asyncio.gather(*(self._read(shard, at[shard], heads[shard]) for shard in at)))
            at = heads

    async def _read(self, shard: int, at: int, until: int) -> int:
        """The events of a shard in (at, until] to all its pipelines; answers how many there were."""
        pipelines = [pipeline for pipeline in self._pipelines if pipeline.shard == shard]
        read = 0
        while at < until:
            part = await self._source.slice(shard, at, until, self._contexts, SLICE)
            for pipeline in pipelines:
                pipeline.offer([part])
            at, read = part.upto, read + len(part)
            self._tell(shard, len(part), at / until)
            await self._until(pipelines, lambda pipeline: pipeline.waiting <= AHEAD)
        await self._until(pipelines, lambda pipeline: pipeline.at >= until)
        self._tell(shard, 0, 1.0)
        return read

    async def _until(self, pipelines: Sequence[Pipeline], reached: Callable[[Pipeline], bool]) -> None:
        for pipeline in pipelines:
            while not reached(pipeline):
                if pipeline.stopped:
                    raise BuildFailed(f"{pipeline.model.name}, shard {pipeline.shard}: {pipeline.stopped}")
                await pipeline.moves(WAIT)

    def _tell(self, shard: int, events: int, done: float) -> None:
        self._done[shard] = done
        shards = {pipeline.shard for pipeline in self._pipelines}
        self._told(events, sum(self._done.values()) / len(shards))

    async def _hand_over(self, near: RedisFilling, model: ReadModel) -> None:
        filled = {pipeline.shard: pipeline.at for pipeline in self._pipelines if pipeline.model is model}
        try:
            await near.hand_over(model, filled)
        except Systemic as taken:
            raise BuildFailed(str(taken)) from taken


async def _settle_index(client: AsyncElasticsearch, index: str, model: ReadModel) -> None:
    usual: dict[str, Any] = INDICES[model.name]["settings"]
    await client.indices.put_settings(index=index, settings={name: usual[name] for name in FILLING if name in usual})
    await client.indices.refresh(index=index)


def _checkpoint(pipeline: Pipeline) -> Checkpoint:
    position, sink_id = pipeline.sink.standing(pipeline.model, pipeline.shard, pipeline.at)
    return Checkpoint(pipeline.model.name, pipeline.model.version, pipeline.shard, position, sink_id)
