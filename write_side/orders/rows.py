"""A row of a quote or an order, as what it stands for."""

from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from shared.envelope import as_json
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, Discount, OrderTax, PricedLine, Replaces, Shipping, Totals
from write_side.orders.domain import Order, Quote

_lines = msgspec.json.Decoder(list[PricedLine])
_totals = msgspec.json.Decoder(Totals)
_discounts = msgspec.json.Decoder(list[Discount])
_shipping = msgspec.json.Decoder(Shipping)
_taxes = msgspec.json.Decoder(list[OrderTax])
_gift_cards = msgspec.json.Decoder(list[GiftPart])
_names = msgspec.json.Decoder(dict[str, str])
_dropped = msgspec.json.Decoder(dict[str, int])
_replaces = msgspec.json.Decoder(Replaces)


def as_quote(row: asyncpg.Record) -> Quote:
    """The quote of a row that has its columns and no others."""
    columns = _columns(row)
    columns["lines"] = _lines.decode(row["lines"])
    columns["totals"] = _totals.decode(row["totals"])
    return Quote(**columns)


def as_order(row: asyncpg.Record, lines: list[PricedLine], allocations: list[Allocation]) -> Order:
    """The order of a row that has its columns and no others, with what other tables say of it."""
    columns = _columns(row)
    columns["dropped"] = _dropped.decode(row["dropped"])
    columns["replaces"] = _replaces.decode(row["replaces"]) if row["replaces"] else None
    names = ("currency", "lines_minor", "shipping_minor", "tax_minor", "total_minor", "discount_minor")
    totals = Totals(*(columns.pop(name) for name in names))
    return Order(**columns, totals=totals, lines=lines, allocations=allocations)


def _columns(row: asyncpg.Record) -> dict[str, Any]:
    """Those of a quote or an order, its documents read."""
    columns = dict(row)
    columns["discounts"] = _discounts.decode(row["discounts"])
    columns["shipping"] = _shipping.decode(row["shipping"]) if row["shipping"] else None
    columns["taxes"] = _taxes.decode(row["taxes"])
    columns["gift_cards"] = _gift_cards.decode(row["gift_cards"])
    columns["bundles"] = _lines.decode(row["bundles"])
    columns["names"] = _names.decode(row["names"])
    return columns


def text(value: Struct | None) -> str | None:
    """What stands in a column of JSON that may be NULL."""
    return None if value is None else as_json(value).decode()
