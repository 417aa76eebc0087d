"""A stock item with a long history, written straight to the log as its commands would."""

from typing import Any
from uuid import UUID

from shared.events.inventory import StockAdjusted
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side import event_log
from write_side.event_log import NewEvent

CHUNK = 1_000


async def grow(shop: Shop, events: int) -> UUID:
    """A lamp in BER, opened with 0 and counted up by one in each later event."""
    await shop.stock("lamp", 0)
    item: Any = await shop.pool.fetchrow("SELECT id, product_id FROM stock_item")
    for first in range(2, events + 1, CHUNK):
        async with shop.pool.acquire() as conn, conn.transaction():
            last = min(first + CHUNK - 1, events)
            adjusted = [
                NewEvent(
                    "stock_item", item["id"], version, f"product:{item['product_id']}",
                    StockAdjusted("lamp", "BER", 1, version - 1, 0, f"count {version}"),
                )
                for version in range(first, last + 1)
            ]  # fmt: skip
            await conn.execute("UPDATE stock_item SET on_hand = $1, version = $2", last - 1, last)
            await event_log.append(conn, adjusted, CAUSE)
    return UUID(str(item["id"]))
