"""Stock, pure: which commands there are, what is refused, and what each event makes of a stock item."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.inventory import (
    ServedPlace,
    StockCounted,
    StockDeducted,
    StockItemEvent,
    StockItemOpened,
    StockReleased,
    StockReserved,
    StockThresholdSet,
    StockTransferredIn,
    StockTransferredOut,
    WarehouseEvent,
    WarehouseLocated,
    WarehouseManagerNamed,
    WarehouseOpened,
    WarehouseRevised,
)
from write_side.customers import MAIL_PATTERN
from write_side.errors import Invalid, NotFound, Refusal

Quantity = Annotated[int, Meta(gt=0, le=1_000_000)]
Sku = Annotated[str, Meta(min_length=1, max_length=100)]
LowAt = Annotated[int, Meta(ge=0, le=1_000_000)]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
# `$` alone also matches ahead of a line end.
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}(?!\n)$")]


MOST_ON_HAND = 1_000_000_000  # of a SKU in a warehouse; what comes back from orders may go above it, up to the column's


class OutOfStock(Refusal):
    """Not enough is left; `lines` tells what is left of each of the caller's own lines."""

    code = "out_of_stock"


class UnknownStock(NotFound):
    """This SKU is kept in no warehouse."""

    code = "unknown_stock"


class BelowReserved(Refusal):
    """The count would fall below what is promised to orders."""

    code = "below_reserved"


class StockTooLarge(Refusal):
    """The count would rise above a billion: more likely a slip than goods."""

    code = "stock_too_large"


class CountOutOfDate(Refusal):
    """What lies there changed since it was counted; `on_hand` is what is said now."""

    code = "count_out_of_date"


class WarehouseExists(Refusal):
    """Another warehouse has this code."""

    code = "warehouse_exists"


class UnknownWarehouse(NotFound):
    """No warehouse has this code."""

    code = "unknown_warehouse"


class StockItemExists(Refusal):
    """The SKU is kept in this warehouse already."""

    code = "stock_item_exists"


class OpenWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"code": "BER", "name": "Berlin", "country": "DE", "priority": 1}`; lower priority ships first."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100


class ReviseWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Berlin South", "priority": 2}`; lower priority ships first."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    priority: Annotated[int, Meta(ge=0, le=1000)]


class NameManager(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "stock-ber@shop.example"}`: the address of a role, for it is kept in the clear. `null` for nobody."""

    mail: Annotated[str, Meta(pattern=rf"^{MAIL_PATTERN}(?!\n)$", max_length=254)] | None


class OpenStockItem(Struct, frozen=True, forbid_unknown_fields=True):
    """Keep a SKU in a warehouse, with a first count."""

    sku: Sku
    warehouse: Code
    product_id: UUID
    on_hand: Annotated[int, Meta(ge=0, le=MOST_ON_HAND)] = 0
    low_at: LowAt = 5
    reason: Reason = "opened"


class MoveStock(Struct, frozen=True, forbid_unknown_fields=True):
    """Change a count: `change` is signed, the reason stands in the log for ever."""

    sku: Sku
    warehouse: Code
    change: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
    reason: Reason


class SetThreshold(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "low_at": 20}`: at or below so many available shoppers see "low", and the
    manager is told."""

    sku: Sku
    warehouse: Code
    low_at: LowAt


class TransferStock(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "from_warehouse": "BER", "to_warehouse": "HAM", "quantity": 5, "reason": "HAM sells more"}`."""

    sku: Sku
    from_warehouse: Code
    to_warehouse: Code
    quantity: Quantity
    reason: Reason


