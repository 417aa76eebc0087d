"""Orders that add to another one before it is picked, and go with it.

Priced like any quote of today's, for the same customer and address. Promotions that apply by themselves apply to what
is added alone, as to an order of its own: what they took off the first was settled with it. Sending it costs what all
that goes costs more than was paid for that so far (`dearer`).
"""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct, structs

from shared.codec import encode_event
from shared.envelope import Metadata, as_json
from shared.events.orders import Allocation, QuoteIssued, Shipping
from shared.events.payments import PaymentRequested
from shared.ids import uuid7
from shared.money import Money
from shared.settings import AllocationStrategy
from write_side import catalog, fraud, inventory, invoices, payments, promotions, sales
from write_side.commands import TryAgain
from write_side.customers import Contact, Keyring
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.invoices import PayBy
from write_side.orders import costing, domain, store
from write_side.orders.beside import First, beside, contact_of, read_first
from write_side.orders.bundling import Offer, counted
from write_side.orders.calls import store as calls
from write_side.orders.changes.store import add_to
from write_side.orders.costing import Sent, Where
from write_side.orders.domain import Order, Quote
from write_side.orders.ending import begin_closing
from write_side.orders.limiting import check_limits
from write_side.orders.naming import names_of
from write_side.orders.numbering import spoken_number
from write_side.orders.offers import on_offer
from write_side.orders.quotes import store as quotes
from write_side.orders.quoting import Outside, check_payable, sent_by, taxed
from write_side.orders.refusals import NotAddable
from write_side.promotions import Claim, Offered, claims_of
from write_side.shipping import UnknownDestination, UnknownShippingMethod

RUNNING = ("pending_payment", "closing", "confirmed")  # what an addition is while it isn't over


class AskedAddition(NamedTuple):
    """What is wanted beside an order, at today's price, and whose that order is, opened."""

    quote: QuoteIssued
    contact: Contact


class Load(Struct, frozen=True):
    """What is sent together. `pieces`: SKU → how many; `value_minor`: what they have cost after promotions."""

    pieces: dict[str, int]
    value_minor: int


class There(Struct, frozen=True):
    """What goes with whatever is added to an order now. `sent_for_minor`: what sending has cost so far, be it that more
    was to go then; `bought`: SKU → how many of what goes are no gifts, bundles as well as what is in them."""

    goes: Load
    sent_for_minor: int
    bought: dict[str, int]


class Adding(Struct, frozen=True):
    """The command of `orders_add`; texts are the exact JSON of its events and their metadata."""

    order_id: UUID
    payment_id: UUID
    customer: UUID  # whom limits count
    item_ids: list[UUID]
    claims: list[Claim]  # of promotions that are limited
    counted: dict[str, int]
    account_id: UUID | None
    credit_minor: int
    currency: str
    placed: str
    payment_requested: str
    metadata: str


async def quote_addition(
    pool: Pool, keyring: Keyring, order: Order, there: There, wanted: Mapping[str, int], pay_by: PayBy,
    until: datetime, outside: Outside,
) -> AskedAddition:  # fmt: skip
    """What is wanted beside an order costs today; whoever is outside is asked here, while no transaction is open.

    Refuses `unknown_order` (of somebody who was erased), `not_sellable`, `not_addable` (`gift_card`, `sold_by_turns`),
    `purchase_limit`, `unknown_destination`, `unknown_shipping_method`, `total_out_of_range`, `invoice_not_permitted`,
    `credit_exceeded`, `shipping_unavailable`, `taxes_unavailable`, and `keyring_unavailable`.
    """
    contact, currency = await contact_of(keyring, order), order.totals.currency
    async with pool.acquire() as conn:
        first = await read_first(conn, order, contact)
        offers, offered = await _offered(conn, first, wanted, there)
        before = sent_with(there.goes, await catalog.weights_of(conn, list(there.goes.pieces)))
    way = Way(order.shipping.method or None if order.shipping else None, first.where, currency, outside)
    sent = costing.sent_of(wanted, offers, currency, offered)
    method = await dearer(before, there.sent_for_minor, sent, way)
    goods = costing.goods_of(wanted, offers, method, currency, offered)
    priced = await taxed(goods, first.where, outside)
    charged = Money(priced.totals.total_minor, currency)
    await check_payable(pool, pay_by, order.account_id, first.asked.groups, charged)
    nearest = list(dict.fromkeys(place.warehouse for place in order.allocations))
    names = await names_of(pool, priced, order.locale)
    return AskedAddition(beside(first, priced, method, until, pay_by.method, nearest, names), contact)


