"""Stock: what other contexts may ask of it."""

from write_side.inventory.allocating import Line, allocate, out_of_stock, summed
from write_side.inventory.bundles.store import find as find_bundles
from write_side.inventory.domain import (
    MOST_LOW_AT,
    BelowReserved,
    CountOutOfDate,
    CountShelf,
    Demand,
    OpenStockItem,
    OutOfStock,
    Quantity,
    Sku,
    StockItem,
    StockTooLarge,
    UnknownStock,
    count,
    evolve_item,
    set_threshold,
)
from write_side.inventory.handlers import MAIN, ensure_warehouse, find_nearest
from write_side.inventory.holding import hold, let_go
from write_side.inventory.limits.domain import PurchaseLimit, PurchaseLimitReached, check_limits, counted
from write_side.inventory.limits.store import find as find_limits
from write_side.inventory.missing import take_instead, write_off
from write_side.inventory.restating import add_to, opened_with, set_to
from write_side.inventory.store import (
    available_of,
    find_items,
    find_places,
    hold_available,
    insert_items,
    items_after,
    open_items,
    put_back,
    save_counts,
)
from write_side.inventory.transfers.domain import Transfer
from write_side.inventory.warehouses.domain import UnknownWarehouse
from write_side.inventory.warehouses.store import all_warehouses

__all__ = [
    "MAIN", "MOST_LOW_AT", "BelowReserved", "CountOutOfDate", "CountShelf", "Demand", "Line", "OpenStockItem",
    "OutOfStock", "PurchaseLimit", "PurchaseLimitReached", "Quantity", "Sku", "StockItem", "StockTooLarge", "Transfer",
    "UnknownStock", "UnknownWarehouse", "add_to", "all_warehouses", "allocate", "available_of", "check_limits", "count",
    "counted", "ensure_warehouse", "evolve_item", "find_bundles", "find_items", "find_limits", "find_nearest",
    "find_places", "hold", "hold_available", "insert_items", "items_after", "let_go", "open_items", "opened_with",
    "out_of_stock", "put_back", "save_counts", "set_threshold", "set_to", "summed", "take_instead", "write_off",
]  # fmt: skip