class CountStock(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "counted": 9, "expected": 10, "reason": "inventory 2026"}`.

    `expected` is the `on_hand` that was read when the counting began: what left or came in meanwhile was counted or
    not, nobody knows, so a count is refused once it is another.
    """

    sku: Sku
    warehouse: Code
    counted: Annotated[int, Meta(ge=0, le=MOST_ON_HAND)]
    expected: Annotated[int, Meta(ge=0, le=2_147_483_647)]
    reason: Reason


class Demand(Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a SKU."""

    sku: Sku
    quantity: Quantity


class StockItem(Struct, frozen=True):
    """One SKU in one warehouse: `reserved` of `on_hand` are promised to orders."""

    id: UUID
    sku: str
    warehouse: str
    product_id: UUID
    on_hand: int
    reserved: int
    low_at: int
    version: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Held(Struct, frozen=True):
    """What open reservations hold of a stock item: reservation → quantity."""

    id: UUID
    reservations: dict[UUID, int]


class Warehouse(Struct, frozen=True):
    """A place that ships."""

    id: UUID
    code: str
    name: str
    country: str
    priority: int
    version: int
    manager_mail: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    serves: list[ServedPlace] = []


def check_adjustment(command: MoveStock) -> None:
    """An adjustment of nothing is a mistake."""
    if command.change == 0:
        raise Invalid("an adjustment by 0 changes nothing", pointer="/change")


def check_transfer(command: TransferStock) -> None:
    """From one place to another; raises `Invalid`."""
    if command.from_warehouse == command.to_warehouse:
        raise Invalid(f"it is in {command.to_warehouse} already", pointer="/to_warehouse")


def transfer(
    source: StockItem, target: StockItem, command: TransferStock, transfer_id: UUID
) -> tuple[StockTransferredOut, StockTransferredIn]:
    """What leaves one warehouse comes into the other; raises `BelowReserved`, `StockTooLarge`. Both rows are locked."""
    check_figure(source, source.on_hand - command.quantity)
    check_figure(target, target.on_hand + command.quantity)
    out = StockTransferredOut(
        source.sku, source.warehouse, transfer_id, target.warehouse, command.quantity,
        source.on_hand - command.quantity, source.reserved, command.reason,
    )  # fmt: skip
    into = StockTransferredIn(
        target.sku, target.warehouse, transfer_id, source.warehouse, command.quantity,
        target.on_hand + command.quantity, target.reserved, command.reason,
    )  # fmt: skip
    return out, into


def count(item: StockItem, command: CountStock) -> StockCounted:
    """The count becomes what was found; raises `CountOutOfDate`, `BelowReserved`. The row is locked."""
    if item.on_hand != command.expected:
        said = f"{item.sku}: {command.expected} were expected when it was counted, now {item.on_hand} are"
        raise CountOutOfDate(said, on_hand=item.on_hand, reserved=item.reserved)
    check_figure(item, command.counted)
    return StockCounted(
        item.sku, item.warehouse, command.counted - item.on_hand, command.counted, item.reserved, command.reason
    )


def set_threshold(item: StockItem, low_at: int) -> StockThresholdSet | None:
    """From how many on it is low; None for the threshold that it has. The row is locked."""
    if item.low_at == low_at:
        return None
    return StockThresholdSet(item.sku, item.warehouse, low_at, item.low_at, item.on_hand, item.reserved)


def check_figure(item: StockItem, on_hand: int) -> None:
    """Raises `BelowReserved` where the count would be less than what is promised, and `StockTooLarge`."""
    if on_hand > MOST_ON_HAND and on_hand > item.on_hand:
        said = f"{item.sku}: more than {MOST_ON_HAND:,} would lie in {item.warehouse}"
        raise StockTooLarge(said, on_hand=item.on_hand, reserved=item.reserved)
    if on_hand < item.reserved:
        said = f"{item.sku}: the count would fall below what is reserved"
        raise BelowReserved(said, on_hand=item.on_hand, reserved=item.reserved)


def open_warehouse(existing: Warehouse | None, command: OpenWarehouse, warehouse_id: UUID) -> WarehouseOpened:
    """The event of a new warehouse; raises `WarehouseExists`."""
    if existing is not None:
        raise WarehouseExists(f"{command.code} is the code of another warehouse")
    return WarehouseOpened(warehouse_id, command.code, command.name, command.country, command.priority)


def evolve_item(item: StockItem | None, item_id: UUID, version: int, event: StockItemEvent) -> StockItem:
    """A stock item after an event: the event says the figures, nothing is added up."""
    if isinstance(event, StockItemOpened):
        return StockItem(
            item_id, event.sku, event.warehouse, event.product_id, event.on_hand, event.reserved, event.low_at, version
        )
    assert item is not None, "a stock item's history begins with StockItemOpened"
    low_at = event.low_at if isinstance(event, StockThresholdSet) else item.low_at
    return structs.replace(item, on_hand=event.on_hand, reserved=event.reserved, low_at=low_at, version=version)


def evolve_held(held: Held | None, item_id: UUID, event: StockItemEvent) -> Held:
    """What is held of a stock item after an event."""
    reservations = {} if held is None else held.reservations
    match event:
        case StockReserved():
            reservations = reservations | {event.reservation_id: event.quantity}
        case StockReleased() | StockDeducted():
            reservations = {id_: n for id_, n in reservations.items() if id_ != event.reservation_id}
    return Held(item_id, reservations)


def revise_warehouse(warehouse: Warehouse, command: ReviseWarehouse) -> WarehouseRevised | None:
    """Another name or place in line; None if it is so already."""
    if (warehouse.name, warehouse.priority) == (command.name, command.priority):
        return None
    return WarehouseRevised(warehouse.id, warehouse.code, command.name, command.priority)


def name_manager(warehouse: Warehouse, command: NameManager) -> WarehouseManagerNamed | None:
    """The event, or None for the one who is it already."""
    if warehouse.manager_mail == command.mail:
        return None
    return WarehouseManagerNamed(warehouse.id, warehouse.code, command.mail)


def evolve_warehouse(warehouse: Warehouse | None, event: WarehouseEvent, version: int) -> Warehouse:
    """A warehouse after an event."""
    if isinstance(event, WarehouseOpened):
        return Warehouse(event.warehouse_id, event.code, event.name, event.country, event.priority, version)
    assert warehouse is not None, "a warehouse's history begins with WarehouseOpened"
    if isinstance(event, WarehouseLocated):
        return structs.replace(
            warehouse, latitude=event.latitude, longitude=event.longitude, serves=event.serves, version=version
        )
    if isinstance(event, WarehouseRevised):
        return structs.replace(warehouse, name=event.name, priority=event.priority, version=version)
    return structs.replace(warehouse, manager_mail=event.mail, version=version)