async def _offered(
    conn: Connection, first: First, wanted: Mapping[str, int], there: There
) -> tuple[dict[str, Offer], Offered]:
    """What may be added: what it is sold as today, and the promotions that may apply."""
    order = first.order
    offers, offered = await on_offer(conn, wanted, first.asked, [], order.customer)
    check_kept({sku: offer for sku, offer in offers.items() if sku in wanted})
    everything = counted(wanted, offers)
    for sku in await sales.kept_from(conn, list(everything), order.cart_id):
        raise NotAddable(f"{sku} is sold by turns; it takes an order of its own", why="sold_by_turns", sku=sku)
    # One order to whoever buys: else one turn of a sale would buy again and again what is limited per order.
    await check_limits(conn, order.customer, everything, spared={}, ordered=there.bought)
    return offers, offered


def check_kept(offers: Mapping[str, Offer]) -> None:
    """What goes with other goods lies on a shelf. Refuses `not_addable` (`gift_card`)."""
    if any(offer.is_gift_card for offer in offers.values()):
        raise NotAddable("a gift card is bought, not added", why="gift_card")


def sent_with(load: Load, grams: Mapping[str, int]) -> Sent:
    """What weighs so much, of what was bought before."""
    return Sent(sum(grams.get(sku, 0) * quantity for sku, quantity in load.pieces.items()), load.value_minor)


class Way(NamedTuple):
    """How it is sent and where to, and who says what that costs. `method` None: the cheapest."""

    method: str | None
    where: Where
    currency: str
    outside: Outside

    async def ask(self, sent: Sent) -> Shipping:
        """What sending so much costs. Refuses `unknown_destination`, `unknown_shipping_method`,
        `shipping_unavailable`."""
        return await sent_by(self.method, sent, self.where, self.currency, self.outside)


async def dearer(goes: Sent, sent_for_minor: int, more: Sent, way: Way) -> Shipping:
    """What sending all of it costs more today than was paid so far, or than what goes costs alone: whoever takes
    something off has paid for sending it, and for what costs more without it they pay nothing."""
    both = Sent(goes.grams + more.grams, goes.value_minor + more.value_minor)
    alone, all_ = [await way.ask(each) for each in (goes, both)]
    paid = max(alone.price_minor, sent_for_minor)
    from_minor = await _from(max(all_.price_minor, paid), all_.from_minor, both, way)
    return structs.replace(all_, price_minor=max(all_.price_minor - paid, 0), from_minor=from_minor)


async def _from(most_minor: int, from_minor: int, sent: Sent, way: Way) -> int:
    """From what value of goods that weigh so much sending them costs no more than this: 0 where it never does. Where
    the price rises first (`from_minor`) it may still be within what was paid before."""
    while from_minor:
        try:
            below = await way.ask(structs.replace(sent, value_minor=from_minor - 1))
        except (UnknownDestination, UnknownShippingMethod):
            return from_minor
        if below.price_minor > most_minor:
            return from_minor
        from_minor = below.from_minor if below.from_minor < from_minor else 0  # or whoever is asked contradicts itself
    return 0


async def place_addition(
    conn: Connection, first: Order, issued: QuoteIssued, visit: fraud.Visit | None, strategy: AllocationStrategy,
    expires_at: datetime, cause: Metadata,
) -> tuple[Order, Positions]:  # fmt: skip
    """The order of such a quote: its stock is held, its payment requested, until then. `visit`: what was seen of
    whoever asked. In the transaction of a caller who holds the first order, which goes where it went at the quote.

    Refuses `out_of_stock`, `unknown_stock`, `purchase_limit`, `credit_exceeded`, `invoice_not_permitted`.
    """
    issued = structs.replace(issued, account_id=first.account_id)  # it may have been claimed since
    await quotes.insert_quote(conn, issued)
    if visit is not None:
        await fraud.note(conn, issued.quote_id, visit)
    quote = domain.evolve_quote(None, issued, 1)
    command, order = await _adding(conn, first, quote, strategy, expires_at, cause)
    outcome = await calls.place_addition(conn, command)
    if outcome.outcome != "done":
        raise await _refused(conn, quote, outcome.outcome, outcome.facts)
    # Only now: from its first event on a transaction holds up the feed, and `orders_add` waits for shelves.
    quoted, added_to = await quotes.append_quote(conn, issued, cause), await add_to(conn, first, order, cause)
    return order, together(quoted, calls.decoded(outcome.positions), added_to)


