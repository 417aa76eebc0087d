"""When stock comes in, whoever waits for it becomes due. A step tells them."""

from collections.abc import Sequence
from typing import cast

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.inventory import (
    StockAdjusted,
    StockCounted,
    StockItemOpened,
    StockReceived,
    StockReleased,
    StockReturned,
    StockTransferredIn,
)
from write_side.database import Connection
from write_side.reactions import Reaction
from write_side.restock_requests import store

# What may raise what can be sold.
_RAISING = (
    StockItemOpened, StockReceived, StockReleased, StockReturned, StockAdjusted, StockCounted, StockTransferredIn,
)  # fmt: skip
SCAN = 500  # events looked at in one go: hardly any is of a SKU that somebody waits for


def reactions() -> list[Reaction]:
    """What an item's events lead to."""
    return [Reaction("back_in_stock", tuple(tag_of(kind) for kind in _RAISING), _make_due, SCAN, _waited_for)]


def _sku_of(recorded: Recorded) -> str:
    [event] = decode_events(recorded.type, recorded.payload)
    return str(cast(StockReceived, event).sku)


async def _waited_for(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """Those of a SKU that somebody waits for; one question for all of them."""
    waited_for = await store.waited_for(conn, list({_sku_of(recorded) for recorded in events}))
    return [recorded for recorded in events if _sku_of(recorded) in waited_for] if waited_for else []


async def _make_due(conn: Connection, _: Recorded, event: Event, _cause: Metadata) -> None:
    await store.make_due(conn, cast(StockReceived, event).sku)
