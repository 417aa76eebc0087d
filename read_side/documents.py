"""Documents from Redis as the bytes that go out, and what may be said when one is missing."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from read_side import metrics
from read_side.kept import Kept, Limits, Lying
from read_side.line import Line
from read_side.multiplexer import LeftAlone, Multiplexer
from read_side.waiting import Waiting
from read_side.watch import LOG, Board, Watch
from shared.documents.layout import LIVE, claims_key, document_key, lookup_key, shards_key, slot, unpack
from shared.http.problems import Problem, Told
from shared.position import BrokenPosition, Position
from shared.shards import shard_of

KeyOf = Callable[[str], str]  # slot → Redis key

SEEN = "seen:"  # checkpoints of what a search sees (shared/documents/layout.py)
BEHIND = "behind"  # the position asked for has not been reached
PARKED = "parked"  # events of this key wait for an operator


class Found(Struct, frozen=True):
    """A document and, when it is known to be out of date, why."""

    etag: str
    body: bytes
    stale: str | None = None


NOT_READY = Told(
    503, "not_ready", "This read model is being filled; whether the document exists is not known yet."
)
BROKEN_POSITION = Told(400, "broken_position", "The Position token is not one that a command answered.")


def not_ready() -> Problem:
    """503: what isn't there may only not be there yet."""
    return NOT_READY.problem(headers={"Retry-After": "1"}, retryable=True)


def parse_position(token: str | None) -> Position | None:
    """The `Position` header of a query; answers 400 `broken_position`."""
    if token is None:
        return None
    try:
        position = Position.parse(token)
    except BrokenPosition as error:
        raise BROKEN_POSITION.problem(f"{error}.") from error
    if any(shard < 0 or at < 0 for shard, at in position.shards.items()):
        raise BROKEN_POSITION.problem("The Position token names no positions.")
    return position


