"""What a list of stock makes of a stock item, pure: a supplier's delivery, a warehouse's own figures."""

from uuid import UUID

from shared.events.inventory import StockAdjusted, StockCounted, StockReceived
from write_side.inventory.domain import CountStock, OpenStockItem, StockItem, adjusted, check_figure, count


def set_to(item: StockItem, on_hand: int, expected: int | None, reason: str) -> StockAdjusted | StockCounted | None:
    """The count becomes this; None if it is. With what was `expected` to lie there it is a count (docs/inventory.md).

    Raises `BelowReserved`, `StockTooLarge`, `CountOutOfDate`. The row is locked.
    """
    if expected is not None:
        check_figure(item, on_hand)
        return count(item, CountStock(item.sku, item.warehouse, on_hand, expected, reason))
    return _adjusted(item, on_hand - item.on_hand, reason)


def add_to(item: StockItem, change: int, reason: str) -> StockReceived | StockAdjusted | None:
    """Goods came in or are gone; None for a change of 0. Raises `BelowReserved`, `StockTooLarge`. The row is locked."""
    if change <= 0:
        return _adjusted(item, change, reason)
    check_figure(item, item.on_hand + change)
    return StockReceived(item.sku, item.warehouse, change, item.on_hand + change, item.reserved, reason)


def _adjusted(item: StockItem, change: int, reason: str) -> StockAdjusted | None:
    return adjusted(item, change, reason) if change else None


def opened_with(sku: str, warehouse: str, product_id: UUID, on_hand: int, low_at: int, reason: str) -> OpenStockItem:
    """A SKU that is kept nowhere yet is opened with what the list says. Raises `BelowReserved`, `StockTooLarge`."""
    check_figure(StockItem(product_id, sku, warehouse, product_id, 0, 0, low_at, 0), on_hand)
    return OpenStockItem(sku, warehouse, product_id, on_hand, low_at, reason)
