"""Looks what is in force and what is to come, has it filled into slots, and tells queries which one counts when."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from elasticsearch import ApiError, TransportError
from msgspec import structs
from redis.asyncio import Redis
from redis.exceptions import RedisError

from projector.bulk import Busy, NotThere
from projector.model import Folded, ReadModel
from projector.price_slots import turns
from projector.price_slots.filling import Filling
from projector.price_slots.shown import Pricing
from projector.price_slots.turns import Said
from projector.read_models.product import Product
from shared.cancellation import stop_if_cancelled
from shared.documents.layout import claims_key, document_key, shards_key, slot, unpack
from shared.documents.price_slots import KEY, NO_SLOTS, PriceSlots, mark_of
from shared.documents.prices import ANY, LISTS, ShownPriceList
from shared.documents.products import SEARCH
from shared.documents.promotions import ON_PAGES, PROMOTIONS, ShownPromotion

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
FILL_SECONDS = 0.5

_promotion = msgspec.json.Decoder(ShownPromotion)
_list = msgspec.json.Decoder(ShownPriceList)
_told = msgspec.json.Decoder(PriceSlots)

_DOWN = (RedisError, ApiError, TransportError, OSError, NotThere, Busy)


class Pricer:
    """What the slots are for, made true. One process does this, the owner of the documents: none is written without
    what it says."""

    def __init__(self, redis: "Redis", store: str, shards: int, served: Callable[[str], str | None]) -> None:
        self._redis, self._store, self._shards, self._served = redis, store, shards, served
        self._adopted: PriceSlots | None = None  # what an owner before us told, until we know what is said
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

    async def keep_filling(self, filling: Filling, indices: Callable[[], Sequence[str]]) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(FILL_SECONDS)
            stop_if_cancelled()
            try:
                await self.fill(filling, indices())
            except _DOWN as error:
                log.warning("slots can't be filled", extra={"fields": {"error": type(error).__name__}})

    async def look(self, now: datetime) -> None:
        """Read what is said, decide what the slots are for, tell it."""
        if self._adopted is None:
            self._adopted = await self._told_before()
        said = await self._said()
        if said is None:
            return
        # At once with what is said: a document written in between would hold no promotions, and say that it does.
        told = self._adopted if self.pricing.told is NO_SLOTS else self.pricing.told
        coming = turns.turns(said, told.turns, now)
        slots = turns.assigned(told.slots, turns.without_past(coming, told.slots, now), now)
        self.pricing = Pricing(PriceSlots(self._store, slots, turns.without_past(coming, slots, now)), said)
        await self._tell()

    async def fill(self, filling: Filling, indices: Sequence[str]) -> None:
        """Give every document what the slots are for; where all have it, say so."""
        marks = self.pricing.marks
        if not marks or not indices:
            return
        lacking = [index for index in indices if await filling.lack(index, marks)]
        for index in lacking:
            written = await filling.fill(index, marks)
            log.info("filled", extra={"fields": {"index": index, "documents": written}})
        if not lacking:
            await self._note_filled(marks)

    async def _note_filled(self, marks: Sequence[str]) -> None:
        told = self.pricing.told
        slots = {
            name: structs.replace(each, filled=each.filled or mark_of(name, each) in marks)
            for name, each in told.slots.items()
        }
        if slots != told.slots:
            self.pricing = structs.replace(self.pricing, told=structs.replace(told, slots=slots))
            await self._tell()

    async def _tell(self) -> None:
        await self._redis.set(KEY, msgspec.json.encode(self.pricing.told))

    async def _told_before(self) -> PriceSlots:
        """What an owner before us told, to go on with."""
        found = await self._redis.get(KEY)
        told = NO_SLOTS if found is None else _told.decode(found)
        return told if told.store == self._store else NO_SLOTS

    async def _said(self) -> Said | None:
        """None while it isn't known."""
        promotions, lists = await self._all(PROMOTIONS, ON_PAGES), await self._all(LISTS, ANY)
        if promotions is None or lists is None:
            return None
        return Said([_promotion.decode(body) for body in promotions], [_list.decode(body) for body in lists])

    async def _all(self, model: str, field: str) -> list[bytes] | None:
        """All documents of a small read model; None while it is being filled."""
        version = self._served(model)
        if version is None:
            return None
        slot_ = slot(model, version)
        ready = await self._redis.hmget(shards_key(slot_), [f"ready:{shard}" for shard in range(self._shards)])
        if not all(ready):
            return None
        names: list[bytes] = await self._redis.hkeys(claims_key(slot_))  # type: ignore[assignment]
        ids = sorted(name.decode().removeprefix(f"{field}:") for name in names)
        found: list[bytes | None] = []
        if ids:
            found = await self._redis.mget([document_key(slot_, id_) for id_ in ids])  # type: ignore[assignment]
        return [unpack(stored).body for stored in found if stored is not None]
