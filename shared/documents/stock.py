"""The stock read models: what a shopper may see of a SKU, what staff see, what analysts query."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

MODEL = "stock_level"  # Redis: `doc:<sku>` is a ShopperStock, `doc: staff:<sku>` a StaffStock
STAFF = " staff:"  # no SKU begins with a space; one called "staff:lamp" must not take the place of staff's "lamp"
RECORDS = "stock"  # Elasticsearch: a StockRecord per stock item

Availability = Literal["in", "low", "out"]


class ShopperStock(Struct, frozen=True):
    """Shoppers see in, low or out, never numbers."""

    sku: str
    availability: Availability


class WarehouseStock(Struct, frozen=True):
    warehouse: str
    on_hand: int
    reserved: int
    available: int


class StaffStock(Struct, frozen=True):
    """Numbers per warehouse and summed."""

    sku: str
    product_id: UUID
    availability: Availability
    on_hand: int
    reserved: int
    available: int
    warehouses: list[WarehouseStock]


class StockRecord(Struct, frozen=True):
    """A stock item as analysts find it."""

    stock_item_id: UUID
    sku: str
    product_id: UUID
    warehouse: str
    on_hand: int
    reserved: int
    available: int
    position: int


def availability(available: int, low_at: int) -> Availability:
    """In, low (at or below `low_at`), or out."""
    if available <= 0:
        return "out"
    return "low" if available <= low_at else "in"
