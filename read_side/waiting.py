"""Reading one's own write: a query that carries a `Position` waits until the read model has got there, not for long.

All who wait for one model share one poller, which runs only while somebody waits: whatever positions are made up, they
cost a bounded wait each and a bounded number of reads altogether.
"""

import asyncio
from collections.abc import Mapping
from typing import cast

from redis.asyncio import Redis

from shared.documents.layout import shards_key

BOUND = 0.5  # seconds
PAUSE = 0.005  # seconds between two looks of a poller

Wanted = Mapping[int, int]  # shard → position


class _Poller:
    """Looks at one model's checkpoints for everybody who waits for it."""

    def __init__(self, redis: "Redis", slot: str) -> None:
        self._redis, self._key = redis, shards_key(slot)
        self._waiting: dict[asyncio.Future[None], tuple[str, Wanted]] = {}
        self._task: asyncio.Task[None] | None = None

    async def reached(self, prefix: str, wanted: Wanted) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = prefix, wanted
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            await future
        finally:
            self._waiting.pop(future, None)

    async def _run(self) -> None:
        try:
            while self._waiting:
                self._settle(cast(Mapping[bytes, bytes], await self._redis.hgetall(self._key)))
                await asyncio.sleep(PAUSE if self._waiting else 0)
        except Exception as error:
            for future in [*self._waiting]:
                if not future.done():
                    future.set_exception(error)
        finally:
            self._task = None

    def _settle(self, fields: Mapping[bytes, bytes]) -> None:
        for future, (prefix, wanted) in [*self._waiting.items()]:
            done = all(int(fields.get(f"{prefix}{shard}".encode(), 0)) >= at for shard, at in wanted.items())
            if done and not future.done():
                future.set_result(None)
                del self._waiting[future]


class Waiting:
    """The pollers, one per served version of a read model."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._pollers: dict[str, _Poller] = {}

    async def reached(self, slot: str, wanted: Wanted, *, prefix: str = "", bound: float = BOUND) -> bool:
        """Whether the checkpoints got there within the bound (seconds); raises what the Redis client raises.

        `prefix` is `seen:` for what a search must see.
        """
        poller = self._pollers.get(slot)
        if poller is None:
            poller = self._pollers[slot] = _Poller(self._redis, slot)
        try:
            async with asyncio.timeout(bound):
                await poller.reached(prefix, wanted)
        except TimeoutError:
            return False
        return True
