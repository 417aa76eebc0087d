"""Quotes: `issue_quote` makes the offer that placing.py takes up, `list_shipping` tells beforehand how it can be sent.

Everything is read and asked before the transaction, which only writes. If the cart is changed meanwhile, the quote is
one of the cart before, and as stale as if it had been changed after.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.orders import QuoteIssued, Shipping
from shared.ids import uuid7
from shared.money import Money
from write_side import accounts, carts, commands, fraud, inventory, promotions, sales, shipping, taxes
from write_side.carts import Cart, CartOrderedAlready
from write_side.commands import Answer
from write_side.customers import Contact, Keyring, seal_contact
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.orders import domain, store
from write_side.orders.domain import Offer
from write_side.orders.handlers import QuoteState, quoted
from write_side.orders.offers import offers_of, terms_of
from write_side.pricing import Asked
from write_side.promotions import Offered
from write_side.shipping import Parcel, ShippingRates

NOBODY = UUID(int=0)


class Delivery(NamedTuple):
    """Who says what sending costs, how many seconds they have, and the method wanted (None: the cheapest)."""

    rates: ShippingRates
    seconds: float
    method: str | None = None


class Where(Struct, frozen=True):
    """The part of an address that tells what sending costs."""

    country: str
    region: str = ""
    postal_code: str = ""


class ShippingOption(Struct, frozen=True):
    """A way of sending this cart there. `method` is what a quote takes as its `shipping_method`."""

    method: str
    name: str
    price: Money
    min_days: int | None
    max_days: int | None


class ShippingOptions(Struct, frozen=True):
    """The cheapest first, before promotions that take something off it."""

    options: list[ShippingOption]


class Basket(NamedTuple):
    """What is priced: a cart, the groups its buyer is in, what its lines are sold as, and the promotions that may
    apply."""

    cart: Cart
    groups: frozenset[str]
    offers: Mapping[str, Offer]
    offered: Offered


async def issue_quote(
    pool: Pool, keyring: Keyring, cart_id: UUID, secret: str | None, contact: Contact, ttl: int, delivery: Delivery,
    cause: Metadata, codes: Sequence[str] = (), visit: fraud.Visit | None = None,
) -> Answer[QuoteState]:  # fmt: skip
    """Today's price of a cart for an address, with what promotions and these codes take off, good for `ttl` seconds;
    by the price lists of the groups that the account of the cart is in.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `unknown_destination`, `unknown_shipping_method`,
    `pass_required`, `purchase_limit`, `total_out_of_range`, `shipping_unavailable`, and `keyring_unavailable`,
    since the contact is sealed before it goes anywhere.
    """
    async with pool.acquire() as conn:
        await carts.find_cart(conn, cart_id, secret)  # before anything is made for somebody who holds no cart
    sealed = await seal_contact(keyring, contact)
    async with pool.acquire() as conn:
        basket = await _basket(conn, cart_id, secret, codes, sealed.person_id)
        await _check_limits(conn, basket.cart, sealed.person_id)
        destination = await taxes.find_destination(conn, contact.address.country)
    address = contact.address
    chosen = await _chosen(basket, Where(address.country, address.region, address.postal_code), delivery)
    terms = terms_of(destination, address.country, chosen)
    cart, now = basket.cart, datetime.now(UTC)
    priced = domain.price(cart.lines, basket.offers, terms, cart.currency, basket.offered)
    event = QuoteIssued(
        uuid7(), cart.id, cart.version, sealed.person_id, sealed.mail, sealed.address, terms.country,
        terms.tax_basis_points, priced.lines, priced.totals, now + timedelta(seconds=ttl), list(codes),
        priced.discounts, cart.channel, sorted(basket.groups), cart.account_id, chosen,
    )  # fmt: skip

    async def save(conn: Connection) -> tuple[QuoteState, Positions]:
        if visit is not None:
            await fraud.note(conn, event.quote_id, visit)
        state = quoted(domain.evolve_quote(None, event, 1), priced.refused)
        return state, await store.save_quote(conn, event, cause)

    return await commands.run(pool, save)


async def list_shipping(
    pool: Pool, cart_id: UUID, secret: str | None, where: Where, delivery: Delivery, codes: Sequence[str] = ()
) -> ShippingOptions:
    """How a cart can be sent to an address, and for what; an empty list where nothing goes.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `pass_required`, `shipping_unavailable`.
    """
    async with pool.acquire() as conn:
        basket = await _basket(conn, cart_id, secret, codes, NOBODY)
    options = await shipping.ask(delivery.rates, _parcel(basket, where), delivery.seconds)
    return ShippingOptions(
        [
            ShippingOption(
                option.method, option.name, Money(option.price_minor, basket.cart.currency), option.min_days,
                option.max_days,
            )
            for option in options
        ]
    )  # fmt: skip


async def _basket(
    conn: Connection, cart_id: UUID, secret: str | None, codes: Sequence[str], person_id: UUID
) -> Basket:
    cart = await carts.find_cart(conn, cart_id, secret)
    if cart.order_id is not None:
        raise CartOrderedAlready("an order was placed from this cart; open another one")
    await sales.check(conn, list(cart.lines), cart.id)
    now = datetime.now(UTC)
    groups = await accounts.groups_of(conn, cart.account_id)
    offers = await offers_of(conn, cart.lines, Asked(cart.currency, cart.channel, groups, now))
    promotions_, uses = await promotions.offered_to(conn, codes, person_id)
    return Basket(cart, groups, offers, Offered(promotions_, codes, uses, now))


async def _check_limits(conn: Connection, cart: Cart, person_id: UUID) -> None:
    limits = await inventory.find_limits(conn, list(cart.lines))
    bought = await store.bought_by(conn, person_id, limits) if limits else {}
    inventory.check_limits(cart.lines, limits, bought)


async def _chosen(basket: Basket, where: Where, delivery: Delivery) -> Shipping:
    parcel = _parcel(basket, where)
    options = await shipping.ask(delivery.rates, parcel, delivery.seconds)
    return shipping.chosen(options, delivery.method, parcel)


def _parcel(basket: Basket, where: Where) -> Parcel:
    cart = basket.cart
    sent = domain.sent_of(cart.lines, basket.offers, cart.currency, basket.offered)
    return Parcel(where.country, where.region, where.postal_code, cart.currency, sent.grams, sent.value_minor)
