"""Read models = fold of the log: every document, state and name in Redis and Elasticsearch against the log itself.

A shop at work is no obstacle: a state that has moved on since the log was read is folded up to where it stands, and
what still looks wrong is looked at again while the log moves on.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import asyncpg
import msgspec

from doorbuster.invariants.folding import FoldedLog, Parked, fold_further, fold_log, fold_on
from doorbuster.invariants.sinks import ElasticsearchView, Hit, Kept, Lying, RedisView, Stores, connect, in_chunks
from projector.keyring import Keyring
from projector.log import EventLog, open_pool
from projector.model import REDIS, Folded, ReadModel, Rendered, encode
from projector.read_models.all import READ_MODELS
from projector.versions import Versions
from shared.documents.layout import pack, unpack
from write_side import event_log
from write_side.database import Connection
from write_side.differences import MISSING, Difference, brief, differing

PATIENCE = 30.0  # seconds that the projector may be behind
LOOKS = 3
POSITION, STATE, DOCUMENT = "the position it stands at", "state", "document"  # fields of a difference
NAMES = (LEADS_TO, CLAIM) = "it", "its claim"  # of a name


class Damaged(Difference, frozen=True):
    """A document, state or name that is not as the log says: of which model, of which id, of whose key.

    Without a key it is a stranger: nothing of the log makes it.
    """

    model: str = ""
    id: str = ""
    key: str = ""


class Shop(NamedTuple):
    """All that is compared."""

    models: Sequence[ReadModel]
    parked: Parked
    conn: Connection
    log: EventLog
    keyring: Keyring
    redis: RedisView
    elasticsearch: ElasticsearchView


async def differences(
    stores: Stores,
    patience: float = PATIENCE,
    keys: Sequence[str] | None = None,
    models: Sequence[ReadModel] | None = None,
    parked: Parked | None = None,
    beforehand: FoldedLog | None = None,
) -> list[Difference]:
    """What differs, in all there is or in the documents of some partition keys; empty when all is well.

    Compared are the versions that are served, unless others are named; events of `parked` keys are known to wait.
    A fold of these models that was begun `beforehand` is gone on with in the first look; the others fold anew.
    A difference must come up in every look to count.
    """
    async with AsyncExitStack() as opened:
        shop = await _open(stores, opened, models, parked or {})
        found, until = await _look(shop, patience, keys, beforehand)
        for _ in range(LOOKS - 1):
            if not found or until == await _last_position(shop.conn):
                break
            again, until = await _look(shop, patience, keys)
            found = [difference for difference in found if difference in again]
    return found


async def _open(
    stores: Stores, opened: AsyncExitStack, models: Sequence[ReadModel] | None, parked: Parked
) -> Shop:
    conn = await asyncpg.connect(stores.database_url)  # without the application's limits: this reads the whole log
    opened.push_async_callback(conn.close)
    pool = await opened.enter_async_context(await open_pool(stores.database_url, 1, "verify"))
    keyring = Keyring(stores.keyring_url, bytes.fromhex(stores.master_key))
    opened.push_async_callback(keyring.close)
    redis, elasticsearch = connect(stores)
    opened.push_async_callback(redis.aclose)
    opened.push_async_callback(elasticsearch.close)
    return Shop(
        models or await Versions(pool).served_of(READ_MODELS), parked,
        conn, EventLog(pool), keyring, RedisView(redis), ElasticsearchView(elasticsearch, stores.index_prefix),
    )  # fmt: skip


async def _last_position(conn: Connection) -> int:
    return int(await conn.fetchval("SELECT coalesce(max(position), 0) FROM event_log"))


async def _look(
    shop: Shop, patience: float, keys: Sequence[str] | None, beforehand: FoldedLog | None = None
) -> tuple[list[Difference], int]:
    """One comparison of everything, and up to where the log was read for it."""
    deadline = time.monotonic() + patience
    unread = await _waited(lambda: _unread(shop.conn), deadline)
    if beforehand is None:
        folded = await fold_log(shop.conn, shop.models, keys, shop.parked)
    else:
        folded = await fold_on(shop.conn, beforehand, shop.models, shop.parked)
    found = [*unread, *folded.poison, *await _waited(lambda: _late(shop.redis, folded, shop.models), deadline)]
    for model in shop.models:
        found += await _Comparison(shop, folded, model, whole=keys is None).run()
    return found, folded.until


async def _waited(ask: Callable[[], Awaitable[list[Difference]]], deadline: float) -> list[Difference]:
    """What is still behind at the deadline, or nothing as soon as nothing is."""
    while (behind := await ask()) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    return behind


async def _unread(conn: Connection) -> list[Difference]:
    """Whether the relay has read what is in the log."""
    safe, last = await event_log.safe_position(conn), await _last_position(conn)
    return [Difference("document", "the relay", "its safe position", str(last), str(safe))] if safe < last else []


async def _late(redis: RedisView, folded: FoldedLog, models: Sequence[ReadModel]) -> list[Difference]:
    at = {model.slot: await redis.checkpoints(model) for model in models}
    return [
        Difference("document", slot, f"the checkpoint of shard {shard}", f"{head} or more", str(found))
        for slot, checkpoints in at.items()
        for shard, head in sorted(folded.heads.items())
        if (found := checkpoints.get(shard, 0)) < head
    ]


class _Comparison:
    """One read model against its fold."""

    def __init__(self, shop: Shop, folded: FoldedLog, model: ReadModel, *, whole: bool) -> None:
        self._shop, self._model, self._until = shop, model, folded.until
        self._states, self._keys = folded.models[model.slot]
        self._skipped = folded.skipped[model.slot]
        self._whole = whole  # else what lies there beside these states is none of our business
        self._owners: dict[tuple[str, str], set[str]] = defaultdict(set)  # name → who shows it
        self._documents: set[str] = set()

    async def run(self) -> list[Difference]:
        """The differences of this model."""
        return await (self._redis() if self._model.sink == REDIS else self._elasticsearch())

    async def _redis(self) -> list[Difference]:
        found: list[Difference] = []
        for ids in in_chunks(sorted(self._states)):
            # At once, so that one by one they are at hand.
            await self._shop.keyring.fetch({p for id_ in ids for p in self._model.persons(self._states[id_])})
            shown = {id_: await self._shown(id_, self._states[id_]) for id_ in ids}
            lying = await self._shop.redis.read(self._model, {id_: each.documents for id_, each in shown.items()})
            for id_ in ids:
                if self._is_in_redis(self._states[id_], shown[id_], lying[id_]):
                    self._note(shown[id_])
                else:
                    found += await self._compare(id_, lying[id_].lying(), shown[id_], packed=True)
        if not self._whole and not self._model.named:
            return found
        there = await self._shop.redis.everything(self._model)
        if self._whole:
            found += [self._stranger(id_, DOCUMENT) for id_ in sorted(there.documents - self._documents)]
            found += [self._stranger(id_, STATE) for id_ in sorted(there.states - self._states.keys())]
        return found + (await self._names(there.names) if self._model.named else [])

    @staticmethod
    def _is_in_redis(state: Folded, shown: Rendered, kept: Kept) -> bool:
        """Byte for byte; what isn't is looked at closely."""
        packed = {id_: pack(body) for id_, body in shown.documents.items() if body is not None}
        return kept.state == encode(state) and kept.documents == packed

    @staticmethod
    def _is_in_elasticsearch(id_: str, state: Folded, shown: Rendered, hit: Hit) -> bool:
        """The same: a document that ends with the state it was made from."""
        body = shown.documents.get(id_)
        whole = body and body[:-1] + b',"fold":' + encode(state) + b"}"
        return hit.version == state.position and bytes(hit.source) == whole

    async def _elasticsearch(self) -> list[Difference]:
        lying = await self._shop.elasticsearch.read(self._model, None if self._whole else sorted(self._states))
        if lying is None:
            return [self._difference("", "its index", "there", MISSING)] if self._states else []
        found: list[Difference] = []
        for id_ in sorted(self._states):
            shown = await self._shown(id_, self._states[id_])
            hit = lying.get(id_)
            if hit is not None and self._is_in_elasticsearch(id_, self._states[id_], shown, hit):
                self._note(shown)
            elif shown.documents or hit is not None:  # a state that shows nothing lies nowhere
                found += await self._compare(id_, hit.lying() if hit else Lying(0, None, {}), shown, packed=False)
        strangers = [id_ for id_, hit in lying.items() if id_ not in self._states and hit.version <= self._until]
        return found + [self._stranger(id_, DOCUMENT) for id_ in sorted(strangers)]

    def _difference(self, id_: str, field: str, expected: str, found: str) -> Damaged:
        where = f"{self._model.slot} {id_}".rstrip()
        return Damaged("document", where, field, expected, found, None, self._model.slot, id_, self._keys.get(id_, ""))

    def _stranger(self, id_: str, what: str) -> Damaged:
        return self._difference(id_, what, "known to the log", "a stranger")

    async def _compare(self, id_: str, lying: Lying, shown: Rendered, *, packed: bool) -> list[Difference]:
        state = self._states[id_]
        if owed := await self._owed(id_, lying):
            state, shown = owed, await self._shown(id_, owed)
        elif lying.position < state.position:
            self._note(shown)
            if lying.state is not None and not lying.position:
                return [self._difference(id_, STATE, brief(encode(state).decode()), brief(lying.state))]
            return [self._difference(id_, POSITION, str(state.position), str(lying.position or MISSING))]
        elif lying.position > state.position:  # events came since the log was read
            state, shown = await self._moved(id_, lying.position)
        self._note(shown)
        found: list[Difference] = []
        if lying.position != state.position and self._model.sink != REDIS:  # there it is part of the state
            found.append(self._difference(id_, POSITION, str(state.position), str(lying.position)))
        pairs = differing(msgspec.json.decode(encode(state)), lying.state, STATE)
        found += [self._difference(id_, *each) for each in pairs]
        for name, body in shown.documents.items():
            found += self._document(id_, name, body, lying.documents.get(name), packed=packed)
        return found

    def _document(self, id_: str, name: str, body: bytes | None, lying: Any, *, packed: bool) -> list[Difference]:
        """One document, field by field; in Redis with its ETag."""
        field = f"document {name!r}"
        if body is None or lying is None:
            expected, found = (MISSING if each is None else brief(each) for each in (body and body.decode(), lying))
            return [] if body is None and lying is None else [self._difference(id_, field, expected, found)]
        want = msgspec.json.decode(body)
        if packed:
            if lying == pack(body):
                return []
            etag, lying = unpack(lying)
            try:
                lying = msgspec.json.decode(lying)
            except msgspec.DecodeError:
                return [self._difference(id_, field, brief(body.decode()), brief(repr(lying)))]
        pairs = list(differing(want, lying, field))
        if packed and not pairs:
            pairs = [(f"{field} ETag", unpack(pack(body)).etag, etag)]
        return [self._difference(id_, *each) for each in pairs]

    def _note(self, shown: Rendered) -> None:
        """Remember what may lie there, for the search of strangers."""
        self._documents |= {name for name, body in shown.documents.items() if body is not None}

    async def _owed(self, id_: str, lying: Lying) -> Folded | None:
        """The older state that stands in Elasticsearch, if it looks like the newest: it may (`projector.owed`)."""
        newest = self._states[id_]
        if self._model.sink == REDIS or not 0 < lying.position < newest.position:
            return None
        history = self._shop.log.history(self._keys[id_], lying.position, self._model.contexts)
        state = fold_further(self._model, id_, None, [recorded async for recorded in history], self._skipped)
        return state if state is not None and self._model.alike(state, newest) else None

    async def _moved(self, id_: str, position: int) -> tuple[Folded, Rendered]:
        """State and documents at a later position."""
        history = self._shop.log.history(self._keys[id_], position, self._model.contexts)
        later = [recorded async for recorded in history if recorded.position > self._states[id_].position]
        state = fold_further(self._model, id_, self._states[id_], later, self._skipped)
        assert state is not None
        return state, await self._shown(id_, state)

    async def _shown(self, id_: str, state: Folded) -> Rendered:
        keys = await self._shop.keyring.fetch(self._model.persons(state))
        shown = self._model.render(id_, state, keys)
        for name in shown.lookups:
            self._owners[name].add(id_)
        return shown

    async def _names(self, there: Mapping[tuple[str, str], str]) -> list[Difference]:
        claims, last = await self._shop.redis.claims(self._model), await _last_position(self._shop.conn)
        found: list[Difference] = []
        for name in sorted(self._owners.keys() | there.keys() | claims.keys() if self._whole else self._owners.keys()):
            owners = self._owners.get(name, set())
            if there.get(name) in owners and 0 < claims.get(name, 0) <= last:
                continue
            owner = min(owners, default="")
            told = " or ".join(sorted(owners)) or "nobody's"
            if (name in there or bool(owners)) and there.get(name) not in owners:
                found.append(self._name(owner, name, LEADS_TO, told, there.get(name) or MISSING))
            if (name in claims) != (name in there) or claims.get(name, 0) > last:
                told = f"within the log, up to {last}" if name in there else MISSING
                found.append(self._name(owner, name, CLAIM, told, str(claims.get(name, MISSING))))
        return found

    def _name(self, owner: str, name: tuple[str, str], what: str, expected: str, found: str) -> Damaged:
        field, value = name
        where = f"{self._model.slot} {field} {value!r}"
        return Damaged(
            "document", where, what, expected, found, None, self._model.slot, f"{field}:{value}",
            self._keys.get(owner, ""),
        )  # fmt: skip
