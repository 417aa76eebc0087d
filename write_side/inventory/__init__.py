"""Stock: what other contexts may ask of it."""

from write_side.inventory.domain import OpenStockItem, OutOfStock, UnknownStock
from write_side.inventory.handlers import allocate, ensure_warehouse
from write_side.inventory.store import insert_items, open_items

__all__ = ["OpenStockItem", "OutOfStock", "UnknownStock", "allocate", "ensure_warehouse", "insert_items", "open_items"]
