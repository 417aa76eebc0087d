"""Stock as rows of text, page by page: an export of a million items needs no more memory than one of ten.

Each page is as it stands when it is read; the whole is no snapshot, for that would be a transaction of minutes.
"""

from collections.abc import AsyncIterator

from shared.envelope import Metadata
from shared.events.imports import StockExported
from shared.ids import uuid7
from shared.shards import stock_export_key
from write_side import inventory
from write_side.database import Pool
from write_side.event_log import NewEvent
from write_side.imports.handing_out import note
from write_side.imports.spreadsheets import guarded

PAGE = 1000
COLUMNS = ["sku", "warehouse", "on_hand", "reserved", "available", "low_at"]


async def note_stock_export(pool: Pool, cause: Metadata) -> None:
    """That all stock is handed out stands in the log before whoever asked has it."""
    event = StockExported(uuid7())
    await note(pool, NewEvent("stock_export", event.export_id, 1, stock_export_key(event.export_id), event), cause)


async def stock_pages(pool: Pool, page: int = PAGE) -> AsyncIterator[list[list[str]]]:
    """Every stock item as cells under `COLUMNS`, by SKU and warehouse; an import in mode `set` takes them back."""
    sku, warehouse = "", ""
    while True:
        async with pool.acquire() as conn:
            items = await inventory.items_after(conn, sku, warehouse, page)
        if not items:
            return
        yield [
            [guarded(item.sku), item.warehouse, *map(str, (item.on_hand, item.reserved, item.available, item.low_at))]
            for item in items
        ]
        sku, warehouse = items[-1].sku, items[-1].warehouse
