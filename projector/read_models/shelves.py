"""What lies in each warehouse, folded from stock events: part of the state of every model that shows stock."""

from shared.documents.shelves import Shelf, Shelves
from shared.events.inventory import StockItemEvent, StockItemOpened


def restocked(shelves: Shelves, event: StockItemEvent) -> dict[str, Shelf]:
    """The shelves of a SKU after a stock event; its figures overwrite, nothing is added up."""
    low_at = event.low_at if isinstance(event, StockItemOpened) else shelves[event.warehouse].low_at
    return {**shelves, event.warehouse: Shelf(event.on_hand, event.reserved, low_at)}
