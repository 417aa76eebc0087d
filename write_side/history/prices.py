"""Why an order line costs what it does: the price that was in force when it was quoted (the SKU's own, or that of a
price list for so many), the quote, and the order."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.envelope import Recorded
from shared.events.orders import Discount, OrderTax, PricedLine
from shared.events.pricing import Tier
from write_side.database import Connection
from write_side.errors import Refusal
from write_side.history.answers import Happened, happened
from write_side.history.domain import Point, UnknownFigure, UnknownHistory
from write_side.history.kinds import KINDS
from write_side.history.past import as_of, unfolded
from write_side.orders import Order, Quote
from write_side.pricing import PricedVariant

LOOKED_THROUGH = 250  # versions of a price in one go


class ByList(Struct, frozen=True):
    """The price list and its tier that a price is by; `terms` is what had said for whom, where and when it is."""

    id: UUID
    name: str
    groups: list[str]
    channels: list[str]
    from_quantity: int
    terms: Happened


class ChargedPrice(Struct, frozen=True):
    """An order line's price and where it comes from; amounts in minor units of `currency`.

    quantity × unit price = total; `discounts` of the order took `discount_minor` of it; `tax_minor` came on top of the
    rest, or `included_tax_minor` was in it. `taxes` of the whole order; before there were several it was
    `tax_basis_points` of everything.
    """

    order_id: UUID
    order_number: str
    sku: str
    currency: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    tax_basis_points: int
    tax_minor: int
    included_tax_minor: int
    taxes: list[OrderTax]
    discount_minor: int
    discounts: list[Discount]
    price_list: Annotated[ByList | None, Meta(description="null: it is the SKU's own price")]
    price_set: Annotated[Happened, Meta(description="set the price that was in force when the quote was made")]
    quoted: Annotated[Happened, Meta(description="took the price over into the quote")]
    ordered: Annotated[Happened, Meta(description="took the quote over into the order")]
    shares: Annotated[list[PricedLine], Meta(description="of a bundle: how its price is shared by what is in it")]


class UnexplainedPrice(Refusal):
    """No price that was ever set accounts for this line: to be looked into."""

    code = "unexplained_price"


async def charged(conn: Connection, order_id: UUID, sku: str) -> ChargedPrice:
    """Where a line's price comes from; raises `UnknownHistory`, `UnknownFigure`, `UnexplainedPrice`."""
    placed = await as_of(conn, KINDS["order"], order_id, Point(version=1))
    if placed is None:
        raise UnknownHistory(f"there is no order {order_id}")
    order: Order = placed.state
    line = next((line for line in order.sold if line.sku == sku), None)
    if line is None:  # nor is what was sold in a bundle priced by itself
        raise UnknownFigure(f"this order has no line of {sku[:100]}", skus=[line.sku for line in order.sold][:50])
    quoted = await as_of(conn, KINDS["quote"], order.quote_id, Point(version=1))
    assert quoted is not None, "every order is of a quote"
    quote: Quote = quoted.state
    price_set = await _in_force(conn, line, order.totals.currency, quoted.last)
    by_list = await _by_list(conn, line, quoted.last.position)
    return ChargedPrice(
        order.id, order.number, sku, order.totals.currency, line.quantity, line.unit_price_minor, line.total_minor,
        quote.tax_basis_points, line.tax_minor, line.included_tax_minor, order.taxes, line.discount_minor,
        order.discounts, by_list, happened(price_set), happened(quoted.last), happened(placed.last),
        [within for within in order.lines if within.bundle == sku],
    )  # fmt: skip


async def _by_list(conn: Connection, line: PricedLine, position: int) -> ByList | None:
    if line.price_list_id is None:
        return None
    past = await as_of(conn, KINDS["price_list"], line.price_list_id, Point(position=position))
    assert past is not None, "a price is by a list that is there"
    terms = past.state.terms
    return ByList(
        line.price_list_id, terms.name, terms.groups, terms.channels, line.from_quantity, happened(past.last)
    )


async def _in_force(conn: Connection, line: PricedLine, currency: str, quoted: Recorded) -> Recorded:
    """The last event before the quote that set the price it names.

    One that was set while the quote was being made may stand before it in the log and yet not be the one it read.
    """
    kind = KINDS["price"]
    last = await as_of(conn, kind, line.variant_id, Point(position=quoted.position))
    until = last.last.version if last else 0
    while until:
        after = max(0, until - LOOKED_THROUGH)
        pasts = await unfolded(conn, kind, line.variant_id, max(0, after - 1), until)
        asked = [_asks(past.state, line, currency, quoted.recorded_at) for past in pasts]
        for n in range(len(pasts) - 1, -1 if after == 0 else 0, -1):
            if asked[n] and not (n and asked[n - 1]):
                return pasts[n].last
        until = after
    raise UnexplainedPrice(f"no price of {line.sku} was ever {line.unit_price_minor} before it was quoted")


def _asks(priced: PricedVariant, line: PricedLine, currency: str, at: datetime) -> bool:
    """Whether these prices are what the line was priced by."""
    if line.price_list_id is not None:
        return Tier(line.from_quantity, line.unit_price_minor) in priced.lists.get(line.price_list_id, [])
    begun = [one.amount_minor for one in priced.scheduled if one.currency == currency and one.starts_at <= at]
    return line.unit_price_minor in (priced.prices.get(currency), *begun)
