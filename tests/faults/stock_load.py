"""Stock events straight into the log, as fast as asked, and the oracle: what the documents must be, told from the log.

The oracle folds `event_log` itself, with nothing of the projector's.
"""

import asyncio
import json
import random
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import asyncpg
from redis import Redis

from shared.envelope import Metadata, as_json
from shared.events.inventory import StockAdjusted, StockItemOpened, StockReceived
from write_side import event_log
from write_side.event_log import NewEvent

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SPACE = UUID("6b1f0e0e-6f0a-7000-8000-000000000000")
CAUSE = Metadata(actor="test", correlation_id="load")
PATIENCE = 150.0  # seconds for what takes one or two, on machines that do other things as well


def product_id(sku: str) -> UUID:
    """One product per SKU."""
    return uuid5(SPACE, f"product {sku}")


def key_of(sku: str) -> str:
    """Its partition key."""
    return f"product:{product_id(sku)}"


class Load:
    """Writers of stock events on `skus` SKUs, each in one of two warehouses."""

    def __init__(self, skus: int, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.skus = [f"SKU-{n}" for n in range(skus)]
        self.versions: dict[tuple[str, str], int] = {}
        self.written = 0

    async def open(self, conn: Connection) -> None:
        """Open all stock items."""
        for sku in self.skus:
            await self._append(conn, sku, "north")

    async def write(self, conn: Connection, events: int) -> None:
        """That many events, each in a transaction of its own."""
        for _ in range(events):
            await self._append(conn, self.random.choice(self.skus), self.random.choice(["north", "south"]))

    async def write_for(self, conn: Connection, seconds: float, pause: float = 0.001) -> None:
        """Events for so long."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await self.write(conn, 1)
            await asyncio.sleep(pause)

    async def _append(self, conn: Connection, sku: str, warehouse: str) -> None:
        version = self.versions.get((sku, warehouse), 0) + 1
        on_hand, reserved = self.random.randint(5, 50), self.random.randint(0, 5)
        event: Any
        if version == 1:
            event = StockItemOpened(sku, warehouse, product_id(sku), on_hand, reserved, 6, "test")
        elif version % 2:
            event = StockReceived(sku, warehouse, 1, on_hand, reserved, "test")
        else:
            event = StockAdjusted(sku, warehouse, 1, on_hand, reserved, "test")
        item = uuid5(SPACE, f"{sku} {warehouse}")
        async with conn.transaction():
            await event_log.append(conn, [NewEvent("stock_item", item, version, key_of(sku), event)], CAUSE)
        self.versions[sku, warehouse] = version
        self.written += 1


async def append_raw(
    conn: Connection, sku: str, type_: str, payload: bytes, version: int = 1
) -> int:
    """An event as only a broken producer would write it, of an aggregate of its own. Answers its position."""
    item = uuid5(SPACE, f"{type_} {payload!r}")
    query = """SELECT at FROM event_append_all(ARRAY['odd'], ARRAY[$1::uuid], ARRAY[$2::bigint], ARRAY[$3],
                                               ARRAY[$4::uuid], ARRAY[$5], ARRAY[$6::bytea], ARRAY[$7::bytea])"""
    event_id, cause = uuid5(item, str(version)), as_json(CAUSE)
    return int(await conn.fetchval(query, item, version, key_of(sku), event_id, type_, payload, cause))


async def expected_stock(conn: Connection) -> dict[str, Any]:
    """sku → staff document, folded here from the whole log."""
    shelves: dict[str, dict[str, tuple[int, int, int]]] = {}
    for row in await conn.fetch("SELECT payload FROM event_log WHERE aggregate_type = 'stock_item' ORDER BY position"):
        event = json.loads(row["payload"])
        shelf = shelves.setdefault(event["sku"], {})
        low = event.get("low_at", shelf[event["warehouse"]][2] if event["warehouse"] in shelf else 0)
        shelf[event["warehouse"]] = (event["on_hand"], event["reserved"], low)
    return {sku: _staff(sku, shelf) for sku, shelf in shelves.items()}


def _staff(sku: str, shelves: dict[str, tuple[int, int, int]]) -> dict[str, Any]:
    left = sum(on_hand - reserved for on_hand, reserved, _ in shelves.values())
    low = max(low for _, _, low in shelves.values())
    return {
        "sku": sku,
        "product_id": str(product_id(sku)),
        "availability": "out" if left <= 0 else "low" if left <= low else "in",
        "on_hand": sum(s[0] for s in shelves.values()),
        "reserved": sum(s[1] for s in shelves.values()),
        "available": left,
        "warehouses": [
            {"warehouse": code, "on_hand": s[0], "reserved": s[1], "available": s[0] - s[1]}
            for code, s in sorted(shelves.items())
        ],
    }


def shown_stock(redis: "Redis", skus: list[str]) -> dict[str, Any]:
    """sku → staff document, as Redis holds it."""
    found: Any = redis.mget([f"stock_level:v1:doc: staff:{sku}" for sku in skus])
    return {sku: json.loads(doc.partition(b"\n")[2]) for sku, doc in zip(skus, found, strict=True) if doc}


async def settled(conn: Connection, redis: "Redis", seconds: float = PATIENCE) -> float:
    """Waits until Redis shows what the log says; answers how long that took. Fails with the difference."""
    started = asyncio.get_running_loop().time()
    want = await expected_stock(conn)
    while True:
        try:
            got = await asyncio.to_thread(shown_stock, redis, list(want))
        except OSError:
            got = {}
        except Exception as error:  # loading its data after a kill
            got = {"error": repr(error)}
        took = asyncio.get_running_loop().time() - started
        if got == want:
            return took
        wrong = {sku: (want[sku], got.get(sku)) for sku in want if want[sku] != got.get(sku)}
        assert took < seconds, f"{len(wrong)} of {len(want)} SKUs differ, e.g. {next(iter(wrong.items()), None)}"
        await asyncio.sleep(0.05)
