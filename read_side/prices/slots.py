"""Which field prices are filtered, sorted and counted by now: the pointer as last seen, turned by the clock."""

import contextlib
import time
from datetime import UTC, datetime

import msgspec
from redis.exceptions import RedisError

from read_side.documents import Documents
from shared.documents.price_slots import KEY, NO_SLOTS, Counting, PriceSlots, counting
from shared.http.problems import Problem

KEPT_SECONDS = 1.0  # what is to come is told minutes before; so long a search may not know that prices are changing

_told = msgspec.json.Decoder(PriceSlots)


class SlotShelf:
    """Asks at most once a second; while nobody can be asked what was said last goes on."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._last = NO_SLOTS
        self._until = 0.0

    async def counting(self, channel: str) -> Counting:
        """The field for who buys there, and since when it should be another one, or of which channel it is instead."""
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + KEPT_SECONDS  # before the question: whoever comes meanwhile need not ask
            with contextlib.suppress(Problem, RedisError, OSError):
                [found] = await self._documents.raw([KEY])
                self._last = NO_SLOTS if found is None else _told.decode(found)
        return counting(self._last, datetime.now(UTC), channel)
