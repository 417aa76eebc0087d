"""The owner's work: everything between the lease taken and the lease lost. All of it is built anew each time."""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack

import asyncpg

from projector import elasticsearch_sink
from projector.chain import stretches
from projector.checkpoints import Checkpoint, Checkpoints
from projector.elasticsearch_sink import ElasticsearchSink
from projector.keyring import Keyring
from projector.log import EventLog, LogSettings, Pool
from projector.model import ReadModel
from projector.noticeboard import Noticeboard
from projector.parking import Parking
from projector.pipeline import TICK, Pipeline, Sink
from projector.read_models.all import READ_MODELS
from projector.redis_sink import RedisSink, connect
from projector.transport import Feed, RedisStreams, Transport
from shared.cancellation import stop_if_cancelled
from shared.envelope import Recorded
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
        self.pipelines: list[Pipeline] = []

    async def run(self) -> None:
        """Until cancelled; whoever runs it cancels it when the lease is lost."""
        settings = await self._source.settings()
        await self._parking.load()
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            redis = connect(self._settings.redis_url)
            stack.push_async_callback(redis.aclose)
            board = Noticeboard(redis, settings, READ_MODELS, self._parking, lambda: self._lease.held)
            tasks.create_task(board.run())
            redis_sink = RedisSink(redis, settings.store)
            stack.push_async_callback(redis_sink.close)
            near = self._start(tasks, redis_sink, settings)
            search = self._search(settings, board, stack)
            self._start(tasks, search, settings)
            tasks.create_task(self._follow(near, settings))
            tasks.create_task(search.watch())
            tasks.create_task(search.refresh())
            tasks.create_task(self._watch_heads(settings))
            tasks.create_task(self._save_checkpoints())
            tasks.create_task(self._heal())

    def _search(self, settings: LogSettings, board: Noticeboard, stack: AsyncExitStack) -> ElasticsearchSink:
        client = elasticsearch_sink.connect(self._settings.elasticsearch_url)
        stack.push_async_callback(client.close)
        prefix = self._settings.index_prefix
        sink = ElasticsearchSink(client, prefix, READ_MODELS, settings, self._checkpoints, board)
        stack.push_async_callback(sink.close)
        return sink

    def _start(self, tasks: asyncio.TaskGroup, sink: Sink, settings: LogSettings) -> list[Pipeline]:
        """One sink's pipelines."""
        slots = asyncio.Semaphore(READERS)  # each sink its own: a slow one must not hold the other's
        pipelines = [
            self._pipeline(model, shard, sink, slots)
            for model in READ_MODELS
            if model.sink == sink.name
            for shard in range(settings.shards)
        ]
        for pipeline in pipelines:
            tasks.create_task(pipeline.run())
        self.pipelines.extend(pipelines)
        return pipelines

    async def _follow(self, needed: Sequence[Pipeline], settings: LogSettings) -> None:
        """One reader of the streams for all sinks. It starts when those pipelines stand that live where the streams
        do; an outage of another sink touches neither it nor them, and whoever opens later fills what it missed."""
        await asyncio.gather(*(pipeline.opened.wait() for pipeline in needed))
        feeds = [
            _feed(shard, [p for p in self.pipelines if p.shard == shard], settings.epoch)
            for shard in range(settings.shards)
        ]
        transport: Transport = RedisStreams(self._settings.streams, f"projector-{os.getpid()}")
        await transport.run(feeds)

    def _pipeline(self, model: ReadModel, shard: int, sink: Sink, slots: asyncio.Semaphore) -> Pipeline:
        return Pipeline(model, shard, sink, self._source, self._parking, self._keyring.fetch, slots)

    async def _watch_heads(self, settings: LogSettings) -> None:
        while True:
            stop_if_cancelled()
            try:
                heads = await self._source.heads(settings.shards)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                log.warning("the log's heads can't be read", extra={"fields": {"error": type(error).__name__}})
            else:
                for pipeline in self.pipelines:
                    pipeline.seen_head(heads[pipeline.shard])
            await asyncio.sleep(TICK)

    async def _save_checkpoints(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            stop_if_cancelled()
            try:
                await self._checkpoints.save([_checkpoint(p) for p in self.pipelines if p.opened.is_set()])
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                log.warning("checkpoints can't be saved", extra={"fields": {"error": type(error).__name__}})

    async def _heal(self) -> None:
        """Parked keys that somebody asked to try again."""
        while True:
            await asyncio.sleep(RETRY_POLL_SECONDS)
            stop_if_cancelled()
            try:
                for parked in await self._parking.wanted():
                    for pipeline in self.pipelines:
                        model = pipeline.model
                        if (model.name, model.version, pipeline.shard) == (
                            parked.read_model,
                            parked.version,
                            parked.shard,
                        ):
                            await pipeline.heal(parked.partition_key)
            except Exception as error:  # a store that is down: the request stands, and is seen again
                log.warning("parked keys can't be retried", extra={"fields": {"error": repr(error)}})


def _checkpoint(pipeline: Pipeline) -> Checkpoint:
    model = pipeline.model
    position, sink_id = pipeline.sink.standing(model, pipeline.shard, pipeline.at)
    return Checkpoint(model.name, model.version, pipeline.shard, position, sink_id)


def _feed(shard: int, pipelines: Sequence[Pipeline], epoch: int) -> Feed:
    def at() -> int:
        return max(pipeline.at for pipeline in pipelines)  # those behind are nearer to it by the log

    def offer(events: Sequence[Recorded]) -> None:
        # What a log said that was restored to an earlier point since is no part of this one.
        brought = stretches([event for event in events if event.epoch == epoch])
        for pipeline in pipelines:
            pipeline.offer(brought)

    return Feed(shard, at, offer)
