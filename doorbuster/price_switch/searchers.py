"""Shoppers who search all the while, so that it can be told what a change of prices costs them."""

import asyncio
import random
import time
from statistics import median, quantiles
from typing import NamedTuple

from doorbuster.demo.shop import Refused, Shop

WORDS = ("lamp", "notebook", "cable", "desk", "black", "usb", "mouse", "halo")
SORTS = ("price_asc", "price_desc", "relevance")


class Latencies(NamedTuple):
    """Of the answers of one phase, in milliseconds."""

    answers: int
    failed: int
    p50: float
    p95: float


class Searchers:
    """So many at once, each with one question at a time. A context manager."""

    def __init__(self, shop: Shop, count: int) -> None:
        self._shop, self._count = shop, count
        self._took: list[float] = []
        self._failed = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Searchers":
        self._tasks = [asyncio.create_task(self._search(random.Random(n))) for n in range(self._count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def phase(self) -> Latencies:
        """What was answered since the last phase."""
        took, failed = self._took, self._failed
        self._took, self._failed = [], 0
        if len(took) < 2:
            return Latencies(len(took), failed, 0.0, 0.0)
        return Latencies(len(took), failed, median(took), quantiles(took, n=20)[-1])

    async def _search(self, choice: random.Random) -> None:
        while True:
            low = choice.choice((0, 500, 1000))
            asked = f"q={choice.choice(WORDS)}&sort={choice.choice(SORTS)}&price_min={low}&facets=brand,category,price"
            began = time.perf_counter()
            try:
                await self._shop.query(f"/v1/search?{asked}")
            except Refused:
                self._failed += 1
                await asyncio.sleep(0.1)
            else:
                self._took.append((time.perf_counter() - began) * 1000)
