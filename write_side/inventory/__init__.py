"""Stock: what other contexts may ask of it."""

from write_side.inventory.allocating import Line, allocate, summed
from write_side.inventory.domain import Demand, OpenStockItem, OutOfStock, StockItem, UnknownStock
from write_side.inventory.handlers import ensure_warehouse
from write_side.inventory.store import find_items, insert_items, open_items, put_back

__all__ = [
    "Demand", "Line", "OpenStockItem", "OutOfStock", "StockItem", "UnknownStock", "allocate", "ensure_warehouse",
    "find_items", "insert_items", "open_items", "put_back", "summed",
]  # fmt: skip
