"""Buyers who place one order after the other, and pay every other one; what the shop acknowledged is remembered."""

import asyncio
import time
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

import httpx

from doorbuster.demo.shop import Refused, Shop

CURRENCY = "EUR"


class Acknowledged(NamedTuple):
    """An order whose buyer was told that it is placed, and when (seconds since 1970)."""

    id: UUID
    at: float


class Buyers:
    """So many at once, until `stop`. Whoever is refused, or finds nobody there, tries again."""

    def __init__(self, shop: Shop, sku: str, number: int) -> None:
        self.acknowledged: list[Acknowledged] = []
        self._shop, self._sku = shop, sku
        self._tasks = [asyncio.create_task(self._buy(n)) for n in range(number)]

    async def buy_for(self, seconds: float) -> None:
        """Let them; raises what none of them expects."""
        done, _ = await asyncio.wait(self._tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """They go home."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _buy(self, number: int) -> None:
        paying = bool(number % 2)
        while True:
            with suppress(Refused, httpx.HTTPError, ValueError):  # a server that dies says anything, or nothing
                await self._buy_once(f"buyer-{number}@shop.example", paying=paying)
            paying = not paying

    async def _buy_once(self, mail: str, *, paying: bool) -> None:
        cart_id, secret = await self._shop.cart(self._sku, 1, CURRENCY)
        quote = await self._shop.quote(cart_id, secret, mail)
        order, _ = await self._shop.place(quote["id"], secret)
        self.acknowledged.append(Acknowledged(UUID(order["id"]), time.time()))
        if paying:
            await self._shop.pay(order)
