"""Orders, pure: what a quote costs, whether it still holds, what placing it means, and what each event makes of it.

Read from top to bottom: an offer (`price`, `quote`), an order (`check_quote`, `place`), and the fold (`evolve`). What
only the rows know (is the stock still there, was the cart changed meanwhile) is asked in schema/functions/orders.sql.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.carts import DEFAULT_CHANNEL
from shared.events.orders import (
    Allocation,
    Discount,
    OrderCancelled,
    OrderClaimed,
    OrderClosing,
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderPlaced,
    OrderReallocated,
    OrderRedacted,
    PricedLine,
    QuoteEvent,
    QuoteIssued,
    Shipping,
    Totals,
)
from shared.money import rounded_share
from write_side.orders.refusals import CartEmpty, NotSellable, QuoteExpired, QuoteStale, TotalOutOfRange
from write_side.pricing import Asked, UnitPrice
from write_side.promotions import NO_PROMOTIONS, BasketLine, Offered
from write_side.promotions import apply as apply_promotions

State = Literal["pending_payment", "confirmed", "closing", "cancelled", "expired", "completed"]

LEAST_TOTAL = 50  # minor units: payment providers charge no less
MOST_TOTAL = 99_999_999  # nor more than eight digits


class Offer(Struct, frozen=True):
    """What one SKU is sold as, right now, if so many are taken."""

    product_id: UUID
    variant_id: UUID
    name: str
    price: UnitPrice
    weight_grams: int = 0


class Terms(Struct, frozen=True):
    """What the destination adds."""

    country: str
    tax_basis_points: int
    shipping: Shipping

    @property
    def shipping_minor(self) -> int:
        return self.shipping.price_minor


class Priced(Struct, frozen=True):
    """Lines and totals: lines + shipping − discount + tax = total, to the minor unit. `refused`: code → why it takes
    nothing off."""

    lines: list[PricedLine]
    totals: Totals
    discounts: list[Discount]
    refused: dict[str, str]


class Sent(Struct, frozen=True):
    """What the goods weigh, and what they cost after promotions: shipping is told by both."""

    grams: int
    value_minor: int


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

    @property
    def wanted(self) -> dict[str, int]:
        """SKU → how many."""
        return {line.sku: line.quantity for line in self.lines}

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


def price(
    wanted: Mapping[str, int], offers: Mapping[str, Offer], terms: Terms, currency: str,
    offered: Offered = NO_PROMOTIONS,
) -> Priced:  # fmt: skip
    """SKU → quantity as priced lines and totals. Tax is on what is left after discounts, rounded once per line and once
    for shipping.

    Raises `CartEmpty`, `NotSellable` naming each SKU without an offer, `TotalOutOfRange`.
    """
    basket = _basket(wanted, offers, currency)
    off = apply_promotions(basket, terms.shipping_minor, currency, offered)
    lines = [_line(line, offers[line.sku], terms, part) for line, part in zip(basket, off.lines, strict=True)]
    net = sum(line.total_minor for line in lines)
    shipping = terms.shipping_minor - off.shipping_minor
    tax = sum(line.tax_minor for line in lines) + rounded_share(shipping, terms.tax_basis_points)
    total = net + terms.shipping_minor - off.total_minor + tax
    if not LEAST_TOTAL <= total <= MOST_TOTAL:
        detail = f"an order costs between {LEAST_TOTAL} and {MOST_TOTAL} minor units, this one {total}"
        raise TotalOutOfRange(detail, total_minor=total)
    totals = Totals(currency, net, terms.shipping_minor, tax, total, off.total_minor)
    return Priced(lines, totals, off.discounts, off.refused)


def sent_of(
    wanted: Mapping[str, int], offers: Mapping[str, Offer], currency: str, offered: Offered = NO_PROMOTIONS
) -> Sent:
    """What is to be sent; raises `CartEmpty`, `NotSellable`."""
    basket = _basket(wanted, offers, currency)
    off = apply_promotions(basket, 0, currency, offered)
    grams = sum(offers[line.sku].weight_grams * line.quantity for line in basket)
    return Sent(grams, sum(line.total_minor for line in basket) - off.total_minor)


def _basket(wanted: Mapping[str, int], offers: Mapping[str, Offer], currency: str) -> list[BasketLine]:
    if not wanted:
        raise CartEmpty("the cart has no lines")
    if missing := [sku for sku in wanted if sku not in offers]:
        raise NotSellable(f"not sold in {currency} at the moment: {', '.join(missing)}", skus=missing)
    return [BasketLine(sku, quantity, offers[sku].price.amount_minor) for sku, quantity in wanted.items()]


def _line(line: BasketLine, offer: Offer, terms: Terms, discount: int) -> PricedLine:
    tax = rounded_share(line.total_minor - discount, terms.tax_basis_points)
    return PricedLine(
        line.sku, offer.product_id, offer.variant_id, offer.name, line.quantity, line.unit_price_minor,
        line.total_minor, tax, discount, offer.price.price_list_id, offer.price.from_quantity,
    )  # fmt: skip


def check_quote(quote: Quote, cart_version: int, fresh: Priced, now: datetime) -> None:
    """Whether the offer still holds; a new quote is the way back from both refusals.

    Raises `QuoteExpired`, or `QuoteStale` with the changes that `fresh`, today's price of the same lines, shows.
    """
    if quote.expires_at <= now or not quote.mail:  # whoever asked for it was erased since
        raise QuoteExpired("the quote has expired; ask for a new one", expired_at=quote.expires_at)
    if quote.cart_version != cart_version:
        raise QuoteStale("the cart was changed since; ask for a new quote", changes=[{"what": "cart"}])
    if changed := changes(quote, fresh):
        raise QuoteStale("prices have changed since; ask for a new quote", changes=changed)


def changes(quote: Quote, fresh: Priced) -> list[dict[str, str | int]]:
    """What costs something else than quoted: per line, discount, tax. Shipping is as quoted. Amounts in minor units."""
    found: list[dict[str, str | int]] = []
    for was, now in zip(quote.lines, fresh.lines, strict=True):
        if was.unit_price_minor != now.unit_price_minor:
            found.append({"what": "price", "sku": was.sku, "was_minor": was.unit_price_minor,
                          "now_minor": now.unit_price_minor})  # fmt: skip
    if quote.discounts != fresh.discounts:
        found.append({"what": "discount", "was_minor": quote.totals.discount_minor,
                      "now_minor": fresh.totals.discount_minor})  # fmt: skip
    if not found and quote.totals != fresh.totals:
        found.append({"what": "tax", "was_minor": quote.totals.tax_minor, "now_minor": fresh.totals.tax_minor})
    return found


def place(
    quote: Quote, allocations: Sequence[Allocation], order_id: UUID, payment_id: UUID, number: str, expires_at: datetime
) -> OrderPlaced:
    """A quote that holds, as an order: it says the whole of it, so that nothing has to be looked up later."""
    return OrderPlaced(
        order_id, number, quote.id, quote.cart_id, payment_id, quote.person_id, quote.mail, quote.address,
        quote.country, quote.lines, quote.totals, list(allocations), expires_at, quote.discounts, quote.account_id,
        quote.shipping,
    )  # fmt: skip


_SPOKEN = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is mistaken for something else on the phone


def spoken_number(random: bytes) -> str:
    """The number people use, like `7F3K-29QM`, from eight random bytes; tells nothing of how many there are."""
    letters = "".join(_SPOKEN[byte % len(_SPOKEN)] for byte in random[:8])
    return f"{letters[:4]}-{letters[4:]}"


def evolve_quote(quote: Quote | None, event: QuoteEvent, version: int) -> Quote:
    """A quote, which never changes, until its person is erased."""
    if isinstance(event, QuoteIssued):
        return Quote(
            event.quote_id, event.cart_id, event.cart_version, event.person_id, event.mail, event.address,
            event.country, event.tax_basis_points, event.lines, event.totals, event.expires_at, version, event.codes,
            event.discounts, event.channel, event.groups, event.account_id, event.shipping,
        )  # fmt: skip
    assert quote is not None, "a quote's history begins with QuoteIssued"
    return structs.replace(quote, mail="", address="", version=version)


def evolve(order: Order | None, event: OrderEvent, version: int) -> Order:
    """An order after an event."""
    match event:
        case OrderPlaced() as e:
            return Order(
                e.order_id, e.number, e.quote_id, e.cart_id, e.payment_id, e.person_id, e.mail, e.address, e.country,
                e.lines, e.totals, e.allocations, e.expires_at, "pending_payment", None, False, version, e.discounts,
                e.account_id, e.shipping,
            )  # fmt: skip
        case OrderConfirmed():
            return _moved(order, version, "confirmed", None, deducted=True)
        case OrderClosing(reason=reason):
            assert order is not None
            return _moved(order, version, "closing", reason, deducted=order.deducted)
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
        case OrderRedacted():
            assert order is not None
            return structs.replace(order, mail="", address="", version=version)


def _moved(order: Order | None, version: int, state: State, reason: str | None, *, deducted: bool) -> Order:
    assert order is not None, "an order's history begins with OrderPlaced"
    return structs.replace(order, state=state, closing_reason=reason, deducted=deducted, version=version)
