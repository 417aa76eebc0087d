"""Orders that are sent in exchange for goods that come back.

Priced like any quote of today's, but for what is of the same product as what comes back: that costs no more than was
paid, and what it costs more than that today. Nothing is charged for sending it, and promotions take nothing off: what
they took off before is in what was paid.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct, structs

from shared.codec import encode_event
from shared.envelope import Metadata, as_json
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, PricedLine, QuoteIssued, Replaces, Shipping
from shared.events.payments import PaymentRequested
from shared.ids import uuid7
from shared.money import least_charge
from write_side import accounts, fraud, inventory, invoices, payments, sales
from write_side.customers import Contact, Keyring
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.invoices import Credit, CreditExceeded, InvoiceNotPermitted
from write_side.orders import domain
from write_side.orders.beside import First, beside, contact_of, read_first
from write_side.orders.bundling import Offer, counted, with_whole_bundles
from write_side.orders.calls import store as calls
from write_side.orders.costing import Priced, goods_of
from write_side.orders.domain import Order, Quote
from write_side.orders.limiting import check_limits
from write_side.orders.naming import names_of
from write_side.orders.numbering import spoken_number
from write_side.orders.offers import offers_of
from write_side.orders.quoting import Outside, taxed
from write_side.pricing import UnitPrice, book_of

Today = Callable[[str, int], UnitPrice | None]  # what one of a SKU costs, if so many are taken; None: it isn't sold


class Wish(NamedTuple):
    """SKU → how many are wished, SKU → how many come back for them, and what these are worth in minor units."""

    wanted: Mapping[str, int]
    given: Mapping[str, int]
    credit_minor: int


class Replacing(Struct, frozen=True):
    """The command of `orders_replace`; texts are the exact JSON of its events and their metadata."""

    order_id: UUID
    payment_id: UUID
    item_ids: list[UUID]
    gift_cards: list[GiftPart]
    placed: str
    payment_requested: str
    metadata: str
    account_id: UUID | None
    credit_minor: int
    currency: str


async def quote_replacement(
    pool: Pool, keyring: Keyring, order: Order, wish: Wish, until: datetime, outside: Outside,
    invoicing: Collection[str],
) -> tuple[QuoteIssued, Contact, dict[str, int]]:  # fmt: skip
    """What the wished goods cost today, for the address of the first order, whose that is, opened, and what has to come
    for that (`laid_beside`); whoever is outside is asked here, while no transaction is open. A difference too small to
    be charged is not asked for. `invoicing`: of which customer groups one may pay it on invoice.

    Refuses `unknown_order` (of somebody who was erased), `not_sellable`, `pass_required`, `purchase_limit`,
    `total_out_of_range`, `taxes_unavailable`.
    """
    contact, shipping = await contact_of(keyring, order), free(order.shipping)
    async with pool.acquire() as conn:
        first = await read_first(conn, order, contact)
        offers, pieces = await _wished(conn, first, wish)
    priced = await _priced(first, wish, offers, shipping, outside)
    method = "invoice" if first.asked.groups.intersection(invoicing) else "card"
    names = await names_of(pool, priced, order.locale)
    return beside(first, priced, shipping, until, method, first.before.nearest, names), contact, pieces


async def _wished(conn: Connection, first: First, wish: Wish) -> tuple[dict[str, Offer], dict[str, int]]:
    """What is wished, as it is sold in exchange, and what has to come for that (`laid_beside`, `without_a_turn`). Of
    what is sold by turns as many may be wished as come back, since an order's cart takes no turn any more."""
    order, asked = first.order, first.asked
    book = await book_of(conn, list(wish.given), asked.currency)
    listed = await offers_of(conn, wish.wanted, asked)

    def today(sku: str, quantity: int) -> UnitPrice | None:
        return book.unit_price(sku, quantity, asked)

    offers = no_dearer(listed, order.lines, wish, today)
    everything = counted(wish.wanted, offers)
    given = with_whole_bundles(wish.given, order.lines, order.bundles)
    kept = await sales.kept_from(conn, list(everything), order.cart_id)
    sales.check_passes(kept, [sku for sku in kept if everything[sku] > given.get(sku, 0)], order.cart_id)
    await check_limits(conn, order.customer, everything, given)
    beside = Counter(laid_beside(listed, offers, order.lines, wish, today))
    return offers, dict(beside | Counter(without_a_turn(wish, offers, kept)))


