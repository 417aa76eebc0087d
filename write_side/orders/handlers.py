"""From cart to order: `issue_quote` makes the offer, `place_order` takes it up.

Placing: read all that a decision needs in one snapshot, decide (domain.py), then ask the rows in one call
(`orders_place`), which reserves the stock, writes order and payment and appends the events, or refuses.
"""

import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct, structs

from shared.codec import encode_event
from shared.envelope import Metadata, as_json
from shared.events.carts import CartOrdered
from shared.events.orders import OrderPlaced, PricedLine, QuoteIssued, Totals
from shared.events.payments import PaymentRequested
from shared.ids import uuid7
from shared.money import Money
from shared.shards import order_key
from write_side import carts, catalog, commands, event_log, inventory, payments, pricing, shipping
from write_side.carts import Cart, CartOrderedAlready
from write_side.commands import RETRIES, Answer, Call, TryAgain
from write_side.customers import Contact, Keyring, seal_contact
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.orders import domain, store
from write_side.orders.domain import Offer, Order, Quote, Terms
from write_side.orders.refusals import QuoteStale, UnknownOrder
from write_side.orders.store import Outcome, Placing
from write_side.shipping import UnknownDestination


class Amounts(Struct, frozen=True):
    """lines + shipping + tax = total, which is what will be charged."""

    lines: Money
    shipping: Money
    tax: Money
    total: Money


class QuoteState(Struct, frozen=True):
    """An offer. Line amounts in minor units of the totals' currency."""

    id: UUID
    cart_id: UUID
    cart_version: int
    version: int
    country: str
    tax_basis_points: int
    lines: list[PricedLine]
    totals: Amounts
    expires_at: datetime


class PaymentState(Struct, frozen=True):
    """The payment of an order; `POST /v1/payments/{id}/session` is the way to pay."""

    id: UUID
    state: str


class OrderState(Struct, frozen=True):
    """An order as a command leaves it; its lines and history are the query API's."""

    id: UUID
    number: str
    state: str
    totals: Amounts
    payment: PaymentState
    expires_at: datetime
    reason: str | None = None


# --- quote ---------------------------------------------------------------------------------------------------------


async def issue_quote(
    pool: Pool, keyring: Keyring, cart_id: UUID, secret: str | None, contact: Contact, ttl: int, cause: Metadata
) -> Answer:
    """Today's price of a cart for an address, good for `ttl` seconds.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `unknown_destination`, `total_out_of_range`, and
    `keyring_unavailable`, since the contact is sealed before it goes anywhere.
    """
    async with pool.acquire() as conn:
        await carts.find_cart(conn, cart_id, secret)  # before anything is made for somebody who holds no cart
    sealed = await seal_contact(keyring, contact)

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        cart = await carts.find_cart(conn, cart_id, secret)
        if cart.order_id is not None:
            raise CartOrderedAlready("an order was placed from this cart; open another one")
        terms = await _terms(conn, contact.address.country, cart.currency)
        priced = domain.price(cart.lines, await _offers(conn, list(cart.lines), cart.currency), terms, cart.currency)
        event = QuoteIssued(
            uuid7(), cart.id, cart.version, sealed.person_id, sealed.mail, sealed.address, terms.country,
            terms.tax_basis_points, priced.lines, priced.totals, datetime.now(UTC) + timedelta(seconds=ttl),
        )  # fmt: skip
        return _quoted(domain.evolve_quote(event, 1)), await store.save_quote(conn, event, cause)

    return await commands.run(pool, decide)


async def _terms(conn: Connection, country: str, currency: str) -> Terms:
    destination = await shipping.find_destination(conn, country)
    if destination is None:
        raise UnknownDestination(f"orders do not go to {country}", country=country, pointer="/address/country")
    return Terms(country, destination.tax_basis_points, destination.shipping_in(currency))


async def _offers(conn: Connection, skus: list[str], currency: str) -> dict[str, Offer]:
    """What is sold of these SKUs in this currency; the others are left out."""
    sold = await catalog.find_variants(conn, skus)
    prices = await pricing.prices_of(conn, skus, currency)
    return {
        sku: Offer(variant.product_id, variant.variant_id, variant.name, prices[sku])
        for sku, variant in sold.items()
        if variant.status == "active" and sku in prices
    }


# --- place ---------------------------------------------------------------------------------------------------------


async def place_order(
    pool: Pool, quote_id: UUID, secret: str | None, payment_ttl: int, cause: Metadata, call: Call
) -> Answer:
    """Take up a quote: its stock is held and its payment requested, for `payment_ttl` seconds.

    The same quote again, under whatever key, is the same order. Refuses `quote_expired`, `quote_stale`, `not_sellable`,
    `cart_ordered`, `out_of_stock` with what is left of each line, and what the Idempotency-Key says.
    """
    for _ in range(RETRIES):
        command = await _decide(pool, quote_id, secret, payment_ttl, cause, call)
        try:
            [outcome] = await store.place(pool, [command])
        except (asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError):
            continue
        # Gone from that warehouse since we read: perhaps another one has it, and if not, the next reading says so.
        if outcome.outcome != "out_of_stock":
            return await _answer(pool, outcome)
    raise TryAgain("others wanted the same at the same time; try again", retry_after=1)


