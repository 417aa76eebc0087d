"""What becomes of a batch of stock rows, given what is kept where. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct, field

from shared.events.inventory import StockItemEvent
from write_side import catalog, inventory
from write_side.errors import Refusal
from write_side.imports.stock_rows import Mode, StockRow
from write_side.inventory import OpenStockItem, StockItem

LOW_AT = 5

Place = tuple[str, str]  # SKU, warehouse


class StockTerms(NamedTuple):
    """What holds for all rows. The reason stands in the log for ever."""

    mode: Mode
    reason: str


class Kept(NamedTuple):
    """What is there: stock items by place, products by SKU, codes of warehouses."""

    items: Mapping[Place, StockItem]
    products: Mapping[str, UUID]
    warehouses: Collection[str]


class StockPlan(Struct):
    """What is to be written, and how the rows fared."""

    opened: list[OpenStockItem] = field(default_factory=list)
    changed: list[tuple[StockItem, StockItemEvent]] = field(default_factory=list)
    refused: list[tuple[StockRow, str, str]] = field(default_factory=list)  # code, reason
    unchanged: int = 0


def plan_stock(rows: Sequence[StockRow], kept: Kept, terms: StockTerms) -> StockPlan:
    """What a batch does. No two rows name the same place."""
    made = StockPlan()
    for row in rows:
        item = kept.items.get((row.sku, row.warehouse))
        try:
            if item is None and row.figure is not None:
                made.opened.append(_opened(row, row.figure, kept, terms))
            elif item is not None and (events := list(_events(item, row, terms))):
                made.changed += [(item, event) for event in events]
            else:
                made.unchanged += 1
        except Refusal as refusal:
            made.refused.append((row, refusal.code, refusal.detail))
    return made


def _events(item: StockItem, row: StockRow, terms: StockTerms) -> Iterator[StockItemEvent]:
    """Of the threshold, then of the count: by the new one it is told, once, whether it fell to it."""
    if row.low_at is not None and (set_ := inventory.set_threshold(item, row.low_at)):
        yield set_
    if row.figure is not None and (event := _event(item, row, row.figure, terms)):
        yield event


def _event(item: StockItem, row: StockRow, figure: int, terms: StockTerms) -> StockItemEvent | None:
    if terms.mode == "add":
        return inventory.add_to(item, figure, terms.reason)
    return inventory.set_to(item, figure, row.expected, terms.reason)


def _opened(row: StockRow, figure: int, kept: Kept, terms: StockTerms) -> OpenStockItem:
    if row.warehouse not in kept.warehouses:
        raise inventory.UnknownWarehouse(f"there is no warehouse {row.warehouse}")
    catalog.check_sold({"": row.sku}, kept.products)
    low_at = LOW_AT if row.low_at is None else row.low_at
    return inventory.opened_with(row.sku, row.warehouse, kept.products[row.sku], figure, low_at, terms.reason)
