"""A shop at work and its customers: products are revised and queries asked all the time, and each answer is held to
what was seen and written before it. A revision's number stands in the product's name."""

import asyncio
import random
import re
import time
from typing import Any
from uuid import UUID

import httpx
from msgspec import structs

from shared.envelope import Metadata
from shared.events.catalog import ProductCreated, ProductRevised, Variant
from shared.events.inventory import StockItemOpened, StockReceived
from shared.events.pricing import PriceSet
from shared.ids import uuid7
from shared.position import Position
from shared.shards import product_key
from tests.faults.stock_load import PATIENCE, Connection
from tests.unit.projector.events import facts
from write_side import event_log
from write_side.event_log import NewEvent

CAUSE = Metadata(actor="test", correlation_id="shopping")
PAUSE = 0.02
SLOW = 5.0  # seconds: whoever waits longer for a page is gone


class Shop:
    """Products with a price and a stock item each."""

    def __init__(self, conn: Connection, products: int = 12) -> None:
        self._conn, self._random = conn, random.Random(7)
        self.products = [uuid7() for _ in range(products)]
        self._items = {product: uuid7() for product in self.products}
        self._facts = {product: facts(variants=[Variant(uuid7(), self.sku(product))]) for product in self.products}
        self._revision = dict.fromkeys(self.products, 0)
        self.written: dict[UUID, tuple[int, str]] = {}  # product → its latest revision, and the Position of that

    def sku(self, product: UUID) -> str:
        """The SKU of its one variant."""
        return f"SKU-{self.products.index(product)}"

    async def open(self) -> None:
        """All that is needed to sell them."""
        for product in self.products:
            await self._append("product", product, product, 1, ProductCreated(product, self._named(product)))
            await self._append("price", uuid7(), product, 1, PriceSet(product, self.sku(product), "EUR", 1999))
            opened = StockItemOpened(self.sku(product), "north", product, 100, 0, 3, "test")
            await self._append("stock_item", self._items[product], product, 1, opened)

    async def work(self) -> None:
        """Revises products and receives stock, until cancelled."""
        while True:
            product = self._random.choice(self.products)
            version = self._revision[product] + 2
            received = StockReceived(self.sku(product), "north", 100 + version, 0, 1, "test")
            await self._append("stock_item", self._items[product], product, version, received)
            self._revision[product] += 1
            await self._append("product", product, product, version, ProductRevised(product, self._named(product)))
            await asyncio.sleep(PAUSE)

    def _named(self, product: UUID) -> Any:
        name, slug = f"Torch {self._revision[product]:06}", f"torch-{self.products.index(product)}"
        return structs.replace(self._facts[product], name=name, slug=slug)

    async def _append(self, kind: str, id_: UUID, product: UUID, version: int, event: Any) -> None:
        new = [NewEvent(kind, id_, version, product_key(product), event)]
        async with self._conn.transaction():
            positions = await event_log.append(self._conn, new, CAUSE)
        self.written[product] = self._revision[product], Position(1, positions).token()


class Customers:
    """Ask for pages, stock and search results, with a `Position` and without. `wrong` says what must not have been."""

    def __init__(self, url: str, shop: Shop) -> None:
        self._client, self._shop = httpx.AsyncClient(base_url=url, timeout=30), shop
        self._random = random.Random(11)
        self._seen: dict[tuple[str, UUID], int] = {}
        self.asked = self.late = 0
        self.wrong: list[str] = []

    async def ready(self) -> None:
        """Waits until everything can be found."""
        async with asyncio.timeout(PATIENCE):
            while not await self._all_found():
                await asyncio.sleep(0.05)

    async def _all_found(self) -> bool:
        try:
            found = await self._client.get("/v1/search", params={"q": "torch"})
            stock = [await self._client.get(f"/v1/stock/{self._shop.sku(p)}") for p in self._shop.products]
            everything = found.json().get("total", {}).get("value") == len(stock) and "Stale" not in found.headers
            return everything and {answer.status_code for answer in stock} == {200}
        except httpx.HTTPError:
            return False

    async def shop(self) -> None:
        """Until cancelled."""
        while True:
            product = self._random.choice(self._shop.products)
            for own_write in (False, True):
                await self._page(product, own_write=own_write)
                await self._search(product, own_write=own_write)
            await self._ask(f"/v1/stock/{self._shop.sku(product)}")
            await self._ask(f"/v1/products/{uuid7()}", status=404)
            await asyncio.sleep(0.005)

    async def _page(self, product: UUID, *, own_write: bool) -> None:
        least, headers = self._wanted(product, own_write=own_write)
        name = self._random.choice([str(product), f"by-sku/{self._shop.sku(product)}"])
        if (answer := await self._ask(f"/v1/products/{name}", headers)) is not None:
            self._judge("page", product, answer.json()["name"], least)

    async def _search(self, product: UUID, *, own_write: bool) -> None:
        least, headers = self._wanted(product, own_write=own_write)
        answer = await self._ask("/v1/search?q=torch&limit=50", headers)
        for item in answer.json()["items"] if answer is not None else ():
            found = UUID(item["id"])
            self._judge("search", found, item["name"], least if found == product else 0)

    def _wanted(self, product: UUID, *, own_write: bool) -> tuple[int, dict[str, str]]:
        """What was written before now, and the header that asks for it."""
        revision, token = self._shop.written[product]
        return (revision, {"Position": token}) if own_write else (0, {})

    def _judge(self, where: str, product: UUID, name: str, least: int) -> None:
        found = re.fullmatch(r"Torch (\d+)", name)
        revision = int(found[1]) if found else -1
        if revision < max(least, self._seen.get((where, product), 0)):
            self.wrong.append(f"{where}: {name} after {self._seen.get((where, product))}, written {least}")
        self._seen[where, product] = revision

    async def _ask(self, path: str, headers: dict[str, str] | None = None, status: int = 200) -> httpx.Response | None:
        self.asked += 1
        began = time.monotonic()
        try:
            answer = await self._client.get(path, headers=headers)
        except httpx.HTTPError as error:
            self.wrong.append(f"{path}: {error!r}")
            return None
        self.late += time.monotonic() - began > SLOW
        if answer.status_code == status and "Stale" not in answer.headers:
            return answer if status == 200 else None
        if headers and answer.status_code == 200 and answer.headers["Stale"] == "behind":
            self.late += 1  # it said so after half a second: the machine is busy with other tests, too
            return None
        self.wrong.append(f"{path} {headers}: {answer.status_code} {answer.headers.get('Stale')} {answer.text[:100]}")
        return None

    async def close(self) -> None:
        """No more questions."""
        await self._client.aclose()
