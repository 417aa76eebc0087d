"""Looks what is in force and what is to come, has it filled into slots, and tells queries which one counts when."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from elasticsearch import ApiError, BadRequestError, TransportError
from msgspec import structs
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.bulk import Busy, NotThere
from projector.elasticsearch_sink import Index
from projector.model import Folded, ReadModel
from projector.price_slots import turns
from projector.price_slots.filling import Filling, Lacking
from projector.price_slots.held import Held
from projector.price_slots.regimes import EVERYTHING, NOBODY
from projector.price_slots.shown import Pricing
from projector.price_slots.turns import Said
from projector.read_models.product import Product
from shared.cancellation import stop_if_cancelled
from shared.documents.layout import claims_key, document_key, shards_key, slot, unpack
from shared.documents.price_slots import KEY
from shared.documents.prices import ANY, LISTS, ShownPriceList
from shared.documents.products import SEARCH
from shared.documents.promotions import ON_PAGES, PROMOTIONS, ShownPromotion, told

log = logging.getLogger(__name__)

HELD = f"{KEY}:held"  # beside what queries are told: what the slots hold, for the next owner
LOOK_SECONDS = 0.5
FILL_SECONDS = 0.5
LATE = timedelta(seconds=60)  # by then no document arrives any more that was made for what a slot was for before

_promotion = msgspec.json.Decoder(ShownPromotion)
_list = msgspec.json.Decoder(ShownPriceList)
_held = msgspec.json.Decoder(Held)

_DOWN = (RedisError, ApiError, TransportError, OSError, NotThere, Busy)


class _Steady(NamedTuple):
    """Of what was said nothing followed that is not held, nor does until then: of hundreds of announced lists that is
    dear to find out, twice a second."""

    said: Said | None = None
    held: Held | None = None
    until: datetime = datetime.min.replace(tzinfo=UTC)

    def lasts(self, said: Said, held: Held, now: datetime) -> bool:
        """Whether that is so of these still."""
        return held is self.held and now < self.until and said == self.said


class Pricer:
    """What the slots are for, made true. One process does this, the owner of the documents: none is written without
    what it says."""

    def __init__(self, redis: "Redis", store: str, shards: int, served: Callable[[str], str | None]) -> None:
        self._redis, self._store, self._shards, self._served = redis, store, shards, served
        self._held: Held | None = None  # not known yet
        self._steady = _Steady()
        self._without_slot: list[str] = []
        self._refused = ""
        self._changing = asyncio.Lock()
        self.pricing = Pricing()

    def beside(self, model: ReadModel, state: Folded) -> bytes:
        """What a document has behind all else."""
        if model.name != SEARCH or not isinstance(state, Product):
            return b""
        return self.pricing.beside(state, datetime.now(UTC))

    async def keep_looking(self) -> None:
        """Until cancelled."""
        while True:
            stop_if_cancelled()
            try:
                await self.look(datetime.now(UTC))
            except _DOWN as error:
                log.debug("prices can't be looked at", extra={"fields": {"error": type(error).__name__}})
            await asyncio.sleep(LOOK_SECONDS)

    async def keep_filling(self, filling: Filling, indices: Callable[[], Sequence[Index]]) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(FILL_SECONDS)
            stop_if_cancelled()
            try:
                await self.fill(filling, indices(), datetime.now(UTC))
                self._refused = ""
            except BadRequestError as error:  # a fault of ours, which is no better in a moment
                self._tell_refused(str(error))
            except _DOWN as error:
                log.warning("slots can't be filled", extra={"fields": {"error": type(error).__name__}})

    async def look(self, now: datetime) -> None:
        """Read what is said, decide what the slots are for, tell it."""
        if self._held is None:
            self._held = await self._held_before()
            self.pricing = Pricing(self._held.contents)
        said = await self._said()
        if said is None:
            return
        async with self._changing:
            held = self._held
            if not self._steady.lasts(said, held, now):
                held = held.after(said, now)
                if held == self._held:
                    held, self._steady = self._held, _Steady(said, self._held, turns.next_moment(said, now))
            self._tell_of(held.without_slot(now))
            await self._hold(held)

    def _tell_of(self, without_slot: list[str]) -> None:
        if without_slot and without_slot != self._without_slot:
            log.warning("channels have no slot for their prices", extra={"fields": {"channels": without_slot}})
        self._without_slot = without_slot

    def _tell_refused(self, why: str) -> None:
        if why != self._refused:
            log.error("Elasticsearch refuses to fill slots", extra={"fields": {"why": why}})
        self._refused = why

    async def fill(self, filling: Filling, indices: Sequence[Index], now: datetime) -> None:
        """Give every document what the slots are for, of the index that is searched (the first) first, and of what is
        in force first; where all have it, say so. After anything was written the next call looks at all again."""
        held = self._held
        if held is None:
            return
        for index in indices:
            asked = _asked(held, index, now)
            if asked:
                await filling.show(index.name)
            for lacking in asked:
                if await filling.count(lacking):
                    written = await filling.fill(lacking)
                    log.info("filled", extra={"fields": {"index": index.name, "documents": written}})
                    return
                if index.served and not lacking.content.filled:
                    await self._note(held, held.known, {lacking.slot}, filled=True)
        await self._settle(held, indices, now)

    async def is_filled(self, filling: Filling, index: Index) -> bool:
        """Whether all documents there have what is in force or to come."""
        if self._held is None:
            return False
        await filling.show(index.name)
        return not any([await filling.count(each) for each in _asked(self._held, index, datetime.now(UTC))])

    async def _settle(self, held: Held, indices: Sequence[Index], now: datetime) -> None:
        """Nothing lacked anything: what slots were for before is nowhere any more, nor will it come."""
        asked = [{lacking.slot for lacking in _asked(held, index, now)} for index in indices]
        everywhere = set.intersection(*asked) if asked else set()
        late = (now - LATE).timestamp() * 1000
        settled = {name for name in everywhere if held.contents[name].number < late}
        if everywhere:
            await self._note(held, frozenset(index.life for index in indices), settled, lacking=NOBODY)

    async def _note(self, seen: Held, known: frozenset[str], slots: Iterable[str], **found: Any) -> None:
        """What was found out of these slots and indices, unless slots are for something else than was seen then."""
        async with self._changing:
            held = self._held
            if held is not None and _numbers(held) == _numbers(seen):
                noted = {name: structs.replace(held.contents[name], **found) for name in slots}
                await self._hold(structs.replace(held, contents={**held.contents, **noted}, known=known))

    async def _hold(self, held: Held) -> None:
        """Written down before any document is written by it: the next owner has to know what lies there."""
        before = self._held
        written = {KEY: msgspec.json.encode(held.told)}
        if before != held:
            written[HELD] = msgspec.json.encode(held)
        await self._redis.mset(written)
        if before is None or _numbers(before) != _numbers(held):
            self.pricing = Pricing(held.contents)
        self._held = held

    async def _held_before(self) -> Held:
        """What an owner before us held, to go on with."""
        found = await self._redis.get(HELD)
        held = Held(self._store) if found is None else _held.decode(found)
        return held if held.store == self._store else Held(self._store)

    async def _said(self) -> Said | None:
        """None while it isn't known."""
        now = datetime.now(UTC)
        promotions = await self._all(PROMOTIONS, ON_PAGES, lambda names: told(names, now))
        lists = await self._all(LISTS, ANY, sorted)
        if promotions is None or lists is None:
            return None
        return Said([_promotion.decode(body) for body in promotions], [_list.decode(body) for body in lists])

    async def _all(self, model: str, name: str, ids_of: Callable[[Iterable[str]], list[str]]) -> list[bytes] | None:
        """All documents of a small read model that matter; None while it is being filled."""
        version = self._served(model)
        if version is None:
            return None
        slot_ = slot(model, version)
        ready = await self._redis.hmget(shards_key(slot_), [f"ready:{shard}" for shard in range(self._shards)])
        if not all(ready):
            return None
        names: list[bytes] = await self._redis.hkeys(claims_key(slot_))  # type: ignore[assignment]
        ids = ids_of(each.decode().removeprefix(f"{name}:") for each in names)
        found: list[bytes | None] = []
        if ids:
            found = await self._redis.mget([document_key(slot_, id_) for id_ in ids])  # type: ignore[assignment]
        return [unpack(stored).body for stored in found if stored is not None]


async def lacking_in(redis: "Redis", filling: Filling, index: Index, now: datetime) -> int:
    """How many prices documents there lack of what is in force or to come, by what the owner has written down: for
    who waits until there are none. A document that lacks several counts for each."""
    found = await redis.get(HELD)
    asked = [] if found is None else _asked(_held.decode(found), index, now)
    if asked:
        await filling.show(index.name)
    return sum([await filling.count(each) for each in asked])


def _asked(held: Held, index: Index, now: datetime) -> list[Lacking]:
    """What has to be true of an index: of one that nobody knows, of all slots, whatever they were for."""
    needed = turns.slots_of(held.contents, held.needed(now))
    if not needed:
        return []
    if index.life in held.known:
        return [Lacking(index.name, name, held.contents[name], held.contents[name].lacking) for name in needed]
    names = dict.fromkeys([*needed, *held.contents])
    return [Lacking(index.name, name, held.contents[name], EVERYTHING) for name in names]


def _numbers(held: Held) -> Mapping[str, int]:
    return {name: content.number for name, content in held.contents.items()}