class Documents:
    """The read models in Redis."""

    def __init__(self, redis: "Redis", watch: Watch, kept: Mapping[str, Limits] | None = None) -> None:
        self._redis = redis
        self._watch = watch
        self._multiplexer = Multiplexer(Line(redis))
        self._waiting = Waiting(redis)
        kept = kept or {}
        self.kept = {model: Kept(redis, self._multiplexer, model, limits) for model, limits in kept.items()}

    @property
    def board(self) -> Board:
        """What was last told about the read models."""
        return self._watch.board

    def slot(self, model: str) -> str:
        """The served version of a model; answers 503 while there is none."""
        version = self.board.live.get(model)
        if version is None:
            raise not_ready()
        return slot(model, version)

    async def find(
        self, model: str, id_: str, key: str | None, position: Position | None = None, *, fresh: bool = True
    ) -> Found | None:
        """A document by its id; None only if it is certain that there is none.

        `key` is its partition key: tells the shard that has to be ready, and whether it is parked. None if the id
        doesn't tell, then all shards count. Not `fresh`: it may be one that was kept, as old as its `Limits` say.
        """
        stale = None if position is None else await self.behind(model, key, position)
        lying = await self._lying(model, document_key(self.slot(model), id_), fresh)
        if lying is None:
            stored = await self._certainly(model, key, lambda slot_: document_key(slot_, id_))
            if stored is None and stale:
                raise not_ready()  # what the position stands for may be the very document
            if stored is None:
                return None
            lying = Lying(stored)
        return Found(lying.etag, lying.body, stale or self.parked(model, key))

    def at_once(self, model: str, id_: str) -> Lying | None:
        """A document that is kept, and of which nothing says that it is out of date; None: ask by `find`."""
        board = self._watch.board
        version, kept = board.live.get(model), self.kept.get(model)
        if version is None or kept is None or model in board.parked:
            return None
        found: Lying | None = kept.at_once(document_key(slot(model, version), id_))
        return found

    async def soon(self, model: str, id_: str) -> Lying | None:
        """The same, read from Redis where it isn't kept; raises what the Redis client raises. None: ask by `find`."""
        board = self._watch.board
        version, kept = board.live.get(model), self.kept.get(model)
        if version is None or kept is None or model in board.parked:
            return None
        return await kept.document(document_key(slot(model, version), id_))

    def named_at_once(self, model: str, field: str, value: str) -> str | None:
        """The id behind another name that is kept; None: ask by `look_up`."""
        version, kept = self.board.live.get(model), self.kept.get(model)
        if version is None or kept is None:
            return None
        found: bytes | None = kept.at_once(lookup_key(slot(model, version), field, value))
        return None if found is None else found.decode()

    async def find_best(
        self, model: str, id_: str, better: list[str], key: str, position: Position | None, *, fresh: bool = True
    ) -> Found | None:
        """A document, or the first of those that go before it where they are there; None if there is none by its id."""
        found = await self.find(model, id_, key, position, fresh=fresh)  # first: it waits for the position
        if found is None or not better:
            return found
        slot_ = self.slot(model)
        lying = await asyncio.gather(*(self._lying(model, document_key(slot_, one), fresh) for one in better))
        best = next((each for each in lying if each is not None), None)
        return found if best is None else Found(best.etag, best.body, found.stale)

    async def find_all(
        self, model: str, ids: list[str], better: Mapping[str, Sequence[str]] | None = None
    ) -> list[Found | None]:
        """Documents by id, or the first of those that are `better` where it is there, in one round trip; answers 503 if
        one is missing while any shard isn't ready."""
        slot_, better = self.slot(model), better or {}
        before = [one for id_ in ids for one in better.get(id_, ())]
        stored = await self._multiplexer.get_many([document_key(slot_, id_) for id_ in (*ids, *before)])
        told = dict(zip(before, stored[len(ids) :], strict=True))
        missing = [index for index, value in enumerate(stored[: len(ids)]) if value is None]
        for index in missing[:1]:  # one certainty about readiness serves for all
            stored[index] = await self._certainly(model, None, lambda slot_: document_key(slot_, ids[missing[0]]))
        found = (
            value and next((told[one] for one in better.get(id_, ()) if told[one] is not None), value)
            for id_, value in zip(ids, stored, strict=False)
        )
        return [None if value is None else Found(*unpack(value)) for value in found]

    async def raw(self, keys: list[str]) -> list[bytes | None]:
        """What lies under these keys, for whoever has its own word for completeness."""
        return await self._multiplexer.get_many(keys)

    async def look_up(self, model: str, field: str, value: str, *, fresh: bool = True) -> str | None:
        """The id behind another name; None only if it is certain that there is none."""
        key, kept = lookup_key(self.slot(model), field, value), self.kept.get(model)
        if kept is None:
            found = await self._multiplexer.get(key)
        else:
            found = await (kept.afresh(key, bytes) if fresh else kept.name(key))
        if found is None:
            found = await self._certainly(model, None, lambda slot_: lookup_key(slot_, field, value))
        return None if found is None else found.decode()

    async def all_named(self, model: str, field: str) -> list[str]:
        """All values of a field that lead to documents of a model with few of them, as far as it is filled. Raises
        `LeftAlone` while Redis is."""
        if self._multiplexer.leaves_alone:
            raise LeftAlone
        found: list[bytes] = await self._redis.hkeys(claims_key(self.slot(model)))  # type: ignore[assignment]
        names = [name.decode() for name in found]
        return sorted(name.removeprefix(f"{field}:") for name in names if name.startswith(f"{field}:"))

    async def _lying(self, model: str, key: str, fresh: bool) -> Lying | None:
        kept = self.kept.get(model)
        if kept is not None:
            return await (kept.afresh(key, Lying) if fresh else kept.document(key))
        stored = await self._multiplexer.get(key)
        return None if stored is None else Lying(stored)

    def parked(self, model: str, key: str | None) -> str | None:
        """`parked` if events of this key wait."""
        waiting = self.board.parked.get(model)
        return PARKED if waiting and key in waiting else None

    async def behind(self, model: str, key: str | None, position: Position, prefix: str = "") -> str | None:
        """Wait, within the bound, until the model has reached a position for the key; `behind` if it has not.

        A position of another epoch belongs to a store that is no more: nothing can be waited for.
        """
        board = self.board
        if position.epoch != board.epoch or not board.shards:
            return BEHIND
        if any(shard >= board.shards for shard in position.shards):
            raise BROKEN_POSITION.problem("The Position token names shards that there are not.")
        shards = position.shards
        if key is not None:
            shard = shard_of(key, board.shards)
            shards = {shard: shards[shard]} if shard in shards else {}
        if not shards:
            return None
        if self._multiplexer.leaves_alone:  # it can't be told, and won't be within the bound
            return BEHIND
        with metrics.POSITION_SECONDS.labels(model).time():
            reached = await self._waiting.reached(self.slot(model), shards, prefix=prefix)
        metrics.POSITION_WAITS.labels(model, "reached" if reached else BEHIND).inc()
        return None if reached else BEHIND

    async def behind_index(self, model: str, position: Position) -> str | None:
        """The same of a model in Elasticsearch, as far as a search sees it; how far that is stands in Redis."""
        try:
            return await self.behind(model, None, position, SEEN)
        except (RedisError, OSError):
            return BEHIND

    async def _certainly(self, model: str, key: str | None, key_of: KeyOf) -> bytes | None:
        """Look again, together with the markers: a shard that became ready after a miss proves nothing about it."""
        slot_ = self.slot(model)
        live, markers, shards, value = await self._with_markers(model, slot_, key_of)
        if live is not None and slot(model, live.decode()) != slot_:  # swapped since the last look: ask the one served
            slot_ = slot(model, live.decode())
            live, markers, shards, value = await self._with_markers(model, slot_, key_of)
        if value is not None:
            return bytes(value)
        if live is None or slot(model, live.decode()) != slot_ or shards is None:
            raise not_ready()  # lost, or swapped twice: the next look knows
        if not _ready(markers, range(int(shards)) if key is None else (shard_of(key, int(shards)),)):
            raise not_ready()
        return None

    async def _with_markers(self, model: str, slot_: str, key_of: KeyOf) -> tuple[Any, ...]:
        """Which version is served, the markers of this one, the number of shards, and a value: all at one moment."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(LIVE, model)
            pipe.hgetall(shards_key(slot_))
            pipe.hget(LOG, "shards")
            pipe.get(key_of(slot_))
            return tuple(await pipe.execute())


def _ready(markers: dict[bytes, bytes], shards: Iterable[int]) -> bool:
    return all(markers.get(b"ready:%d" % shard) == b"1" for shard in shards)
