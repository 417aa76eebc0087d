"""Units are conserved: what is on hand is what came in less what left, and what left for another warehouse has arrived,
is on the road, or is explained."""

from collections import Counter
from typing import assert_never, cast
from uuid import UUID

from doorbuster.verify import events_of
from shared.codec import decode_events
from shared.events.inventory import (
    StockAdjusted,
    StockCounted,
    StockDeducted,
    StockItemEvent,
    StockItemOpened,
    StockReceived,
    StockReleased,
    StockReserved,
    StockReturned,
    StockThresholdSet,
    StockTransferredIn,
    StockTransferredOut,
)
from write_side.database import Connection
from write_side.inventory import store
from write_side.inventory.transfers import store as transfers

_Gone = Counter[tuple[UUID, str]]  # (transfer, SKU) → how many left and did not come in, by the log


async def differences(conn: Connection) -> list[str]:
    """Stock items that have more or less on hand than their events brought, and transfers of which more or less left
    than arrived, is on the road, or was lost or damaged; one line each."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        items, moving = await store.all_items(conn), await transfers.all_transfers(conn)
        brought, gone = await _told(conn)
    road: _Gone = Counter()
    for each in moving:
        for sku, quantity in each.on_the_road.items():
            road[each.id, sku] += quantity
        for line in each.lines:
            road[each.id, line.sku] += line.lost + line.damaged
    return [
        *(
            f"stock_item {item.id} ({item.sku}): {item.on_hand} on hand, its events brought {brought[item.id]}"
            for item in items
            if item.on_hand != brought[item.id]
        ),
        *(
            f"transfer {id_} ({sku}): {gone[id_, sku]} left and did not arrive, {road[id_, sku]} are on the road or "
            "explained"
            for id_, sku in sorted(gone.keys() | road.keys())
            if gone[id_, sku] != road[id_, sku]
        ),
    ]


async def _told(conn: Connection) -> tuple[Counter[UUID], _Gone]:
    brought, gone = Counter[UUID](), _Gone()
    async for recorded in events_of(conn, "stock_item"):
        for event in cast(tuple[StockItemEvent, ...], decode_events(recorded.type, recorded.payload)):
            change = _change(event)
            brought[recorded.aggregate_id] += change
            if isinstance(event, StockTransferredIn | StockTransferredOut):
                gone[event.transfer_id, event.sku] -= change
    return brought, gone


def _change(event: StockItemEvent) -> int:
    """By how much an event moved the count."""
    match event:
        case StockItemOpened():
            return event.on_hand
        case StockReceived() | StockReturned() | StockTransferredIn():
            return event.quantity
        case StockAdjusted() | StockCounted():
            return event.change
        case StockDeducted() | StockTransferredOut():
            return -event.quantity
        case StockReserved() | StockReleased() | StockThresholdSet():
            return 0
    assert_never(event)
