"""The stock read models: what a shopper may see of a SKU, what staff see, what analysts query."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Struct

from shared.documents.told import told

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
    """A SKU in a warehouse as it is now."""

    stock_item_id: Annotated[UUID, told("the stock item")]
    sku: Annotated[str, told("what is stocked")]
    product_id: Annotated[UUID, told("the product that the SKU is a variant of")]
    warehouse: Annotated[str, told("where it is")]
    on_hand: Annotated[int, told("what lies there, less what is paid for and not picked yet", "pieces")]
    reserved: Annotated[int, told("of it promised to orders", "pieces")]
    available: Annotated[int, told("on hand − reserved", "pieces")]
    position: Annotated[int, told("of the last event in it, in the log")]


def availability(available: int, low_at: int) -> Availability:
    """In, low (at or below `low_at`), or out."""
    if available <= 0:
        return "out"
    return "low" if available <= low_at else "in"
