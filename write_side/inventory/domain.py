"""Stock, pure: which demand is met from where, and what each event makes of a stock item.

Whether enough is left when the moment comes only the row knows (decision 3): `inventory_reserve` asks it. Everything
here decides on what was read before.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.inventory import (
    InventoryEvent,
    StockCounted,
    StockDeducted,
    StockItemEvent,
    StockItemOpened,
    StockReleased,
    StockReserved,
    StockTransferredIn,
    StockTransferredOut,
    WarehouseOpened,
)
from shared.events.orders import Allocation
from write_side.errors import Invalid, NotFound, Refusal

Quantity = Annotated[int, Meta(gt=0, le=1_000_000)]
Sku = Annotated[str, Meta(min_length=1, max_length=100)]
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
# `$` alone also matches ahead of a line end.
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}(?!\n)$")]


class OutOfStock(Refusal):
    """Not enough is left; `lines` tells what is left of each of the caller's own lines."""

    code = "out_of_stock"


class UnknownStock(NotFound):
    """This SKU is kept in no warehouse."""

    code = "unknown_stock"


class BelowReserved(Refusal):
    """The count would fall below what is promised to orders."""

    code = "below_reserved"


class CountOutOfDate(Refusal):
    """What lies there changed since it was counted; `on_hand` is what is said now."""

    code = "count_out_of_date"


class WarehouseExists(Refusal):
    """Another warehouse has this code."""

    code = "warehouse_exists"


class StockItemExists(Refusal):
    """The SKU is kept in this warehouse already."""

    code = "stock_item_exists"


class OpenWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"code": "BER", "name": "Berlin", "country": "DE", "priority": 1}`; lower priority ships first."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100


class OpenStockItem(Struct, frozen=True, forbid_unknown_fields=True):
    """Keep a SKU in a warehouse, with a first count."""

    sku: Sku
    warehouse: Code
    product_id: UUID
    on_hand: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    low_at: Annotated[int, Meta(ge=0)] = 5
    reason: Reason = "opened"


class MoveStock(Struct, frozen=True, forbid_unknown_fields=True):
    """Change a count: `change` is signed, the reason stands in the log for ever."""

    sku: Sku
    warehouse: Code
    change: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
    reason: Reason


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
    counted: Annotated[int, Meta(ge=0, le=1_000_000_000)]
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


def summed(demand: Iterable[Demand]) -> dict[str, int]:
    """Demand per SKU: two lines of one SKU are checked together, or each passes alone and both oversell."""
    total: dict[str, int] = {}
    for line in demand:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return total


def allocate(demand: Mapping[str, int], items: Iterable[StockItem]) -> list[tuple[Allocation, UUID]]:
    """Where each SKU is taken from, with the stock item's id: `items` in the order of preference, whole from one
    warehouse if one has enough. Nothing is held by it: the rows are asked later (`inventory_reserve`).

    Raises `UnknownStock` for a SKU kept nowhere and `OutOfStock` naming what is left of every line that lacks.
    """
    places: dict[str, list[StockItem]] = {sku: [] for sku in sorted(demand)}
    for item in items:
        if item.sku in places:
            places[item.sku].append(item)
    lacking = [_left(sku, demand[sku], kept) for sku, kept in places.items() if _available(kept) < demand[sku]]
    if lacking:
        raise out_of_stock(lacking)
    return [taken for sku, kept in places.items() for taken in _taken_from(kept, demand[sku])]


def _available(places: Sequence[StockItem]) -> int:
    return sum(max(place.available, 0) for place in places)


def _left(sku: str, wanted: int, places: Sequence[StockItem]) -> dict[str, object]:
    if not places:
        raise UnknownStock(f"{sku} is kept in no warehouse", sku=sku)
    return {"sku": sku, "wanted": wanted, "available": _available(places)}


def _taken_from(places: Sequence[StockItem], wanted: int) -> list[tuple[Allocation, UUID]]:
    whole = next((place for place in places if place.available >= wanted), None)
    if whole is not None:
        return [(Allocation(whole.sku, whole.warehouse, wanted), whole.id)]
    taken = []
    for place in places:
        quantity = min(wanted, max(place.available, 0))
        if quantity:
            taken.append((Allocation(place.sku, place.warehouse, quantity), place.id))
            wanted -= quantity
    return taken


def out_of_stock(lines: Sequence[Mapping[str, object]]) -> OutOfStock:
    """The refusal for lines of {sku, wanted, available}."""
    said = "; ".join(f"{line['sku']}: {line['wanted']} wanted, {line['available']} left" for line in lines)
    return OutOfStock(said, lines=[{k: line[k] for k in ("sku", "wanted", "available")} for line in lines])


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
    """What leaves one warehouse comes into the other; raises `BelowReserved`. Both rows are locked."""
    _refuse_below_reserved(source, source.on_hand - command.quantity)
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
    _refuse_below_reserved(item, command.counted)
    return StockCounted(
        item.sku, item.warehouse, command.counted - item.on_hand, command.counted, item.reserved, command.reason
    )


def _refuse_below_reserved(item: StockItem, on_hand: int) -> None:
    """Raises `BelowReserved` where the count would be less than what is promised."""
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
    return structs.replace(item, on_hand=event.on_hand, reserved=event.reserved, version=version)


def evolve_held(held: Held | None, item_id: UUID, event: StockItemEvent) -> Held:
    """What is held of a stock item after an event."""
    reservations = {} if held is None else held.reservations
    match event:
        case StockReserved():
            reservations = reservations | {event.reservation_id: event.quantity}
        case StockReleased() | StockDeducted():
            reservations = {id_: n for id_, n in reservations.items() if id_ != event.reservation_id}
    return Held(item_id, reservations)


def evolve_warehouse(event: InventoryEvent, version: int) -> Warehouse:
    """A warehouse after its opening."""
    assert isinstance(event, WarehouseOpened)
    return Warehouse(event.warehouse_id, event.code, event.name, event.country, event.priority, version)