async def _adding(
    conn: Connection, first: Order, quote: Quote, strategy: AllocationStrategy, expires_at: datetime, cause: Metadata
) -> tuple[Adding, Order]:
    taken = await _taken(conn, quote, strategy)
    number = spoken_number(os.urandom(8))
    placed = domain.place(quote, [place for place, _ in taken], uuid7(), uuid7(), number, expires_at)
    placed = structs.replace(placed, adds_to=first.id)
    order = domain.evolve(None, placed, 1)
    charged, currency = order.charged_minor, order.totals.currency
    requested = PaymentRequested(placed.payment_id, order.id, charged, currency, quote.payment_method)
    limits = await inventory.find_limits(conn, list(quote.counted))
    command = Adding(
        order.id, placed.payment_id, order.customer, [item_id for _, item_id in taken], await _claims(conn, quote),
        inventory.counted(quote.counted, limits), order.account_id,
        charged if payments.can(quote.payment_method).on_credit else 0, currency,
        encode_event(placed).decode(), encode_event(requested).decode(), as_json(cause).decode(),
    )  # fmt: skip
    return command, order


async def check_there(conn: Connection, issued: QuoteIssued, strategy: AllocationStrategy) -> None:
    """Whether what was quoted is there at the moment, unlocked. Refuses `out_of_stock`, `unknown_stock`."""
    await _taken(conn, domain.evolve_quote(None, issued, 1), strategy)


async def _taken(conn: Connection, quote: Quote, strategy: AllocationStrategy) -> Sequence[tuple[Allocation, UUID]]:
    """From the shelves that the first comes from, if they have it: so it needs no parcel of its own."""
    items = await inventory.find_items(conn, list(quote.kept_in_stock))
    return inventory.allocate(quote.kept_in_stock, items, "nearest" if quote.nearest else strategy, quote.nearest)


async def _claims(conn: Connection, quote: Quote) -> list[Claim]:
    """What it is to hold of the promotions that it was quoted with a moment ago."""
    if not quote.discounts:
        return []
    running, _ = await promotions.offered_to(conn, [], quote.customer)
    if not {each.promotion_id for each in quote.discounts} <= {promotion.id for promotion in running}:
        raise TryAgain("a promotion has ended meanwhile; try again", retry_after=1)
    return claims_of(running, quote.discounts)


async def _refused(conn: Connection, quote: Quote, outcome: str, facts: Any) -> Exception:
    """Why: as it stands now, under the locks."""
    if outcome == "out_of_stock":
        return inventory.out_of_stock(facts)
    if outcome == "limit_reached":
        await check_limits(conn, quote.customer, quote.counted, spared={})
    if outcome == "credit_gone":
        credit = await invoices.find_credit(conn, quote.account_id) if quote.account_id else None
        invoices.check(credit, quote.totals.currency, quote.charged_minor)
    return TryAgain("others wanted the same at the same time; try again", retry_after=1)


async def lock_additions(conn: Connection, first: Order) -> Sequence[Order]:
    """What adds to a locked order and is not over (it holds its stock until the provider has let go of it), held until
    the transaction ends, and with it the payments that may still be made void: always behind the first, and ahead of
    the first event, for the feed waits for whoever has appended one."""
    found = [await store.lock_order(conn, order_id) for order_id in first.additions]
    running = [each for each in found if each is not None and each.state in RUNNING]
    for each in running:
        if each.state == "pending_payment":  # whoever remembers its intent holds the payment alone (recording.py)
            await payments.lock_payment(conn, each.payment_id)
    return running


async def close_unpaid(conn: Connection, first: Order, cause: Metadata) -> Positions:
    """The first leaves, or is not sent at all: what was to go with it and is not paid is cancelled."""
    unpaid = [each for each in await lock_additions(conn, first) if each.state == "pending_payment"]
    return together(*[await begin_closing(conn, each, "order_left", cause) for each in unpaid])