async def _decide(
    pool: Pool, quote_id: UUID, secret: str | None, payment_ttl: int, cause: Metadata, call: Call
) -> Placing:
    """The command that `orders_place` is to carry out, or a refusal.

    One snapshot for all reading: while an earlier call with this key or quote is not visible, what it took isn't
    either, so a repeat is never refused for the sake of its own first call.
    """
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        quote = await store.find_quote(conn, quote_id)
        if quote is None:
            raise carts.unopened(secret)  # as if its cart were somebody else's
        cart = await carts.find_cart(conn, quote.cart_id, secret)
        asked = _asked(quote, cause, call)
        if await store.is_ordered(conn, quote_id):
            return asked
        return await _plan(conn, asked, quote, cart, payment_ttl)


def _asked(quote: Quote, cause: Metadata, call: Call) -> Placing:
    return Placing(
        call.actor, call.route, call.key, call.request_hash.hex(), quote.id, quote.cart_id, quote.cart_version,
        as_json(cause).decode(),
    )  # fmt: skip


async def _plan(conn: Connection, asked: Placing, quote: Quote, cart: Cart, payment_ttl: int) -> Placing:
    wanted = {line.sku: line.quantity for line in quote.lines}
    terms = await _terms(conn, quote.country, quote.totals.currency)
    offers = await _offers(conn, list(wanted), quote.totals.currency)
    now = datetime.now(UTC)
    domain.check_quote(quote, cart.version, domain.price(wanted, offers, terms, quote.totals.currency), now)
    taken = await inventory.allocate(conn, wanted)  # unlocked: turns away early whom the rows would turn away
    allocations = [allocation for allocation, _ in taken]
    expires_at = now + timedelta(seconds=payment_ttl)
    number = domain.spoken_number(os.urandom(8))
    placed = domain.place(quote, allocations, uuid7(), uuid7(), number, expires_at)
    return _command(asked, placed, [item_id for _, item_id in taken])


def _command(asked: Placing, placed: OrderPlaced, item_ids: list[UUID]) -> Placing:
    total = placed.totals
    requested = PaymentRequested(placed.payment_id, placed.order_id, total.total_minor, total.currency)
    state = domain.evolve(None, placed, 1)
    return Placing(
        asked.actor, asked.route, asked.key, asked.request_hash, asked.quote_id, asked.cart_id, asked.cart_version,
        asked.metadata, placed.order_id, placed.payment_id, item_ids,
        placed=encode_event(placed).decode(),
        payment_requested=encode_event(requested).decode(),
        cart_ordered=encode_event(CartOrdered(placed.cart_id, placed.order_id)).decode(),
        answer=as_json(ordered(state, "pending")).decode(),
    )  # fmt: skip


async def _answer(pool: Pool, outcome: Outcome) -> Answer:
    match outcome.outcome:
        case "done":
            return Answer(outcome.answer or b"", store.decoded(outcome.positions))
        case "placed":
            return structs.replace(await show_order(pool, UUID(outcome.facts["order_id"])), replayed=True)
        case "cart_ordered":
            raise CartOrderedAlready("another order was placed from this cart")
        case "cart_changed":
            raise QuoteStale("the cart was changed since; ask for a new quote", changes=[{"what": "cart"}])
        case by_key:
            answer = commands.replay_of(by_key, outcome.answer, outcome.positions)
            assert answer is not None
            return answer


# --- what both answer ----------------------------------------------------------------------------------------------


async def show_order(pool: Pool, order_id: UUID) -> Answer:
    """An `OrderState` as it stands now, and where its last event stands. Refuses `unknown_order`."""
    async with pool.acquire() as conn:
        state = await find_state(conn, order_id)
        return Answer(as_json(state), await event_log.latest(conn, order_key(order_id)))


async def find_state(conn: Connection, order_id: UUID) -> OrderState:
    """An order and its payment as they stand now; refuses `unknown_order`."""
    order = await store.find_head(conn, order_id)
    if order is None:
        raise UnknownOrder("there is no such order")
    return ordered(order, await payments.public_state(conn, order.payment_id))


def ordered(order: Order, payment_state: str) -> OrderState:
    """An order as commands answer it."""
    payment = PaymentState(order.payment_id, payment_state)
    return OrderState(
        order.id, order.number, order.state, _amounts(order.totals), payment, order.expires_at, order.closing_reason
    )


def _quoted(quote: Quote) -> QuoteState:
    return QuoteState(
        quote.id, quote.cart_id, quote.cart_version, quote.version, quote.country, quote.tax_basis_points,
        quote.lines, _amounts(quote.totals), quote.expires_at,
    )  # fmt: skip


def _amounts(totals: Totals) -> Amounts:
    def money(minor: int) -> Money:
        return Money(minor, totals.currency)

    return Amounts(
        money(totals.lines_minor), money(totals.shipping_minor), money(totals.tax_minor), money(totals.total_minor)
    )
