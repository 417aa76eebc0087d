"""What runs in processes of its own for `pipeline`: the relay, and the bare loops that are its and the projector's
limits. What the loops write is kept in files beforehand, so that only the writing is measured."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_scan
from redis.asyncio import Redis

from projector.model import ELASTICSEARCH, REDIS, ReadModel
from projector.read_models.all import READ_MODELS
from shared import envelope
from shared.documents.indices import INDICES
from shared.documents.layout import index_name
from write_side import database, event_log
from write_side.relay import BATCH, HEADS, Relay

Given = dict[str, Any]
Kept = list[tuple[bytes, bytes]]  # key and value; action and document
BULK = 1000  # documents of one request
SEARCHED = [model for model in READ_MODELS if model.sink == ELASTICSEARCH]


async def relay(given: Given) -> Given:
    """The relay, from the beginning of the log to its end; `began` is when, in seconds since 1970."""
    conn = await database.connect(given["database_url"], "bench relay")
    last = await conn.fetchval("SELECT max(position) FROM event_log")
    async with Redis.from_url(given["redis_url"], protocol=2) as redis:
        relaying = await Relay.start(conn, redis)
        clock, taken = _Clock(), 0
        while relaying.safe < last:
            taken += await relaying.step()
        told = clock.read(taken, 0)
    await conn.close()
    return {**told, "events": taken}


class _Clock:
    """Seconds and CPU from now on."""

    def __init__(self) -> None:
        self.began, self._cpu, self._at = time.time(), time.process_time(), time.monotonic()

    def read(self, written: int, size: int) -> Given:
        """What was written, and what it took."""
        seconds, cpu_ms = time.monotonic() - self._at, (time.process_time() - self._cpu) * 1000
        return {"began": self.began, "seconds": seconds, "cpu_ms": cpu_ms, "written": written, "bytes": size}


# --- kept beforehand ---------------------------------------------------------------------------------------------


async def keep_entries(given: Given) -> Given:
    """The stream entries of all of the log, in its order: `stream position` and the bytes that the relay writes."""
    conn = await asyncpg.connect(given["database_url"])
    epoch = await event_log.epoch(conn)
    heads = {row["shard"]: 0 for row in await conn.fetch(HEADS, 0)}
    kept: Kept = []
    for row in await conn.fetch(event_log.TAIL, 0, 10_000_000):
        entry = envelope.encode(event_log.recorded(row, heads[row["shard"]], epoch))
        heads[row["shard"]] = row["position"]
        kept.append((f"{envelope.stream_name(row['shard'])} {row['position']}-0".encode(), entry))
    await conn.close()
    return _keep(given, kept)


async def keep_redis(given: Given) -> Given:
    """Every document, state and name that the projector wrote to Redis."""
    kept: Kept = []
    async with Redis.from_url(given["redis_url"]) as redis:
        for model in READ_MODELS:
            if model.sink == REDIS:
                keys = [key async for key in redis.scan_iter(f"{model.slot}:*", count=1000, _type="string")]
                values: Any = await redis.mget(keys) if keys else []
                kept += zip(keys, values, strict=True)
    return _keep(given, kept)


async def keep_bulk(given: Given) -> Given:
    """Every document that the projector wrote to Elasticsearch, with its version, for an index of its own."""
    kept: Kept = []
    async with AsyncElasticsearch(given["elasticsearch_url"]) as client:
        for model in SEARCHED:
            await client.indices.refresh(index=_index(model))
            async for hit in async_scan(client, index=_index(model), query={"version": True}):
                action = {"_index": _bare(model), "_id": hit["_id"], "version": hit["_version"]}
                action |= {"version_type": "external"}
                kept.append((msgspec.json.encode({"index": action}), msgspec.json.encode(hit["_source"])))
    return _keep(given, kept)


def _keep(given: Given, kept: Kept) -> Given:
    Path(given["file"]).write_bytes(msgspec.msgpack.encode(kept))
    return {"written": len(kept)}


def _kept(given: Given) -> Kept:
    return msgspec.msgpack.decode(Path(given["file"]).read_bytes(), type=Kept)


def _size(kept: Kept) -> int:
    return sum(len(first) + len(second) for first, second in kept)


def _chunks(kept: Kept, size: int) -> Iterator[Kept]:
    return (kept[at : at + size] for at in range(0, len(kept), size))


# --- the bare loops ----------------------------------------------------------------------------------------------


async def xadd(given: Given) -> Given:
    """XADD, pipelined, in batches of the relay's size."""
    kept = _kept(given)
    async with Redis.from_url(given["bare_redis_url"], protocol=2) as redis:
        await redis.ping()
        clock = _Clock()
        for chunk in _chunks(kept, BATCH):
            async with redis.pipeline(transaction=False) as pipe:
                for place, entry in chunk:
                    pipe.execute_command("XADD", *place.split(), envelope.STREAM_FIELD, entry)
                await pipe.execute()
        return clock.read(len(kept), _size(kept))


async def bare_redis(given: Given) -> Given:
    """SET, pipelined."""
    kept = _kept(given)
    async with Redis.from_url(given["bare_redis_url"]) as redis:
        await redis.ping()
        clock = _Clock()
        for chunk in _chunks(kept, BULK):
            async with redis.pipeline(transaction=False) as pipe:
                for key, value in chunk:
                    pipe.set(key, value)
                await pipe.execute()
        return clock.read(len(kept), _size(kept))


async def bare_bulk(given: Given) -> Given:
    """Bulk requests of documents that are ready to be sent."""
    kept = _kept(given)
    async with AsyncElasticsearch(given["elasticsearch_url"], request_timeout=60) as client:
        await client.cluster.health()
        clock = _Clock()
        for chunk in _chunks(kept, BULK):
            operations: Any = [line for pair in chunk for line in pair]
            answer = await client.bulk(operations=operations, filter_path="errors,items.index.error")
            if answer["errors"]:
                raise RuntimeError(f"not taken: {answer.body}")
        return clock.read(len(kept), _size(kept))


# --- indices -----------------------------------------------------------------------------------------------------


async def drop_indices(given: Given) -> Given:
    """The projector's indices go: it makes them again."""
    await _drop(given, [_index(model) for model in SEARCHED])
    return {}


async def renew_bare_indices(given: Given) -> Given:
    """Empty indices like the projector's, for the bare loop."""
    await _drop(given, [_bare(model) for model in SEARCHED])
    async with AsyncElasticsearch(given["elasticsearch_url"]) as client:
        for model in SEARCHED:
            await client.indices.create(index=_bare(model), **INDICES[model.name])
    return {}


async def _drop(given: Given, names: Sequence[str]) -> None:
    async with AsyncElasticsearch(given["elasticsearch_url"]) as client:
        for name in names:  # by name: wildcards may not delete
            await client.indices.delete(index=name, ignore_unavailable=True)


def _index(model: ReadModel) -> str:
    return index_name("", model.name, model.version)


def _bare(model: ReadModel) -> str:
    return f"bare-{model.name}"