async def _priced(
    first: First, wish: Wish, offers: Mapping[str, Offer], shipping: Shipping, outside: Outside
) -> Priced:
    """What it costs with tax; for so much less that nothing is left to pay, where that is too small to be charged."""
    currency = first.asked.currency
    priced = await taxed(goods_of(wish.wanted, offers, shipping, currency), first.where, outside)
    short = priced.totals.total_minor - wish.credit_minor
    if not 0 < short < least_charge(currency):
        return priced
    less = cheaper(offers, wish.wanted, short)
    return await taxed(goods_of(wish.wanted, less, shipping, currency), first.where, outside)


def no_dearer(
    offers: Mapping[str, Offer], bought: Sequence[PricedLine], wish: Wish, today: Today
) -> dict[str, Offer]:  # fmt: skip
    """What is of the same product as something that comes back costs at most what was paid for one of that, after
    discounts, down to the minor unit, and what it costs more than that one today: another size, but not the bigger
    model for the price of the smaller. Piece for piece, the dearest of today beside the dearest. Not where more of a
    product is wished than comes back of it: what was a gift, or was had in a sale, is no price for fifty more."""
    back = _pieces_back(bought, wish, today)
    tops = defaultdict[str, list[int]](list)
    for product_id, skus in _pieces_wished(offers, wish).items():
        if len(skus) <= len(back[product_id]):
            for sku, piece in zip(skus, back[product_id], strict=False):
                tops[sku].append(_top(offers[sku].price, piece, today(piece.sku, wish.wanted[sku])))
    return {sku: _at_most(offer, tops[sku]) for sku, offer in offers.items()}


def laid_beside(
    listed: Mapping[str, Offer], offers: Mapping[str, Offer], bought: Sequence[PricedLine], wish: Wish, today: Today
) -> dict[str, int]:  # fmt: skip
    """SKU → how many of it have to come back for what is offered for less than it is listed for today: all pieces
    that those of its product are laid beside."""
    back, found = _pieces_back(bought, wish, today), Counter[str]()
    for product_id, skus in _pieces_wished(listed, wish).items():
        if any(offers[sku].price != listed[sku].price for sku in skus):
            found.update(piece.sku for piece in back[product_id][: len(skus)])
    return dict(found)


def without_a_turn(wish: Wish, offers: Mapping[str, Offer], kept: Collection[str]) -> dict[str, int]:
    """SKU → how many of it have to come for what is sold by turns (`kept`): as many as are wished of the same, alone or
    in bundles, and all that is in a bundle of this kind. Else somebody would have one more of it, ahead of those who
    wait. For what is wished beside it nothing has to come."""
    everything = counted(wish.wanted, offers)
    in_turn = counted({sku: n for sku, n in wish.wanted.items() if sku in kept}, offers)
    in_turn |= {sku: everything[sku] for sku in kept}
    return {sku: min(n, in_turn[sku]) for sku, n in wish.given.items() if sku in in_turn}


def _pieces_wished(offers: Mapping[str, Offer], wish: Wish) -> dict[UUID, list[str]]:
    """By product the SKU of each piece, the dearest first."""
    found = defaultdict[UUID, list[str]](list)
    for sku in sorted(offers, key=lambda sku: -offers[sku].price.amount_minor):
        found[offers[sku].product_id] += [sku] * wish.wanted.get(sku, 0)
    return found


def _pieces_back(bought: Sequence[PricedLine], wish: Wish, today: Today) -> defaultdict[UUID, list[PricedLine]]:
    """By product the line of each piece that comes back, the dearest of today first; of a SKU in several lines those
    that cost most."""
    found, left = defaultdict[UUID, list[PricedLine]](list), Counter(wish.given)
    for line in sorted(bought, key=_paid_for_one, reverse=True):
        pieces = min(left[line.sku], line.quantity)
        left[line.sku] -= pieces
        found[line.product_id] += [line] * pieces
    price = {sku: one.amount_minor if (one := today(sku, 1)) else -1 for sku in wish.given}
    for lines in found.values():
        lines.sort(key=lambda line: price[line.sku], reverse=True)
    return found


