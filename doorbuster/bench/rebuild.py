"""Rebuilding a read model beside the served one, against a bare loop that writes the very same final documents.

Ours reads and folds the log, fills the new version, has the projector catch up, compares all of it with a second fold
and swaps; the bare loop sends what lies ready, a thousand documents at a time, and does nothing else.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_scan
from redis.asyncio import Redis

from doorbuster import catalog_import, rebuilding
from doorbuster.bench import children, cpu, frame, ground
from doorbuster.bench.frame import Invalid, Result, Work
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.sample_catalog import write_catalog
from projector.log import open_pool
from projector.model import REDIS
from projector.read_models.all import READ_MODELS
from projector.rebuild import FILLING
from projector.versions import Versions
from shared.collector import freeze_start_up_objects
from shared.documents.indices import INDICES
from shared.documents.layout import claims_key, index_name

MODELS = ("products", "product_page")  # one in Elasticsearch, one in Redis: of one event per document each
AT_ONCE = 1_000  # documents of one request of the bare loop
BARE = "bare"  # the names that it writes under


def run(ground_: Ground, options: Options) -> Iterator[Result]:
    """A line for each sink and each log; `ours` and `limit` are documents/s from the beginning to the end."""
    folder = ground.own_folder(ground_, "rebuild")
    for priced in (False, True):  # one event for each document; as many as an import makes: a product and its price
        ground_.use(f"rebuild_{'priced' if priced else 'plain'}", copy_of=None)
        asyncio.run(_import(ground_, folder / "catalog.tsv", options.rebuilt, priced=priced))
        ground_.filled()
        ground_.only("projector")  # no event comes any more, and the worker verifies all the time
        for name in MODELS:
            yield _measured(ground_, options, folder, name)


async def _import(ground_: Ground, file: Path, rows: int, *, priced: bool) -> None:
    write_catalog(file, rows, 1, priced=priced)
    wanted = catalog_import.Wanted(file, file.with_suffix(".rejected.csv"), None, "EUR", None, None, False)
    await catalog_import.run(ground_.environment["DATABASE_URL"], wanted)


def _measured(ground_: Ground, options: Options, folder: Path, name: str) -> Result:
    given: dict[str, Any] = {"model": name, "file": str(folder / name), "environment": ground_.environment}
    lying = children.call("rebuild:write_down", given)
    documents = options.rebuilt

    def side(function: str) -> Work:
        found = children.call(function, given)
        facts = {name: at for name, at in found.items() if name.endswith("_s")} | {"seconds": found["seconds"]}
        rate = documents / found["seconds"]
        return Work(documents, found["seconds"], rate, found["cpu_ms"], facts, load=function.partition(":")[2])

    def before(_side: str) -> None:
        children.call("rebuild:clean_up", given)
        ground_.until_quiet()

    sides = {"ours": lambda: side("rebuild:rebuild"), "limit": lambda: side("rebuild:load")}
    done = frame.in_turns(options.turns(), sides, ground_.roots, before)
    setting = {"model": name, "documents": documents, **{key: lying[key] for key in ("written", "bytes", "events")}}
    return frame.result("rebuild", done, unit="documents/s", setting=setting, further=frame.facts(done))


# --- in processes of their own ----------------------------------------------------------------------------------------


async def rebuild(given: dict[str, Any]) -> dict[str, Any]:
    """What `doorbuster rebuild` does, from its lock to the swap."""
    freeze_start_up_objects()  # as the command does
    spent, began = cpu.here(), time.monotonic()
    said: dict[str, float] = {}  # what, and when
    async with rebuilding.workshop(
        given["environment"], lambda what: said.update({what: time.monotonic() - began})
    ) as shop:
        await rebuilding.rebuild(shop, rebuilding.models_named([given["model"]]), lambda _events, _done: None)
        took = time.monotonic() - began
    steps = {"filled_s": rebuilding.FILLED, "caught_up_s": rebuilding.TAKEN_UP, "compared_s": rebuilding.COMPARED}
    phases = {name: said[what] for name, what in steps.items()}
    return {"seconds": took, "cpu_ms": cpu.here() - spent, **phases}


async def clean_up(given: dict[str, Any]) -> dict[str, Any]:
    """Nothing of the rounds before is left."""
    async with rebuilding.workshop(given["environment"], lambda _: None) as shop:
        await rebuilding.clean_up(shop, rebuilding.models_named([given["model"]]))
    return {}


async def write_down(given: dict[str, Any]) -> dict[str, Any]:
    """What the served version holds, into a file of requests that only have to be sent."""
    model = next(model for model in READ_MODELS if model.name == given["model"])
    environment = given["environment"]
    async with await open_pool(environment["DATABASE_URL"], 1, "bench") as pool:
        [served] = await Versions(pool).served_of([model])
        query = "SELECT count(*) FROM event_log WHERE split_part(type, '.', 1) = ANY ($1)"
        events = await pool.fetchval(query, list(model.contexts))
    if model.sink == REDIS:
        lines = await _of_redis(environment["REDIS_URL"], served.slot)
    else:
        index = index_name(environment.get("INDEX_PREFIX", ""), served.name, served.version)
        lines = await _of_elasticsearch(environment["ELASTICSEARCH_URL"], index)
    await asyncio.to_thread(Path(given["file"]).write_bytes, msgspec.msgpack.encode(lines))
    size = sum(len(part) for line in lines for part in line)
    return {"written": len(lines), "bytes": size, "events": events}


async def _of_redis(url: str, slot: str) -> list[tuple[bytes, ...]]:
    """Key and value of what is set, and (key, field, value) of the claims' hash."""
    lines: list[tuple[bytes, ...]] = []
    async with Redis.from_url(url) as redis:
        keys = [key async for key in redis.scan_iter(match=f"{slot}:*", count=1000, _type="string")]
        for at in range(0, len(keys), AT_ONCE):
            some = keys[at : at + AT_ONCE]
            for key, value in zip(some, await redis.mget(some), strict=True):
                assert isinstance(value, bytes)
                lines.append((BARE.encode() + key.removeprefix(slot.encode()), value))
        claims: dict[bytes, bytes] = await redis.hgetall(claims_key(slot))  # type: ignore[assignment]
        lines += [(claims_key(BARE).encode(), field, value) for field, value in claims.items()]
    return lines


