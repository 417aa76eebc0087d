"""Shoppers who place orders all the time, each with a key of its own, and ask again with it until they are answered."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx
from msgspec import Struct

from doorbuster.demo.shop import CARD, Json, Refused, Shop
from shared.ids import uuid7

PATIENCE = 90.0  # seconds that one request is repeated for
AT_ONCE = 48
REPEATED = 0.2  # of all placements: asked once more though they were answered
PAYING = 0.6
COME_AGAIN = (409, 429, 503)
BUSY = frozenset({"idempotency_key_in_flight", "idempotency_key_in_use", "try_again", "postgres_unavailable"})

T = TypeVar("T")


class Purchase(Struct):
    """What became of one shopper's wish."""

    key: str
    sku: str
    quote_id: str = ""
    order_id: str = ""
    refusal: str = ""
    asked: int = 0  # how often the order was asked for
    paid: bool = False
    problem: str = ""


class Shoppers:
    """They come at random, `rate` a second on average, until told to stop. `purchases` tells of each."""

    def __init__(self, environment: Mapping[str, str], commands: str, skus: Sequence[str], seed: int, rate: float):
        self._shop = Shop({**environment, "WRITE_API_URL": commands})
        self._skus, self._random, self._rate = skus, random.Random(seed), rate
        self._seats = asyncio.Semaphore(AT_ONCE)
        self._ended = asyncio.Event()
        self.patience = PATIENCE
        self.purchases: list[Purchase] = []
        self.repeats = 0

    async def shop(self) -> None:
        """Until `end`, and until everybody has an answer."""
        async with self._shop:
            tasks = []
            while not self._ended.is_set():
                await asyncio.sleep(self._random.expovariate(self._rate))
                if not self._seats.locked():
                    tasks.append(asyncio.create_task(self._one(self._random.choice(self._skus))))
            await asyncio.gather(*tasks)

    def end(self) -> None:
        """Nobody comes any more."""
        self._ended.set()

    async def _one(self, sku: str) -> None:
        purchase = Purchase(str(uuid7()), sku)
        self.purchases.append(purchase)
        async with self._seats:
            try:
                await self._buy(purchase)
            except Refused as refused:
                purchase.refusal = refused.code
                if refused.status >= 500:
                    purchase.problem = f"{refused}"
            except Exception as error:  # told in the history and in the verdict, whatever it is
                purchase.problem = f"{type(error).__name__}: {error}"

    async def _buy(self, purchase: Purchase) -> None:
        quote, secret = await prepared(self._shop, purchase.sku, purchase.key, self.again)
        purchase.quote_id = quote
        order = await self.place(self._shop, purchase, secret)
        if self._random.random() < REPEATED:
            second = await self.place(self._shop, purchase, secret)
            if second["id"] != order["id"]:
                purchase.problem = f"the key answered {order['id']}, then {second['id']}"
        if self._random.random() < PAYING:
            purchase.paid = await self.again(lambda: self._shop.pay(order, CARD)) == "requires_capture"

    async def place(self, shop: Shop, purchase: Purchase, secret: str) -> Json:
        """The order of a quote, under the purchase's one key however often it takes."""

        async def ask() -> Json:
            purchase.asked += 1
            body, key = {"quote_id": purchase.quote_id}, purchase.key
            order, _ = await shop.command("POST", "/v1/orders", body, Cart_Secret=secret, Idempotency_Key=key)
            return order

        order = await self.again(ask)
        purchase.order_id = order["id"]
        return order

    async def again(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer, asked for again after a lost connection or a request to come later."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return await ask()
            except (httpx.TransportError, ValueError) as error:  # ValueError: half a body
                said: Exception = error
            except Refused as refused:
                if refused.status not in COME_AGAIN or (refused.status == 409 and refused.code not in BUSY):
                    raise
                said = refused
            if time.monotonic() > deadline:
                raise said
            self.repeats += 1
            asked = said.retry_after if isinstance(said, Refused) else 0.0
            await asyncio.sleep(max(0.1, asked * self._random.uniform(0.5, 1.5)))  # not all of them at once


async def prepared(
    shop: Shop, sku: str, name: str, again: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
) -> tuple[str, str]:
    """A cart with one unit and its quote: the quote's id and the cart's secret."""
    cart_id, secret = await again(lambda: shop.cart(sku, 1, "EUR"))
    quote = await again(lambda: shop.quote(cart_id, secret, f"{name[-12:]}@shop.example"))
    return quote["id"], secret