def _at_most(offer: Offer, tops: Sequence[int]) -> Offer:
    if not tops or sum(tops) >= offer.price.amount_minor * len(tops):
        return offer
    price = UnitPrice(sum(tops) // len(tops), tax_included=offer.price.tax_included)
    return structs.replace(offer, price=price)


def _top(price: UnitPrice, line: PricedLine, alike: UnitPrice | None) -> int:
    """What may be asked for one beside a piece of this line: the price itself where what was paid, or what it costs
    today, is no measure."""
    if alike is None or not price.tax_included == line.tax_included == alike.tax_included:
        return price.amount_minor
    return min(_paid_for_one(line) + max(price.amount_minor - alike.amount_minor, 0), price.amount_minor)


def _paid_for_one(line: PricedLine) -> int:
    return (line.total_minor - line.discount_minor) // line.quantity


def cheaper(offers: Mapping[str, Offer], wanted: Mapping[str, int], by_minor: int) -> dict[str, Offer]:
    """The first SKU at so much less that all of it costs less by so much; what its price doesn't allow is taken off the
    next."""
    found = dict(offers)
    for sku, quantity in wanted.items():
        price = found[sku].price
        less = min(max(-(-by_minor // quantity), 0), price.amount_minor)
        unit = UnitPrice(price.amount_minor - less, tax_included=price.tax_included)
        found[sku] = structs.replace(found[sku], price=unit)
        by_minor -= less * quantity
    return found


def free(shipping: Shipping | None) -> Shipping:
    """Sent as before, for nothing."""
    return structs.replace(shipping, price_minor=0, from_minor=0) if shipping else Shipping("", "", 0)


async def is_on_credit(conn: Connection, order: Order) -> bool:
    """Whether its goods were bought on credit: all of them, or what earlier goods that came back for them had paid."""
    credits = order.replaces.credits if order.replaces else ()
    ids = [order.payment_id, *[part.payment_id for part in credits]]
    found = [await payments.find_payment(conn, payment_id) for payment_id in ids]
    return any(payment and payments.can(payment.method).on_credit for payment in found)


def rest_by(charged_minor: int, quote: Quote, credit: Credit | None) -> str:
    """By which method the difference is paid: on invoice, where the goods were and as much credit is left; else by
    card, since nobody waits here for somebody to choose."""
    if not charged_minor:
        return "exchange"
    if not payments.can(quote.payment_method).on_credit:
        return "card"
    try:
        invoices.check(credit, quote.totals.currency, charged_minor)
    except (InvoiceNotPermitted, CreditExceeded):
        return "card"
    return quote.payment_method


async def _credit(
    conn: Connection, first: Order, quote: Quote, invoicing: Collection[str]
) -> Credit | None:  # fmt: skip
    """What the account may owe, held until the transaction ends; nothing, if it is by now in no group that may."""
    if not payments.can(quote.payment_method).on_credit or first.account_id is None:
        return None
    if not (await accounts.groups_of(conn, first.account_id)).intersection(invoicing):
        return None
    return await invoices.find_credit(conn, first.account_id, lock=True)


async def place_replacement(
    conn: Connection, first: Order, quote: Quote, order_id: UUID, allocations: Sequence[Allocation], replaces: Replaces,
    gifts: list[GiftPart], expires_at: datetime, invoicing: Collection[str], cause: Metadata,
) -> tuple[Order, Positions]:  # fmt: skip
    """The order of such a quote, whose stock is held under its id; what its credits and gift cards don't pay is
    charged, until then. The price that was told stands, whatever groups its buyer is in by now: the goods came back
    for it. Who may pay on invoice (`invoicing`: groups of which one may) is asked anew. In the transaction of a caller
    who holds the first order and the gift cards."""
    await fraud.keep_noted(conn, quote.id, first.payment_id)
    number = spoken_number(os.urandom(8))
    placed = structs.replace(
        domain.place(quote, allocations, order_id, uuid7(), number, expires_at), gift_cards=gifts, replaces=replaces,
        account_id=first.account_id,
    )  # fmt: skip
    order = domain.evolve(None, placed, 1)
    charged, currency = order.charged_minor, order.totals.currency
    method = rest_by(charged, quote, await _credit(conn, first, quote, invoicing))
    requested = PaymentRequested(placed.payment_id, order_id, charged, currency, method)
    places = await inventory.find_places(conn, [(a.sku, a.warehouse) for a in allocations], lock=False)
    command = Replacing(
        order_id, placed.payment_id, [places[a.sku, a.warehouse].id for a in allocations], gifts,
        encode_event(placed).decode(), encode_event(requested).decode(), as_json(cause).decode(), first.account_id,
        charged if payments.can(method).on_credit else 0, currency,
    )  # fmt: skip
    return order, await calls.place_replacement(conn, command)
