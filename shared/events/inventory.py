"""What happened to warehouses and stock items.

Figures of a stock item after the event (`on_hand`, `reserved`) stand in each event: read models overwrite, never add.
Aggregates: `warehouse`, `stock_item` (one SKU in one warehouse), `low_stock` (one alert), `purchase_limit` (of one
SKU), `bundle` (one SKU). Keys: `warehouse:<id>`, of the others `product:<product id>`.
"""

from typing import Literal
from uuid import UUID

from msgspec import Struct


class WarehouseOpened(Struct, frozen=True, tag="inventory.warehouse_opened.v1"):
    warehouse_id: UUID
    code: str  # unique, never changes: how people name the warehouse
    name: str
    country: str  # ISO 3166-1 alpha-2
    priority: int  # lower ships first


class WarehouseManagerNamed(Struct, frozen=True, tag="inventory.warehouse_manager_named.v1"):
    """Who is told by mail what runs low there: the address of a role, not of a person, so it stands unsealed."""

    warehouse_id: UUID
    code: str
    mail: str | None  # None: nobody any more


class WarehouseRevised(Struct, frozen=True, tag="inventory.warehouse_revised.v1"):
    """Its name, and its place in the order in which warehouses ship."""

    warehouse_id: UUID
    code: str
    name: str
    priority: int


class ServedPlace(Struct, frozen=True, omit_defaults=True):
    """A country, or those of its postcodes that begin so."""

    country: str
    postcodes: list[str] = []


class WarehouseLocated(Struct, frozen=True, tag="inventory.warehouse_located.v1"):
    """Where it lies, in degrees (None: in the middle of its country), and which places it ships to before others."""

    warehouse_id: UUID
    code: str
    latitude: float | None
    longitude: float | None
    serves: list[ServedPlace]


class StockItemOpened(Struct, frozen=True, tag="inventory.stock_item_opened.v1"):
    sku: str
    warehouse: str
    product_id: UUID
    on_hand: int
    reserved: int
    low_at: int  # at or below this many available, shoppers see "low"
    reason: str


class StockReceived(Struct, frozen=True, tag="inventory.stock_received.v1"):
    sku: str
    warehouse: str
    quantity: int
    on_hand: int
    reserved: int
    reason: str


class StockAdjusted(Struct, frozen=True, tag="inventory.stock_adjusted.v1"):
    sku: str
    warehouse: str
    change: int
    on_hand: int
    reserved: int
    reason: str


class StockReserved(Struct, frozen=True, tag="inventory.stock_reserved.v1"):
    sku: str
    warehouse: str
    reservation_id: UUID
    quantity: int
    on_hand: int
    reserved: int


class StockReleased(Struct, frozen=True, tag="inventory.stock_released.v1"):
    sku: str
    warehouse: str
    reservation_id: UUID
    quantity: int
    on_hand: int
    reserved: int
    reason: str


class StockDeducted(Struct, frozen=True, tag="inventory.stock_deducted.v1"):
    """Paid: what was reserved has left the stock."""

    sku: str
    warehouse: str
    reservation_id: UUID
    quantity: int
    on_hand: int
    reserved: int


class StockReturned(Struct, frozen=True, tag="inventory.stock_returned.v1"):
    """Put back after a deduction: the order was cancelled before its capture, or the goods were refunded."""

    sku: str
    warehouse: str
    reservation_id: UUID
    quantity: int
    on_hand: int
    reserved: int
    reason: str


class StockTransferredOut(Struct, frozen=True, tag="inventory.stock_transferred_out.v1"):
    """Sent to another warehouse. It arrives in that item's history under the same `transfer_id`: in the same commit,
    or, where the transfer takes its time (shared/events/transfers.py), in several ones, or back here."""

    sku: str
    warehouse: str
    transfer_id: UUID
    to_warehouse: str
    quantity: int
    on_hand: int
    reserved: int
    reason: str


class StockTransferredIn(Struct, frozen=True, tag="inventory.stock_transferred_in.v1"):
    """Came from another warehouse, or back off the road (`from_warehouse` is its own)."""

    sku: str
    warehouse: str
    transfer_id: UUID
    from_warehouse: str
    quantity: int
    on_hand: int
    reserved: int
    reason: str


class StockCounted(Struct, frozen=True, tag="inventory.stock_counted.v1"):
    """Somebody counted what lies there: `on_hand` is what they found, less what is paid for and was not picked yet."""

    sku: str
    warehouse: str
    change: int  # signed: found less than said; 0 where both agreed
    on_hand: int
    reserved: int
    reason: str
    to_pick: int = 0  # so many were counted that are paid for, and in no `on_hand`; 0 where they were left out


class StockThresholdSet(Struct, frozen=True, tag="inventory.stock_threshold_set.v1"):
    """At or below `low_at` available it is low from now on; nothing came or went."""

    sku: str
    warehouse: str
    low_at: int
    low_at_before: int
    on_hand: int
    reserved: int


StockItemEvent = (
    StockItemOpened
    | StockReceived
    | StockAdjusted
    | StockReserved
    | StockReleased
    | StockDeducted
    | StockReturned
    | StockTransferredOut
    | StockTransferredIn
    | StockCounted
    | StockThresholdSet
)


class StockRanLow(Struct, frozen=True, tag="inventory.stock_ran_low.v1"):
    """What can still be sold of a stock item fell to its threshold or below, from above it."""

    alert_id: UUID
    stock_item_id: UUID
    sku: str
    warehouse: str
    available: int
    low_at: int


class ManagerTold(Struct, frozen=True, tag="inventory.manager_told.v1"):
    """The warehouse's manager was sent a mail about it."""

    alert_id: UUID
    sku: str
    warehouse: str


class ManagerMailRefused(Struct, frozen=True, tag="inventory.manager_mail_refused.v1"):
    """The mail server refused the manager's address for good."""

    alert_id: UUID
    sku: str
    warehouse: str
    code: int


class PurchaseLimitSet(Struct, frozen=True, tag="inventory.purchase_limit_set.v1"):
    """How many of a SKU an order and a customer may have from now on; None: as many as they like."""

    limit_id: UUID
    sku: str
    product_id: UUID
    most_per_order: int | None
    most_per_customer: int | None
    window_days: int | None  # only orders so young count; None: all that there ever were


class BundleComponent(Struct, frozen=True):
    """So many of a SKU in one bundle."""

    sku: str
    quantity: int


Level = Literal["in", "low", "out"]


class BundleComposed(Struct, frozen=True, tag="inventory.bundle_composed.v1"):
    """What a SKU is made of from now on; of nothing: it is no bundle any more, and has its own stock."""

    bundle_id: UUID
    sku: str
    product_id: UUID
    components: list[BundleComponent]
    availability: Level


class BundleAvailabilityChanged(Struct, frozen=True, tag="inventory.bundle_availability_changed.v1"):
    """The stock of its components lets shoppers have it, hardly have it, or not have it any more."""

    bundle_id: UUID
    sku: str
    product_id: UUID
    availability: Level


WarehouseEvent = WarehouseOpened | WarehouseManagerNamed | WarehouseLocated | WarehouseRevised
LowStockEvent = StockRanLow | ManagerTold | ManagerMailRefused
BundleEvent = BundleComposed | BundleAvailabilityChanged
InventoryEvent = WarehouseEvent | StockItemEvent | LowStockEvent | PurchaseLimitSet | BundleEvent
