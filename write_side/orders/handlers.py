"""Quotes, and how an order is answered: `issue_quote` makes the offer that placing.py takes up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata, as_json
from shared.events.orders import PricedLine, QuoteIssued, Totals
from shared.ids import uuid7
from shared.money import Money
from shared.shards import order_key
from write_side import carts, commands, event_log, payments, shipping
from write_side.carts import CartOrderedAlready
from write_side.commands import Answer
from write_side.customers import Contact, Keyring, seal_contact
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.orders import domain, store
from write_side.orders.domain import Order, Quote
from write_side.orders.offers import offers_of, terms_of
from write_side.orders.refusals import UnknownOrder


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
) -> Answer[QuoteState]:
    """Today's price of a cart for an address, good for `ttl` seconds.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `unknown_destination`, `total_out_of_range`, and
    `keyring_unavailable`, since the contact is sealed before it goes anywhere.
    """
    async with pool.acquire() as conn:
        await carts.find_cart(conn, cart_id, secret)  # before anything is made for somebody who holds no cart
    sealed = await seal_contact(keyring, contact)

    async def decide(conn: Connection) -> tuple[QuoteState, Positions]:
        cart = await carts.find_cart(conn, cart_id, secret)
        if cart.order_id is not None:
            raise CartOrderedAlready("an order was placed from this cart; open another one")
        country = contact.address.country
        terms = terms_of(await shipping.find_destination(conn, country), country, cart.currency)
        priced = domain.price(cart.lines, await offers_of(conn, list(cart.lines), cart.currency), terms, cart.currency)
        event = QuoteIssued(
            uuid7(), cart.id, cart.version, sealed.person_id, sealed.mail, sealed.address, terms.country,
            terms.tax_basis_points, priced.lines, priced.totals, datetime.now(UTC) + timedelta(seconds=ttl),
        )  # fmt: skip
        return _quoted(domain.evolve_quote(None, event, 1)), await store.save_quote(conn, event, cause)

    return await commands.run(pool, decide)


# --- what both answer ----------------------------------------------------------------------------------------------


async def show_order(pool: Pool, order_id: UUID) -> Answer[OrderState]:
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
