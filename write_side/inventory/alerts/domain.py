"""Low stock, pure: which event took an item to its threshold, and what is written about it."""

from collections.abc import Sequence
from email.message import EmailMessage
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.inventory import (
    LowStockEvent,
    ManagerTold,
    StockAdjusted,
    StockCounted,
    StockItemEvent,
    StockRanLow,
    StockReserved,
    StockThresholdSet,
    StockTransferredOut,
)
from shared.names import visible
from write_side.notifications import Voice, addressed

# What lowers what can still be sold, or raises the threshold. A deduction doesn't: what is paid was reserved before.
Lowering = StockReserved | StockAdjusted | StockCounted | StockTransferredOut | StockThresholdSet


class LowStock(Struct, frozen=True):
    """That an item ran low, once, and whether the manager was told."""

    id: UUID
    stock_item_id: UUID
    sku: str
    warehouse: str
    available: int
    low_at: int
    state: Literal["noticed", "told", "refused"]
    version: int


def available(event: StockItemEvent) -> int:
    """What could be sold after an event."""
    return event.on_hand - event.reserved


def crosses(event: Lowering, low_at: int) -> bool:
    """Whether this very event took the item from above its threshold to it or below. Nothing but the event is asked: it
    says what is left, and what it took."""
    left = available(event)
    if isinstance(event, StockThresholdSet):
        return event.low_at_before < left <= event.low_at
    return left <= low_at < left + _taken(event)


def _taken(event: StockReserved | StockAdjusted | StockCounted | StockTransferredOut) -> int:
    match event:
        case StockReserved() | StockTransferredOut():
            return event.quantity
        case StockAdjusted() | StockCounted():
            return -event.change


def evolve(alert: LowStock | None, event: LowStockEvent, version: int) -> LowStock:
    """An alert after an event."""
    if isinstance(event, StockRanLow):
        return LowStock(
            event.alert_id, event.stock_item_id, event.sku, event.warehouse, event.available, event.low_at, "noticed",
            version,
        )  # fmt: skip
    assert alert is not None, "an alert's history begins with StockRanLow"
    return structs.replace(alert, state="told" if isinstance(event, ManagerTold) else "refused", version=version)


def letter(say: Voice, warehouse: str, alerts: Sequence[LowStock], to: str, sender: str, id_: str) -> EmailMessage:
    """The mail about all that ran low in a warehouse since the last one."""
    skus = len({alert.sku for alert in alerts})
    subject = say.counted("low_stock.subject", skus, warehouse=warehouse)
    message = addressed(to, subject, sender, id_)
    text = say("low_stock.text", warehouse=warehouse)
    message.set_content("\n".join([text, "", *(_line(say, alert) for alert in alerts), ""]))
    message["Content-Language"] = say.locale  # last: setting a content drops such headers
    return message


def _line(say: Voice, alert: LowStock) -> str:
    available, low_at = say.number(alert.available), say.number(alert.low_at)
    return say("low_stock.line", sku=visible(alert.sku, "?"), available=available, low_at=low_at)
