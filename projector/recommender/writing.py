"""Into Redis: what has changed, and all of it where Redis has lost it or holds another store's."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from projector.recommender.baskets import Log
from projector.recommender.together import Together
from shared.documents.recommendations import MADE, SLOT, Made, Near, near_key, popular_key

AT_ONCE = 200  # keys of one round trip


class Writer:
    """Writes what the counts say; whoever reads sees the old until the new is there."""

    def __init__(self, redis: "Redis", store: str) -> None:
        self._redis, self._store = redis, store

    async def is_whole(self) -> bool:
        """Whether what lies there is this store's, and complete."""
        found = await self._redis.get(MADE)
        return found is not None and msgspec.json.decode(found, type=Made).store == self._store

    async def write(self, together: Together, log: Log, products: Collection[UUID], now: datetime) -> None:
        """The neighbours of these products, and what is popular."""
        await self._put((near_key(each), Near(log.category_of(each), together.neighbours(each))) for each in products)
        popular = dict(together.popular(log.categories()))
        await self._put((popular_key(shelf), found) for shelf, found in popular.items())
        # What was popular in a category may have moved to another one since, whoever wrote it, and when.
        await self._drop([popular_key(each) for each in log.shelves() if each not in popular])
        await self._redis.set(MADE, msgspec.json.encode(Made(now, together.orders, self._store)))

    async def clear(self) -> None:
        """Nothing of another store, or of products that nobody of this one bought, stays."""
        async for key in self._redis.scan_iter(match=f"{SLOT}:*", count=1_000):
            await self._redis.unlink(key)

    async def _drop(self, keys: Sequence[str]) -> None:
        for n in range(0, len(keys), AT_ONCE):
            await self._redis.unlink(*keys[n : n + AT_ONCE])

    async def _put(self, found: Iterable[tuple[str, object]]) -> None:
        some: dict[str, bytes] = {}
        for key, value in found:
            some[key] = msgspec.json.encode(value)
            if len(some) == AT_ONCE:
                await self._redis.mset(some)
                some = {}
        if some:
            await self._redis.mset(some)
