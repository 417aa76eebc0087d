"""Stock: what other contexts may ask of it."""

from write_side.inventory.domain import OpenStockItem, OutOfStock, UnknownStock
from write_side.inventory.handlers import allocate
from write_side.inventory.store import open_items

__all__ = ["OpenStockItem", "OutOfStock", "UnknownStock", "allocate", "open_items"]
