"""Orders, pure: whether a quote still holds, what placing it means, and what each event makes of it.

What a quote costs is worked out in costing.py; read on here from `check_quote` and `place` to the fold (`evolve`). What
only the rows know (is the stock still there, was the cart changed meanwhile) is asked in schema/functions/orders.sql.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.carts import DEFAULT_CHANNEL
from shared.events.gift_cards import GiftPart
from shared.events.orders import (
    Allocation,
    Discount,
    GoodsDropped,
    OrderAddedTo,
    OrderCancelled,
    OrderClaimed,
    OrderClosing,
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderExtended,
    OrderPlaced,
    OrderReaddressed,
    OrderReallocated,
    OrderRedacted,
    OrderTax,
    PricedLine,
    QuoteEvent,
    QuoteIssued,
    Replaces,
    Shipping,
    Totals,
)
from shared.ids import time_of
from write_side import gift_cards, inventory
from write_side.orders.bundling import gifts_apart, sold
from write_side.orders.costing import Goods
from write_side.orders.dropping import dropped_after, left_of
from write_side.orders.refusals import QuoteExpired, QuoteStale
from write_side.pricing import Asked

State = Literal["pending_payment", "confirmed", "closing", "cancelled", "expired", "completed"]
AT_THE_BANK = timedelta(minutes=10)  # from when somebody is seen there
LONGEST_WAIT = timedelta(hours=1)  # after the order was placed
WORTH_AN_EVENT = timedelta(minutes=1)


class Quote(Struct, frozen=True):
    """An offer that stands until `expires_at`, for one version of a cart."""

    id: UUID
    cart_id: UUID
    cart_version: int
    person_id: UUID
    mail: str  # sealed; empty once the person was erased, like the address
    address: str  # sealed
    country: str
    tax_basis_points: int
    lines: list[PricedLine]
    totals: Totals
    expires_at: datetime
    version: int = 1
    codes: list[str] = []
    discounts: list[Discount] = []
    channel: str = DEFAULT_CHANNEL
    groups: list[str] = []
    account_id: UUID | None = None
    shipping: Shipping | None = None
    taxes: list[OrderTax] = []
    duties_due: bool = False
    gift_cards: list[GiftPart] = []
    payment_method: str = "card"
    bundles: list[PricedLine] = []
    nearest: list[str] = []  # warehouses; empty where the shop does not ship from the nearest
    counted_as: UUID | None = None
    locale: str = ""
    names: dict[str, str] = {}

    @property
    def customer(self) -> UUID:
        """The person whom limits count."""
        return self.counted_as or self.person_id

    @property
    def charged_minor(self) -> int:
        """What gift cards leave to pay."""
        return self.totals.total_minor - gift_cards.paid_by(self.gift_cards)

    @property
    def sold(self) -> list[PricedLine]:
        """The lines of the cart: bundles in the place of what is in them."""
        return sold(self.lines, self.bundles)

    @property
    def wanted(self) -> dict[str, int]:
        """SKU → how many are in the cart, gifts among them."""
        return {line.sku: line.quantity for line in self.sold}

    @property
    def counted(self) -> dict[str, int]:
        """SKU → how many that are no gifts, bundles as well as what is in them."""
        return gifts_apart([*self.lines, *self.bundles])

    @property
    def kept_in_stock(self) -> dict[str, int]:
        """SKU → how many have to be there: gifts and what is in bundles, but no gift cards."""
        return inventory.summed(line for line in self.lines if not line.gift_card)

    @property
    def bought(self) -> dict[str, int]:
        """SKU → how many that are no gifts."""
        return gifts_apart(self.sold)

    def asked(self, now: datetime) -> Asked:
        """Who asks for its prices at a time."""
        return Asked(self.totals.currency, self.channel, frozenset(self.groups), now)


class Order(Struct, frozen=True):
    """An order. `deducted`: its stock has left the reservation; cancelled now, it has to be put back."""

    id: UUID
    number: str
    quote_id: UUID
    cart_id: UUID
    payment_id: UUID
    person_id: UUID
    mail: str  # sealed
    address: str  # sealed
    country: str
    lines: list[PricedLine]
    totals: Totals
    allocations: list[Allocation]
    expires_at: datetime
    state: State
    closing_reason: str | None
    deducted: bool
    version: int
    discounts: list[Discount] = []
    account_id: UUID | None = None
    shipping: Shipping | None = None
    taxes: list[OrderTax] = []
    duties_due: bool = False
    gift_cards: list[GiftPart] = []
    replaces: Replaces | None = None
    bundles: list[PricedLine] = []
    adds_to: UUID | None = None
    additions: list[UUID] = []  # orders that add to it
    counted_as: UUID | None = None
    locale: str = ""
    names: dict[str, str] = {}
    dropped: dict[str, int] = {}  # SKU → how many are not sent any more, though no refund names them

    @property
    def customer(self) -> UUID:
        """The person whom limits count."""
        return self.counted_as or self.person_id

    @property
    def credit_minor(self) -> int:
        """What goods that come back pay of it."""
        return sum(part.amount_minor for part in self.replaces.credits) if self.replaces else 0

    @property
    def charged_minor(self) -> int:
        """What gift cards and goods that come back leave to pay."""
        return self.totals.total_minor - gift_cards.paid_by(self.gift_cards) - self.credit_minor

    @property
    def sold(self) -> list[PricedLine]:
        """The lines as they were put into the cart: bundles in the place of what is in them."""
        return sold(self.lines, self.bundles)


def check_quote(quote: Quote, cart_version: int, fresh: Goods, now: datetime) -> None:
    """Whether the offer still holds; a new quote is the way back from both refusals.

    Raises `QuoteExpired`, or `QuoteStale` with the changes that `fresh`, today's price of the same lines, shows.
    """
    if quote.expires_at <= now or not quote.mail:  # whoever asked for it was erased since
        raise QuoteExpired("the quote has expired; ask for a new one", expired_at=quote.expires_at)
    if quote.cart_version != cart_version:
        raise QuoteStale("the cart was changed since; ask for a new quote", changes=[{"what": "cart"}])
    if changed := changes(quote, fresh):
        raise QuoteStale("prices have changed since; ask for a new quote", changes=changed)


def changes(quote: Quote, fresh: Goods) -> list[dict[str, str | int]]:
    """What costs something else than quoted: per line, discount (a gift that is gone is one). Shipping and taxes are as
    quoted. Amounts in minor units."""
    found: list[dict[str, str | int]] = []
    bought = len(quote.bought)  # what is a gift and nothing else stands behind them
    for was, now in zip(quote.sold[:bought], fresh.lines[:bought], strict=True):
        included = fresh.offers[now.sku].price.tax_included
        if (was.unit_price_minor, was.tax_included) != (now.unit_price_minor, included):
            found.append({"what": "price", "sku": was.sku, "was_minor": was.unit_price_minor,
                          "now_minor": now.unit_price_minor})  # fmt: skip
    if _amounts_of(quote.discounts) != _amounts_of(fresh.off.discounts):
        found.append({"what": "discount", "was_minor": quote.totals.discount_minor,
                      "now_minor": fresh.off.total_minor})  # fmt: skip
    return found


def _amounts_of(discounts: Iterable[Discount]) -> list[Discount]:
    """Discounts without what they need: what was quoted may be edited by what was said with it."""
    return [structs.replace(each, needs=None) for each in discounts]


def place(
    quote: Quote, allocations: Sequence[Allocation], order_id: UUID, payment_id: UUID, number: str,
    expires_at: datetime,
) -> OrderPlaced:  # fmt: skip
    """A quote that holds, as an order: it says the whole of it, so that nothing has to be looked up later."""
    return OrderPlaced(
        order_id, number, quote.id, quote.cart_id, payment_id, quote.person_id, quote.mail, quote.address,
        quote.country, quote.lines, quote.totals, list(allocations), expires_at, quote.discounts, quote.account_id,
        quote.shipping, quote.taxes, quote.duties_due, quote.gift_cards, bundles=quote.bundles,
        counted_as=quote.counted_as, locale=quote.locale, names=quote.names,
    )  # fmt: skip


def evolve_quote(quote: Quote | None, event: QuoteEvent, version: int) -> Quote:
    """A quote, which never changes, until its person is erased."""
    if isinstance(event, QuoteIssued):
        return Quote(
            event.quote_id, event.cart_id, event.cart_version, event.person_id, event.mail, event.address,
            event.country, event.tax_basis_points, event.lines, event.totals, event.expires_at, version, event.codes,
            event.discounts, event.channel, event.groups, event.account_id, event.shipping, event.taxes,
            event.duties_due, event.gift_cards, event.payment_method, event.bundles,
            event.nearest, event.counted_as, event.locale, event.names,
        )  # fmt: skip
    assert quote is not None, "a quote's history begins with QuoteIssued"
    return structs.replace(quote, mail="", address="", version=version)


def extended(order: Order, now: datetime) -> datetime | None:
    """Until when an order's stock is held for somebody who is at their bank; None if that is no longer than it is held
    anyway. However often they go there, an hour after placing it is over: an open payment is no way to keep stock."""
    until = min(now + AT_THE_BANK, time_of(order.id) + LONGEST_WAIT)
    return until if until - order.expires_at >= WORTH_AN_EVENT else None


def evolve(order: Order | None, event: OrderEvent, version: int) -> Order:
    """An order after an event."""
    match event:
        case OrderPlaced() as e:
            return Order(
                e.order_id, e.number, e.quote_id, e.cart_id, e.payment_id, e.person_id, e.mail, e.address, e.country,
                e.lines, e.totals, e.allocations, e.expires_at, "pending_payment", None, False, version, e.discounts,
                e.account_id, e.shipping, e.taxes, e.duties_due, e.gift_cards, e.replaces, e.bundles, e.adds_to,
                counted_as=e.counted_as, locale=e.locale, names=e.names,
            )  # fmt: skip
        case OrderConfirmed():
            return _moved(order, version, "confirmed", None, deducted=True)
        case OrderClosing(reason=reason):
            assert order is not None
            return _moved(order, version, "closing", reason, deducted=order.deducted)
        case OrderExtended(expires_at=expires_at):
            assert order is not None
            return structs.replace(order, expires_at=expires_at, version=version)
        case OrderCancelled(reason=reason):
            return _moved(order, version, "cancelled", reason, deducted=False)
        case OrderExpired():
            return _moved(order, version, "expired", "expired", deducted=False)
        case OrderClaimed(account_id=account_id):
            assert order is not None
            return structs.replace(order, account_id=account_id, version=version)
        case OrderCompleted():
            return _moved(order, version, "completed", None, deducted=True)
        case OrderReallocated(allocations=allocations):
            assert order is not None
            return structs.replace(order, allocations=allocations, version=version)
        case GoodsDropped():
            assert order is not None
            dropped, allocations = dropped_after(order.dropped, event), left_of(order.allocations, event)
            return structs.replace(order, dropped=dropped, allocations=allocations, version=version)
        case OrderReaddressed(address=address):
            assert order is not None
            return structs.replace(order, address=address, version=version)
        case OrderAddedTo(addition_id=addition_id):
            assert order is not None
            return structs.replace(order, additions=[*order.additions, addition_id], version=version)
        case OrderRedacted():
            assert order is not None
            return structs.replace(order, mail="", address="", version=version)


def _moved(order: Order | None, version: int, state: State, reason: str | None, *, deducted: bool) -> Order:
    assert order is not None, "an order's history begins with OrderPlaced"
    return structs.replace(order, state=state, closing_reason=reason, deducted=deducted, version=version)
