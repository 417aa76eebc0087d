"""Stock, pure: which commands there are, what is refused, and what each event makes of a stock item."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.inventory import (
    StockAdjusted,
    StockCounted,
    StockDeducted,
    StockItemEvent,
    StockItemOpened,
    StockReleased,
    StockReserved,
    StockThresholdSet,
    StockTransferredIn,
    StockTransferredOut,
)
from write_side.errors import Invalid, NotFound, Refusal

Quantity = Annotated[int, Meta(gt=0, le=1_000_000)]
Sku = Annotated[str, Meta(min_length=1, max_length=100)]
MOST_LOW_AT = 1_000_000
LowAt = Annotated[int, Meta(ge=0, le=MOST_LOW_AT)]
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
    """What lies there changed since it was counted; `on_hand` is what is said now, and `to_pick` how many lie there
    besides, if the whole shelf was counted."""

    code = "count_out_of_date"


class StockItemExists(Refusal):
    """The SKU is kept in this warehouse already."""

    code = "stock_item_exists"


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

    What is paid for and not picked yet is not to be counted: it lies there, and `on_hand` is without it (`CountShelf`
    counts all). `expected` is the `on_hand` that was read when the counting began: what left or came in meanwhile was
    counted or not, nobody knows, so a count is refused once it is another.
    """

    sku: Sku
    warehouse: Code
    counted: Annotated[int, Meta(ge=0, le=MOST_ON_HAND)]
    expected: Annotated[int, Meta(ge=0, le=2_147_483_647)]
    reason: Reason


class CountShelf(CountStock, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "warehouse": "BER", "counted": 9, "expected": 10, "reason": "inventory 2026"}`.

    All that lies on the shelf is `counted`, also what is paid for and not picked yet. `expected` is the `on_shelf` that
    was read when the counting began; a payment doesn't change it, a pick does, and then the count is refused.
    """


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
    out = sent(source, target.warehouse, command.quantity, transfer_id, command.reason)
    check_figure(target, target.on_hand + command.quantity)
    return out, taken_in(target, source.warehouse, command.quantity, transfer_id, command.reason)


def sent(item: StockItem, to_warehouse: str, quantity: int, transfer_id: UUID, reason: str) -> StockTransferredOut:
    """So many leave for another warehouse; raises `BelowReserved`. The row is locked."""
    left = item.on_hand - quantity
    check_figure(item, left)
    return StockTransferredOut(
        item.sku, item.warehouse, transfer_id, to_warehouse, quantity, left, item.reserved, reason
    )


def taken_in(item: StockItem, from_warehouse: str, quantity: int, transfer_id: UUID, reason: str) -> StockTransferredIn:
    """So many come in from another warehouse, or back off the road. The row is locked."""
    on_hand = item.on_hand + quantity
    return StockTransferredIn(
        item.sku, item.warehouse, transfer_id, from_warehouse, quantity, on_hand, item.reserved, reason
    )


def adjusted(item: StockItem, change: int, reason: str) -> StockAdjusted:
    """The count moves by so much; raises `BelowReserved`, `StockTooLarge`. The row is locked."""
    on_hand = item.on_hand + change
    check_figure(item, on_hand)
    return StockAdjusted(item.sku, item.warehouse, change, on_hand, item.reserved, reason)


def count(item: StockItem, command: CountStock, to_pick: int | None = None) -> StockCounted:
    """The count becomes what was found; raises `CountOutOfDate`, `BelowReserved`. The row is locked. `to_pick`, where
    the whole shelf was counted: so many lie there that are in `on_hand` no more, since they are paid for."""
    besides = to_pick or 0
    if item.on_hand + besides != command.expected:
        said = f"{item.sku}: {command.expected} were expected when it was counted, now {item.on_hand + besides} are"
        facts = {} if to_pick is None else {"to_pick": to_pick}
        raise CountOutOfDate(said, on_hand=item.on_hand, reserved=item.reserved, **facts)
    on_hand = command.counted - besides
    check_figure(item, on_hand)
    return StockCounted(
        item.sku, item.warehouse, on_hand - item.on_hand, on_hand, item.reserved, command.reason, besides
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
