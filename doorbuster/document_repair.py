"""Documents made anew from the log. The projector owns them, so it is asked to fold their keys and write them over;
what nothing in the log makes, a stranger, is taken away here."""

import asyncio
import contextlib
import time
from collections.abc import Iterable

import asyncpg
from elasticsearch import AsyncElasticsearch, NotFoundError

from doorbuster.invariants.comparison import DOCUMENT, NAMES, Damaged
from doorbuster.invariants.sinks import Stores, connect
from projector.model import REDIS
from projector.read_models.all import READ_MODELS
from shared.documents.layout import claims_key, document_key, index_name, lookup_key, state_key
from shared.shards import shard_of
from write_side import event_log, parked

PATIENCE = 30.0  # seconds for the projector to carry out what was asked


async def repair_documents(stores: Stores, found: Iterable[Damaged]) -> int:
    """Ask for what has a key, take away what has none; answers how many requests the projector left undone."""
    damaged = list(found)
    await _take_away(stores, [each for each in damaged if not each.key or each.field in NAMES])
    conn = await asyncpg.connect(stores.database_url)
    try:
        shards = await event_log.shards(conn)
        wanted = sorted({(each.model, each.key) for each in damaged if each.key})
        await parked.request_rewrites(conn, [(model, key, shard_of(key, shards)) for model, key in wanted])
        deadline = time.monotonic() + PATIENCE
        while (left := await parked.rewrites_waiting(conn)) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return left
    finally:
        await conn.close()


async def _take_away(stores: Stores, strangers: Iterable[Damaged]) -> None:
    """A name goes with its claim, whoever it belongs to: a wrong claim would refuse the right one."""
    redis, elasticsearch = connect(stores)
    sinks = {model.name: model.sink for model in READ_MODELS}
    try:
        for each in strangers:
            name, _, version = each.model.partition(":")
            if each.field in NAMES:
                field, _, value = each.id.partition(":")
                await redis.delete(lookup_key(each.model, field, value))
                await redis.hdel(claims_key(each.model), each.id)
            elif sinks[name] == REDIS:
                key_of = document_key if each.field == DOCUMENT else state_key
                await redis.delete(key_of(each.model, each.id))
            else:
                await _unindex(elasticsearch, index_name(stores.index_prefix, name, version), each.id)
    finally:
        await redis.aclose()
        await elasticsearch.close()


async def _unindex(elasticsearch: AsyncElasticsearch, index: str, id_: str) -> None:
    with contextlib.suppress(NotFoundError):
        await elasticsearch.delete(index=index, id=id_)
