"""When an item falls to its threshold, an alert is written down: exactly once, with the checkpoint. A step tells it."""

from collections.abc import Sequence
from typing import cast, get_args

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.inventory import StockRanLow
from shared.ids import uuid7
from write_side.database import Connection
from write_side.inventory.alerts import store
from write_side.inventory.alerts.domain import Lowering, available, crosses
from write_side.reactions import SELDOM, Reaction

_LOWERING = get_args(Lowering)
SCAN = 500  # events looked at in one go: of a rush's reservations hardly one takes an item to its threshold


def reactions() -> list[Reaction]:
    """What an item's events lead to."""
    return [Reaction("low_stock", tuple(tag_of(kind) for kind in _LOWERING), _notice, SCAN, _crossing, pause=SELDOM)]


async def _crossing(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """Those that took an item to its threshold; one question for all of them."""
    low_at = await store.thresholds(conn, list({recorded.aggregate_id for recorded in events}))
    return [
        recorded
        for recorded in events
        for event in decode_events(recorded.type, recorded.payload)
        if isinstance(event, _LOWERING) and crosses(cast(Lowering, event), low_at[recorded.aggregate_id])
    ]


async def _notice(conn: Connection, recorded: Recorded, event: Event, cause: Metadata) -> None:
    lowering, item_id = cast(Lowering, event), recorded.aggregate_id
    low_at = (await store.thresholds(conn, [item_id]))[item_id]
    ran_low = StockRanLow(uuid7(), item_id, lowering.sku, lowering.warehouse, available(lowering), low_at)
    await store.notice(conn, ran_low, cause)
