"""What the projector tells about all read models, looked at a few times a second instead of at every request."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from read_side import metrics
from shared.documents.layout import LIVE, parked_key, shards_key, slot

log = logging.getLogger(__name__)

LOG = "log"  # a hash: `epoch` of the store, number of `shards`
READY = b"ready:"
SECONDS = 0.2


class Board(Struct, frozen=True):
    """What stood there at the last look."""

    live: Mapping[str, str] = {}  # read model → version
    parked: Mapping[str, frozenset[str]] = {}  # read model → partition keys that wait
    ready: Mapping[str, frozenset[int]] = {}  # read model → shards that were caught up
    epoch: int = 0
    shards: int = 0  # 0: nothing is known

    def is_ready(self, model: str) -> bool:
        """Whether all shards of a model were caught up."""
        return self.shards > 0 and len(self.ready.get(model, ())) >= self.shards


class Watch:
    """The latest `Board`. While Redis is down it stays the last one seen: reading says by itself that it can't."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self.board = Board()
        self._stopped = False
        self._looked_at = time.monotonic()
        metrics.BOARD_AGE.set_function(lambda: time.monotonic() - self._looked_at)

    def stop(self) -> None:
        """End `run` after the look at hand. Cancelling alone won't do: the Redis client can swallow it."""
        self._stopped = True

    async def run(self) -> None:
        """Until stopped."""
        while not self._stopped:
            try:
                await self.look()
            except (RedisError, OSError) as error:
                log.warning("can't look at the read models", extra={"fields": {"error": type(error).__name__}})
            await asyncio.sleep(SECONDS)

    async def look(self) -> None:
        """Look now."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(LIVE)
            pipe.hgetall(LOG)
            live, told = await pipe.execute()
        versions = {model.decode(): version.decode() for model, version in live.items()}
        async with self._redis.pipeline(transaction=False) as pipe:
            for model, version in versions.items():
                pipe.smembers(parked_key(slot(model, version)))
                pipe.hkeys(shards_key(slot(model, version)))
            found = await pipe.execute() if versions else []
        parked = dict(zip(versions, map(_keys, found[::2]), strict=True))
        ready = dict(zip(versions, map(_shards, found[1::2]), strict=True))
        parked = {model: keys for model, keys in parked.items() if keys}
        self.board = Board(versions, parked, ready, int(told.get(b"epoch", 0)), int(told.get(b"shards", 0)))
        self._looked_at = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        metrics.SHARDS.set(self.board.shards)
        for model in self.board.live:
            metrics.READY_SHARDS.labels(model).set(len(self.board.ready[model]))
            metrics.PARKED.labels(model).set(len(self.board.parked.get(model, ())))


def _keys(members: Iterable[bytes]) -> frozenset[str]:
    return frozenset(key.decode() for key in members)


def _shards(fields: Iterable[bytes]) -> frozenset[int]:
    return frozenset(int(field[len(READY) :]) for field in fields if field.startswith(READY))
