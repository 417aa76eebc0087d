"""Quotes, and how an order is answered: `issue_quote` makes the offer that placing.py takes up."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import Metadata, as_json
from shared.events.orders import Discount, PricedLine, QuoteIssued, Totals
from shared.ids import uuid7
from shared.money import Money
from shared.shards import order_key
from write_side import accounts, carts, commands, event_log, fraud, inventory, payments, promotions, sales, shipping
from write_side.carts import CartOrderedAlready
from write_side.commands import Answer
from write_side.customers import Contact, Keyring, seal_contact
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.orders import domain, store
from write_side.orders.domain import Order, Quote
from write_side.orders.offers import offers_of, terms_of
from write_side.orders.refusals import UnknownOrder
from write_side.pricing import Asked
from write_side.promotions import Offered


class Amounts(Struct, frozen=True):
    """lines + shipping − discount + tax = total, which is what will be charged."""

    lines: Money
    shipping: Money
    tax: Money
    total: Money
    discount: Money


class RefusedCode(Struct, frozen=True):
    """A code that takes nothing off, and why."""

    code: str
    why: Literal[
        "unknown_code", "not_begun", "over", "used_up", "used_up_by_you", "below_minimum", "nothing_for_it",
        "not_combinable",
    ]


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
    discounts: list[Discount]
    refused_codes: list[RefusedCode]


class PaymentState(Struct, frozen=True):
    """The payment of an order; `POST /v1/payments/{id}/session` is the way to pay."""

    id: UUID
    state: str
    decline_reason: str | None = None  # of the last try, while it is declined


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
    pool: Pool, keyring: Keyring, cart_id: UUID, secret: str | None, contact: Contact, ttl: int,
    cause: Metadata, codes: Sequence[str] = (), visit: fraud.Visit | None = None,
) -> Answer[QuoteState]:  # fmt: skip
    """Today's price of a cart for an address, with what promotions and these codes take off, good for `ttl` seconds;
    by the price lists of the groups that the account of the cart is in.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `unknown_destination`, `pass_required`, `purchase_limit`,
    `total_out_of_range`, and `keyring_unavailable`, since the contact is sealed before it goes anywhere.
    """
    async with pool.acquire() as conn:
        await carts.find_cart(conn, cart_id, secret)  # before anything is made for somebody who holds no cart
    sealed = await seal_contact(keyring, contact)

    async def decide(conn: Connection) -> tuple[QuoteState, Positions]:
        cart = await carts.find_cart(conn, cart_id, secret)
        if cart.order_id is not None:
            raise CartOrderedAlready("an order was placed from this cart; open another one")
        await sales.check(conn, list(cart.lines), cart.id)
        country = contact.address.country
        terms = terms_of(await shipping.find_destination(conn, country), country, cart.currency)
        now = datetime.now(UTC)
        groups = await accounts.groups_of(conn, cart.account_id)
        asked = Asked(cart.currency, cart.channel, groups, now)
        offers = await offers_of(conn, cart.lines, asked)
        promotions_, uses = await promotions.offered_to(conn, codes, sealed.person_id)
        priced = domain.price(cart.lines, offers, terms, cart.currency, Offered(promotions_, codes, uses, now))
        limits = await inventory.find_limits(conn, list(cart.lines))
        bought = await store.bought_by(conn, sealed.person_id, limits) if limits else {}
        inventory.check_limits(cart.lines, limits, bought)
        event = QuoteIssued(
            uuid7(), cart.id, cart.version, sealed.person_id, sealed.mail, sealed.address, terms.country,
            terms.tax_basis_points, priced.lines, priced.totals, now + timedelta(seconds=ttl), list(codes),
            priced.discounts, cart.channel, sorted(groups), cart.account_id,
        )  # fmt: skip
        if visit is not None:
            await fraud.note(conn, event.quote_id, visit)
        state = _quoted(domain.evolve_quote(None, event, 1), priced.refused)
        return state, await store.save_quote(conn, event, cause)

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
    return ordered(order, *await payments.shown(conn, order.payment_id))


def ordered(order: Order, payment_state: str, decline_reason: str | None = None) -> OrderState:
    """An order as commands answer it."""
    payment = PaymentState(order.payment_id, payment_state, decline_reason)
    return OrderState(
        order.id, order.number, order.state, _amounts(order.totals), payment, order.expires_at, order.closing_reason
    )


def _quoted(quote: Quote, refused: Mapping[str, str]) -> QuoteState:
    return QuoteState(
        quote.id, quote.cart_id, quote.cart_version, quote.version, quote.country, quote.tax_basis_points,
        quote.lines, _amounts(quote.totals), quote.expires_at, quote.discounts,
        msgspec.convert([{"code": code, "why": why} for code, why in refused.items()], list[RefusedCode]),
    )  # fmt: skip


def _amounts(totals: Totals) -> Amounts:
    def money(minor: int) -> Money:
        return Money(minor, totals.currency)

    return Amounts(
        money(totals.lines_minor), money(totals.shipping_minor), money(totals.tax_minor), money(totals.total_minor),
        money(totals.discount_minor),
    )  # fmt: skip
