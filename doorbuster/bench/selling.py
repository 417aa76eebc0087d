"""A write process without HTTP: so many buyers at a time place orders through the command handler."""

import asyncio
import time
from hashlib import sha256
from typing import Any
from uuid import UUID

from doorbuster.bench.placing import quantiles
from shared.envelope import Metadata
from shared.ids import uuid7
from write_side.commands import Call
from write_side.database import open_pool
from write_side.group_commit import MOST
from write_side.orders import open_placements
from write_side.orders.placing import PlaceOrder, place_order

POOL = 12
TTL = 1800


async def sell(given: dict[str, Any]) -> dict[str, Any]:
    """Each buyer takes the next quote as soon as the order before is answered."""
    quotes = iter(given["quotes"])
    most = 1 if given["alone"] else MOST
    took: list[float] = []
    async with open_pool(given["url"], POOL, "selling") as pool:
        placements = open_placements(pool, most)

        async def buy() -> None:
            for quote_id, secret in quotes:
                asked = time.monotonic()
                await place_order(placements, pool, _command(quote_id, secret))
                took.append(time.monotonic() - asked)

        cpu, began = time.process_time(), time.monotonic()
        await asyncio.gather(*(buy() for _ in range(given["waiting"])))
        ended, cpu_ms = time.monotonic(), (time.process_time() - cpu) * 1000
    return {"orders": len(took), "began": began, "ended": ended, "cpu_ms": cpu_ms, **quantiles(took)}


def _command(quote_id: str, secret: str) -> PlaceOrder:
    call = Call(f"cart:{secret}", "POST /v1/orders", str(uuid7()), sha256(quote_id.encode()).digest())
    return PlaceOrder(UUID(quote_id), secret, TTL, Metadata("shopper", quote_id), call)
