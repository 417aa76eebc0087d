"""Read models = fold of the log: every document, state and name in Redis and Elasticsearch against the log itself.

A shop at work is no obstacle: a state that has moved on since the log was read is folded up to where it stands, and
what still looks wrong is looked at again while the log moves on.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import asyncpg
import msgspec

from doorbuster.invariants.folding import FoldedLog, fold_further, fold_log
from doorbuster.invariants.sinks import ElasticsearchView, Lying, RedisView, Stores, connect, in_chunks
from projector.keyring import Keyring
from projector.log import EventLog, open_pool
from projector.model import REDIS, Folded, ReadModel, Rendered, encode
from projector.read_models.all import READ_MODELS
from shared.documents.layout import pack
from write_side import event_log
from write_side.database import Connection

PATIENCE = 30.0  # seconds that the projector may be behind
LOOKS = 3


class Shop(NamedTuple):
    """All that is compared."""

    conn: Connection
    log: EventLog
    keyring: Keyring
    redis: RedisView
    elasticsearch: ElasticsearchView


async def differences(stores: Stores, patience: float = PATIENCE) -> list[str]:
    """What differs, one line each; empty when all is well. A line must come up in every look to count."""
    async with AsyncExitStack() as opened:
        shop = await _open(stores, opened)
        found, until = await _look(shop, patience)
        for _ in range(LOOKS - 1):
            if not found or until == await _last_position(shop.conn):
                break
            again, until = await _look(shop, patience)
            found = [line for line in found if line in again]
    return found


async def _open(stores: Stores, opened: AsyncExitStack) -> Shop:
    conn = await asyncpg.connect(stores.database_url)  # without the application's limits: this reads the whole log
    opened.push_async_callback(conn.close)
    pool = await opened.enter_async_context(await open_pool(stores.database_url, 1, "verify"))
    keyring = Keyring(stores.keyring_url, bytes.fromhex(stores.master_key))
    opened.push_async_callback(keyring.close)
    redis, elasticsearch = connect(stores)
    opened.push_async_callback(redis.aclose)
    opened.push_async_callback(elasticsearch.close)
    return Shop(
        conn, EventLog(pool), keyring, RedisView(redis), ElasticsearchView(elasticsearch, stores.index_prefix)
    )


async def _last_position(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT coalesce(max(position), 0) FROM event_log"))


async def _look(shop: Shop, patience: float) -> tuple[list[str], int]:
    """One comparison of everything, and up to where the log was read for it."""
    deadline = time.monotonic() + patience
    unread = await _waited(lambda: _unread(shop.conn), deadline)
    folded = await fold_log(shop.conn, READ_MODELS)
    found = [*unread, *folded.poison, *await _waited(lambda: _late(shop.redis, folded), deadline)]
    for model in READ_MODELS:
        found += await _Comparison(shop, folded, model).run()
    return found, folded.until


async def _waited(ask: Callable[[], Awaitable[list[str]]], deadline: float) -> list[str]:
    """What is still behind at the deadline, or nothing as soon as nothing is."""
    while (behind := await ask()) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return behind


async def _unread(conn: Connection) -> list[str]:
    """Whether the relay has read what is in the log."""
    safe, last = await event_log.safe_position(conn), await _last_position(conn)
    return [f"the relay has read up to {safe}, the log goes to {last}"] if safe < last else []


async def _late(redis: RedisView, folded: FoldedLog) -> list[str]:
    at = {model.slot: await redis.checkpoints(model) for model in READ_MODELS}
    return [
        f"{slot}: shard {shard} has not reached position {head}"
        for slot, checkpoints in at.items()
        for shard, head in sorted(folded.heads.items())
        if checkpoints.get(shard, 0) < head
    ]


class _Comparison:
    """One read model against its fold."""

    def __init__(self, shop: Shop, folded: FoldedLog, model: ReadModel) -> None:
        self._shop, self._model, self._until = shop, model, folded.until
        self._states, self._keys = folded.models[model.slot]
        self._owners: dict[tuple[str, str], set[str]] = defaultdict(set)  # name → who shows it
        self._documents: set[str] = set()

    async def run(self) -> list[str]:
        """The differences, each begins with the read model and the id."""
        found = await (self._redis() if self._model.sink == REDIS else self._elasticsearch())
        return [f"{self._model.slot} {line}" for line in found]

    async def _redis(self) -> list[str]:
        found: list[str] = []
        for ids in in_chunks(sorted(self._states)):
            # At once, so that one by one they are at hand.
            await self._shop.keyring.fetch({p for id_ in ids for p in self._model.persons(self._states[id_])})
            shown = {id_: await self._shown(id_, self._states[id_]) for id_ in ids}
            lying = await self._shop.redis.read(self._model, {id_: each.documents for id_, each in shown.items()})
            for id_ in ids:
                found += await self._compare(id_, lying[id_], shown[id_], packed=True)
        there = await self._shop.redis.documents(self._model)
        found += [f"{id_}: a document that the log knows nothing of" for id_ in sorted(there - self._documents)]
        return found + await self._names()

    async def _elasticsearch(self) -> list[str]:
        lying = await self._shop.elasticsearch.read(self._model)
        if lying is None:
            return ["has no index"] if self._states else []
        found: list[str] = []
        for id_ in sorted(self._states):
            shown = await self._shown(id_, self._states[id_])
            if shown.documents or id_ in lying:  # a state that shows nothing lies nowhere
                found += await self._compare(id_, lying.get(id_, Lying(0, None, {})), shown, packed=False)
        strangers = [id_ for id_, each in lying.items() if id_ not in self._states and each.position <= self._until]
        return found + [f"{id_}: a document that the log knows nothing of" for id_ in sorted(strangers)]

    async def _compare(self, id_: str, lying: Lying, shown: Rendered, *, packed: bool) -> list[str]:
        state = self._states[id_]
        if owed := await self._owed(id_, lying):
            state, shown = owed, await self._shown(id_, owed)
        elif lying.position < state.position:
            stands = f"stands at {lying.position}" if lying.position else "is missing"
            return [*self._note(shown, []), f"{id_}: {stands}, its last event is {state.position}"]
        elif lying.position > state.position:  # events came since the log was read
            state, shown = await self._moved(id_, lying.position)
        found = [] if lying.state == msgspec.json.decode(encode(state)) else [f"{id_}: its state is not the fold"]
        for name, body in shown.documents.items():
            want = None if body is None else pack(body) if packed else msgspec.json.decode(body)
            if lying.documents.get(name) != want:
                found.append(f"{id_}: document {name!r} is {_brief(lying.documents.get(name))}, not {_brief(want)}")
        return self._note(shown, found)

    def _note(self, shown: Rendered, found: list[str]) -> list[str]:
        """Remember what may lie there, for the search of strangers."""
        self._documents |= {name for name, body in shown.documents.items() if body is not None}
        return found

    async def _owed(self, id_: str, lying: Lying) -> Folded | None:
        """The older state that stands in Elasticsearch, if it looks like the newest: it may (`projector.owed`)."""
        newest = self._states[id_]
        if self._model.sink == REDIS or not 0 < lying.position < newest.position:
            return None
        history = self._shop.log.history(self._keys[id_], lying.position, self._model.contexts)
        state = fold_further(self._model, id_, None, [recorded async for recorded in history])
        return state if state is not None and self._model.alike(state, newest) else None

    async def _moved(self, id_: str, position: int) -> tuple[Folded, Rendered]:
        """State and documents at a later position."""
        history = self._shop.log.history(self._keys[id_], position, self._model.contexts)
        later = [recorded async for recorded in history if recorded.position > self._states[id_].position]
        state = fold_further(self._model, id_, self._states[id_], later)
        assert state is not None
        return state, await self._shown(id_, state)

    async def _shown(self, id_: str, state: Folded) -> Rendered:
        keys = await self._shop.keyring.fetch(self._model.persons(state))
        shown = self._model.render(id_, state, keys)
        for name in shown.lookups:
            self._owners[name].add(id_)
        return shown

    async def _names(self) -> list[str]:
        if not self._model.named:
            return []
        there = await self._shop.redis.names(self._model)
        return [
            f"{field} {value!r}: leads to {there.get((field, value))}, shown by {sorted(owners) or 'nobody'}"
            for field, value in sorted(self._owners.keys() | there.keys())
            for owners in [self._owners.get((field, value), set())]
            if there.get((field, value)) not in owners
        ]


def _brief(value: Any) -> str:
    return "missing" if value is None else repr(value)[:200]