async def _of_elasticsearch(url: str, index: str) -> list[tuple[bytes, ...]]:
    async with AsyncElasticsearch(url) as client:
        return [
            (msgspec.json.encode({"index": {"_id": hit["_id"]}}), msgspec.json.encode(hit["_source"]))
            async for hit in async_scan(client, index=index, size=AT_ONCE)
        ]


async def load(given: dict[str, Any]) -> dict[str, Any]:
    """The bare loop; what it wrote is deleted behind the clock."""
    written = await asyncio.to_thread(Path(given["file"]).read_bytes)
    lines = msgspec.msgpack.decode(written, type=list[tuple[bytes, ...]])
    parts = [lines[at : at + AT_ONCE] for at in range(0, len(lines), AT_ONCE)]
    environment, name = given["environment"], given["model"]
    if name in INDICES:
        return await _into_elasticsearch(environment["ELASTICSEARCH_URL"], name, parts)
    return await _into_redis(environment["REDIS_URL"], parts)


async def _into_redis(url: str, parts: Sequence[Sequence[tuple[bytes, ...]]]) -> dict[str, Any]:
    async with Redis.from_url(url) as redis:
        spent, began = cpu.here(), time.monotonic()
        for part in parts:
            async with redis.pipeline(transaction=False) as pipe:
                for key, *value in part:
                    if len(value) == 1:
                        pipe.set(key, value[0])
                if claims := [piece for line in part if len(line) > 2 for piece in line[1:]]:
                    pipe.hset(claims_key(BARE), items=claims)
                await pipe.execute()
        took = {"seconds": time.monotonic() - began, "cpu_ms": cpu.here() - spent}
        for part in parts:
            await redis.unlink(*{line[0] for line in part})
    return took


async def _into_elasticsearch(url: str, name: str, parts: Sequence[Sequence[tuple[bytes, ...]]]) -> dict[str, Any]:
    """With the settings that a rebuild fills with, until a search sees all."""
    index = f"{BARE}-{name}"
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        definition = INDICES[name]
        await client.options(ignore_status=404).indices.delete(index=index)  # of a loop that broke off
        spent, began = cpu.here(), time.monotonic()
        await client.indices.create(
            index=index, settings={**definition["settings"], **FILLING}, mappings=definition["mappings"]
        )
        for part in parts:
            operations: Any = [piece for line in part for piece in line]
            answer = await client.bulk(index=index, operations=operations, filter_path="errors")
            if answer["errors"]:
                raise Invalid("the bare loop's documents are refused")
        await client.indices.refresh(index=index)
        took = {"seconds": time.monotonic() - began, "cpu_ms": cpu.here() - spent}
        await client.indices.delete(index=index)
    return took
