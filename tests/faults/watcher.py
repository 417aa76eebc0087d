"""A query API in miniature: asks for documents that exist, all the time, and notes whenever it had to say 404."""

import threading
import time
from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError

from shared.shards import shard_of
from tests.faults.stock_load import key_of

SHARDS = 4


class Watcher:
    """Runs in a thread while the `with` lasts. `unavailable` counts answers 503, `missing` lists answers 404."""

    def __init__(self, url: str, skus: Sequence[str]) -> None:
        self._redis = Redis.from_url(url, socket_timeout=1)
        self._skus = skus
        self._thread = threading.Thread(target=self._watch)
        self._ended = threading.Event()
        self.found, self.unavailable = 0, 0
        self.missing: list[str] = []

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._redis.close()

    def _watch(self) -> None:
        while not self._ended.is_set():
            for sku in self._skus:
                try:
                    self._ask(sku)
                except (RedisError, OSError):
                    self.unavailable += 1
            time.sleep(0.005)

    def _ask(self, sku: str) -> None:
        """Document, then readiness, then the document again: it may have come in between."""
        name = f"stock_level:v1:doc:{sku}"
        if self._redis.get(name) is not None:
            self.found += 1
            return
        ready = self._redis.hget("stock_level:v1:shards", f"ready:{shard_of(key_of(sku), SHARDS)}")
        if ready != b"1":
            self.unavailable += 1
        elif self._redis.get(name) is None:
            self.missing.append(sku)
