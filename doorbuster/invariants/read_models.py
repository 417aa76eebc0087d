"""Read models = fold of the log: every document, state and name in Redis and Elasticsearch against the log itself.

A shop at work is no obstacle: a state that has moved on since the log was read is folded up to where it stands, and
what still looks wrong is looked at again while the log moves on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

import asyncpg

from doorbuster.invariants.comparison import Comparison, Shop, last_position
from doorbuster.invariants.folding import FoldedLog, Parked, fold_log, fold_on
from doorbuster.invariants.prepared import Page
from doorbuster.invariants.sinks import ElasticsearchView, RedisView, Stores, connect
from doorbuster.standing_still import of_versions
from projector.keyring import Keyring
from projector.log import EventLog, open_pool
from projector.model import ReadModel
from projector.read_models.all import READ_MODELS
from projector.versions import Versions
from write_side import event_log
from write_side.database import Connection
from write_side.verifying.differences import Difference

PATIENCE = 30.0  # seconds that the projector may be behind
LOOKS = 3


class Beforehand(NamedTuple):
    """What was worked out before a comparison is asked for: a fold that is gone on with, and what it shows."""

    folded: FoldedLog
    pages: Mapping[str, Sequence[Page]]  # by slot


async def differences(
    stores: Stores,
    patience: float = PATIENCE,
    keys: Sequence[str] | None = None,
    models: Sequence[ReadModel] | None = None,
    parked: Parked | None = None,
    beforehand: Beforehand | None = None,
) -> list[Difference]:
    """What differs, in all there is or in the documents of some partition keys; empty when all is well.

    Compared are the versions that are served, unless others are named; events of `parked` keys are known to wait.
    A fold of these models that was made `beforehand` is gone on with in the first look; the others fold anew.
    A difference must come up in every look to count. What another release wrote is told as that alone.
    """
    async with AsyncExitStack() as opened:
        shop, still = await _open(stores, opened, models, parked or {})
        found, until = await _look(shop, patience, keys, beforehand)
        for _ in range(LOOKS - 1):
            if not found or until == await last_position(shop.conn):
                break
            again, until = await _look(shop, patience, keys)
            found = [difference for difference in found if difference in again]
    return [*still, *found]


async def _open(
    stores: Stores, opened: AsyncExitStack, models: Sequence[ReadModel] | None, parked: Parked
) -> tuple[Shop, list[Difference]]:
    conn = await asyncpg.connect(stores.database_url)  # without the application's limits: this reads the whole log
    opened.push_async_callback(conn.close)
    pool = await opened.enter_async_context(await open_pool(stores.database_url, 1, "verify"))
    keyring = Keyring(stores.keyring_url, bytes.fromhex(stores.master_key))
    opened.push_async_callback(keyring.close)
    redis, elasticsearch = connect(stores)
    opened.push_async_callback(redis.aclose)
    opened.push_async_callback(elasticsearch.close)
    served, still = (models, []) if models else await _served(Versions(pool))
    view = ElasticsearchView(elasticsearch, stores.index_prefix)
    return Shop(served, parked, conn, EventLog(pool), keyring, RedisView(redis), view), still


async def _served(versions: Versions) -> tuple[list[ReadModel], list[Difference]]:
    """What is served and can be compared, and what can't: all of it would differ, and no repair would get anywhere."""
    still = {each.read_model: each for each in of_versions(await versions.look())}
    told = [
        Difference("document", name, "its version", f"{each.ours}: `doorbuster rebuild {name}`", each.version)
        for name, each in still.items()
    ]
    return [model for model in await versions.served_of(READ_MODELS) if model.name not in still], told


async def _look(
    shop: Shop, patience: float, keys: Sequence[str] | None, beforehand: Beforehand | None = None
) -> tuple[list[Difference], int]:
    """One comparison of everything, and up to where the log was read for it."""
    deadline = time.monotonic() + patience
    unread = await _waited(lambda: _unread(shop.conn), deadline)
    if beforehand is None:
        folded = await fold_log(shop.conn, shop.models, keys, shop.parked)
    else:
        folded = await fold_on(shop.conn, beforehand.folded, shop.models, shop.parked)
    found = [*unread, *folded.poison, *await _waited(lambda: _late(shop.redis, folded, shop.models), deadline)]
    for model in shop.models:
        pages = beforehand.pages.get(model.slot, ()) if beforehand else ()
        found += await Comparison(shop, folded, model, whole=keys is None, pages=pages).run()
    return found, folded.until


async def _waited(ask: Callable[[], Awaitable[list[Difference]]], deadline: float) -> list[Difference]:
    """What is still behind at the deadline, or nothing as soon as nothing is."""
    while (behind := await ask()) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return behind


async def _unread(conn: Connection) -> list[Difference]:
    """Whether the relay has read what is in the log."""
    safe, last = await event_log.safe_position(conn), await last_position(conn)
    return [Difference("document", "the relay", "its safe position", str(last), str(safe))] if safe < last else []


async def _late(redis: RedisView, folded: FoldedLog, models: Sequence[ReadModel]) -> list[Difference]:
    at = {model.slot: await redis.checkpoints(model) for model in models}
    return [
        Difference("document", slot, f"the checkpoint of shard {shard}", f"{head} or more", str(found))
        for slot, checkpoints in at.items()
        for shard, head in sorted(folded.heads.items())
        if (found := checkpoints.get(shard, 0)) < head
    ]
