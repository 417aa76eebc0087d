"""The owner's work: everything between the lease taken and the lease lost. All of it is built anew each time."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from projector import elasticsearch_sink
from projector.chain import stretches
from projector.checkpoints import Checkpoint, Checkpoints
from projector.elasticsearch_sink import ElasticsearchSink
from projector.fleet import Fit, Fleet
from projector.keyring import Keyring
from projector.log import EventLog, LogSettings, Pool
from projector.merging import Merging
from projector.model import ReadModel
from projector.noticeboard import Noticeboard
from projector.observations import Observations
from projector.parking import Parking
from projector.pipeline import TICK, Pipeline
from projector.price_slots.filling import Filling
from projector.price_slots.filling import connect as connect_filling
from projector.price_slots.pricer import Pricer
from projector.read_models.all import READ_MODELS
from projector.redis_sink import RedisSink, connect
from projector.sink import Sink
from projector.transport import Feed, RedisStreams, Transport
from projector.versions import Versions
from shared.cancellation import stop_if_cancelled
from shared.documents.products import SEARCH
from shared.envelope import Recorded
from shared.http.pools import POSTGRES_FAILS
from shared.lease import Lease
from shared.settings import Settings

log = logging.getLogger(__name__)

SAVE_SECONDS = 1.0
RETRY_POLL_SECONDS = 0.5
READERS = 3  # pipelines of a sink that read the log at once: bounds memory, and how long the loop is busy at a stretch


class Owner:
    """Pipelines of all read models and shards, fed by the streams and the log."""

    def __init__(self, settings: Settings, pool: Pool, keyring: Keyring, lease: Lease) -> None:
        self._settings, self._pool, self._keyring, self._lease = settings, pool, keyring, lease
        self._source = EventLog(pool)
        self._parking = Parking(pool)
        self._checkpoints = Checkpoints(pool)
        self._versions = Versions(pool)

    async def run(self) -> None:
        """Until cancelled; whoever runs it cancels it when the lease is lost."""
        settings = await self._source.settings()
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            redis = connect(self._settings.redis_url)
            stack.push_async_callback(redis.aclose)
            board = Noticeboard(redis, settings, self._parking, lambda: self._lease.held)
            redis_sink = RedisSink(redis, settings.store)
            stack.push_async_callback(redis_sink.close)
            pricer = Pricer(redis, settings.store, settings.shards, lambda name: self._versions.served.get(name))
            search = self._search(settings, board, stack, pricer)
            client = connect_filling(self._settings.elasticsearch_url)
            stack.push_async_callback(client.close)
            filling = Filling(client, lambda: pricer.pricing)
            sinks: dict[str, Sink] = {sink.name: sink for sink in (redis_sink, search)}
            fleet = self._fleet(settings, sinks, board, _fit(pricer, filling, search), tasks)
            await self._versions.begin_store(READ_MODELS)
            await fleet.see()
            served = [pipeline for pipeline in fleet.pipelines if self._versions.is_served(pipeline.model)]
            near = [pipeline for pipeline in served if pipeline.sink is redis_sink]
            tasks.create_task(board.run())
            tasks.create_task(self._follow(fleet, near, settings))
            tasks.create_task(search.watch())
            tasks.create_task(self._merging(stack, search).run())
            tasks.create_task(pricer.keep_looking())
            tasks.create_task(pricer.keep_filling(filling, lambda: search.written(SEARCH)))
            for name in {model.name for model in READ_MODELS if model.sink == search.name}:
                tasks.create_task(search.keep_refreshing(name))
            tasks.create_task(fleet.run())
            tasks.create_task(self._watch_heads(fleet, settings))
            tasks.create_task(self._save_checkpoints(fleet))
            tasks.create_task(self._heal(fleet))
            tasks.create_task(Observations(self._settings).run())

    def _search(
        self, settings: LogSettings, board: Noticeboard, stack: AsyncExitStack, pricer: Pricer
    ) -> ElasticsearchSink:
        client = elasticsearch_sink.connect(self._settings.elasticsearch_url)
        stack.push_async_callback(client.close)
        prefix, is_served = self._settings.index_prefix, self._versions.is_served
        sink = ElasticsearchSink(client, prefix, settings, self._checkpoints, board, is_served, beside=pricer.beside)
        stack.push_async_callback(sink.close)
        return sink

    def _merging(self, stack: AsyncExitStack, search: ElasticsearchSink) -> Merging:
        """Of the index that shoppers search."""
        client = elasticsearch_sink.connect(self._settings.elasticsearch_url)
        stack.push_async_callback(client.close)
        return Merging(client, lambda: [index.name for index in search.written(SEARCH) if index.served])

    def _fleet(
        self,
        settings: LogSettings,
        sinks: Mapping[str, Sink],
        board: Noticeboard,
        fit: Fit,
        tasks: asyncio.TaskGroup,
    ) -> Fleet:
        # Each sink its own slots: a slow one must not hold the other's.
        slots = {name: asyncio.Semaphore(READERS) for name in sinks}

        def start(model: ReadModel) -> list[Pipeline]:
            sink, slot = sinks[model.sink], slots[model.sink]
            log_, fetch_keys = self._source, self._keyring.fetch
            shards = range(settings.shards)
            return [Pipeline(model, shard, sink, log_, self._parking, fetch_keys, slot) for shard in shards]

        return Fleet(READ_MODELS, self._versions, sinks, board, self._parking, start, fit, tasks)

    async def _follow(self, fleet: Fleet, needed: Sequence[Pipeline], settings: LogSettings) -> None:
        """One reader of the streams for all sinks. It starts when those pipelines stand that live where the streams
        do; an outage of another sink touches neither it nor them, and whoever opens later fills what it missed."""
        await asyncio.gather(*(pipeline.opened.wait() for pipeline in needed))
        transport: Transport = RedisStreams(self._settings.streams, f"projector-{os.getpid()}")
        await transport.run([_feed(shard, fleet, settings.epoch) for shard in range(settings.shards)])

    async def _watch_heads(self, fleet: Fleet, settings: LogSettings) -> None:
        while True:
            stop_if_cancelled()
            try:
                heads = await self._source.heads(settings.shards)
            except POSTGRES_FAILS as error:
                log.warning("the log's heads can't be read", extra={"fields": {"error": type(error).__name__}})
            else:
                for pipeline in fleet.pipelines:
                    pipeline.seen_head(heads[pipeline.shard])
            await asyncio.sleep(TICK)

    async def _save_checkpoints(self, fleet: Fleet) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            stop_if_cancelled()
            try:
                await self._checkpoints.save([_checkpoint(p) for p in fleet.pipelines if p.opened.is_set()])
            except POSTGRES_FAILS as error:
                log.warning("checkpoints can't be saved", extra={"fields": {"error": type(error).__name__}})

    async def _heal(self, fleet: Fleet) -> None:
        """Parked keys that somebody asked to try again or to go on without an event, skips to be taken back, and
        documents to be rewritten."""
        while True:
            await asyncio.sleep(RETRY_POLL_SECONDS)
            stop_if_cancelled()
            try:
                for parked in await self._parking.wanted():
                    for pipeline in _of(fleet, parked.read_model, parked.version, parked.shard):
                        await pipeline.heal(parked.partition_key, parked.skip)
                for skip in await self._parking.skipped.unwanted():
                    versions = {p.model.version for p in fleet.pipelines if p.model.name == skip.read_model}
                    await self._parking.skipped.take_back(skip, versions)
                for name, version, key, shard in await self._parking.rewrites():
                    for pipeline in _of(fleet, name, version, shard):
                        await pipeline.rewrite(key)
            except Exception as error:  # a store that is down: the request stands, and is seen again
                log.warning("parked keys can't be retried", extra={"fields": {"error": repr(error)}})


def _of(fleet: Fleet, name: str, version: str, shard: int) -> list[Pipeline]:
    return [p for p in fleet.pipelines if (p.model.name, p.model.version, p.shard) == (name, version, shard)]


def _fit(pricer: Pricer, filling: Filling, search: ElasticsearchSink) -> Fit:
    """Products are searched by prices of the moment: an index that lacks them is not served yet."""

    async def fit(model: ReadModel) -> bool:
        index = search.index(model) if model.name == SEARCH else None
        return model.name != SEARCH or (index is not None and await pricer.is_filled(filling, index))

    return fit


def _checkpoint(pipeline: Pipeline) -> Checkpoint:
    model = pipeline.model
    position, sink_id = pipeline.sink.standing(model, pipeline.shard, pipeline.at)
    return Checkpoint(model.name, model.version, pipeline.shard, position, sink_id)


def _feed(shard: int, fleet: Fleet, epoch: int) -> Feed:
    def mine() -> list[Pipeline]:
        return [pipeline for pipeline in fleet.pipelines if pipeline.shard == shard]

    def at() -> int:
        return max((pipeline.at for pipeline in mine()), default=0)  # those behind are nearer to it by the log

    def offer(events: Sequence[Recorded]) -> None:
        # What a log said that was restored to an earlier point since is no part of this one.
        brought = stretches([event for event in events if event.epoch == epoch])
        for pipeline in mine():
            pipeline.offer(brought)

    return Feed(shard, at, offer)
