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
from shared.settings import AllocationStrategy
from write_side import (
    accounts,
    carts,
    catalog,
    commands,
    fraud,
    gift_cards,
    inventory,
    invoices,
    payments,
    promotions,
    sales,
    shipping,
    taxes,
)
from write_side.carts import Cart, CartOrderedAlready
from write_side.commands import Answer
from write_side.customers import Contact, Keyring, Person, seal_contact
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.gift_cards import Gifts, Spread
from write_side.invoices import PayBy
from write_side.orders import costing, domain
from write_side.orders.bundling import Offer, counted
from write_side.orders.costing import Goods, Priced, Sent, Where
from write_side.orders.handlers import QuoteState, quoted
from write_side.orders.limiting import check_limits
from write_side.orders.naming import names_of
from write_side.orders.offers import offers_of, spare_of
from write_side.orders.quotes import store as quotes
from write_side.pricing import Asked
from write_side.promotions import Offered
from write_side.shipping import Parcel, ShippingRates
from write_side.taxes import TaxRates

NOBODY = UUID(int=0)
CARD = PayBy("card", frozenset())
NOT_SENT = Shipping("mail", "By mail", 0)  # an order of gift cards alone


class Outside(NamedTuple):
    """Who says what sending costs and what tax there is, and how many seconds they have for it."""

    rates: ShippingRates
    taxes: TaxRates
    rates_seconds: float
    taxes_seconds: float


class ShippingOption(Struct, frozen=True):
    """A way of sending this cart there. `method` is what a quote takes as its `shipping_method`."""

    method: str
    name: str
    price: Money
    min_days: int | None
    max_days: int | None
    tax_included: bool


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

    @property
    def counted(self) -> dict[str, int]:
        """SKU → how many, bundles as well as what is in them."""
        return counted(self.cart.lines, self.offers)

    @property
    def gift_cards(self) -> int:
        """How many of them are bought."""
        lines = self.cart.lines.items()
        return sum(n for sku, n in lines if sku in self.offers and self.offers[sku].is_gift_card)


async def issue_quote(
    pool: Pool, keyring: Keyring, cart_id: UUID, secret: str | None, contact: Contact, ttl: int, outside: Outside,
    cause: Metadata, codes: Sequence[str] = (), visit: fraud.Visit | None = None, method: str | None = None,
    gifts: Gifts | None = None, pay_by: PayBy = CARD, strategy: AllocationStrategy = "priority",
    locale: str | None = None,
) -> Answer[QuoteState]:  # fmt: skip
    """Today's price of a cart for an address, with what promotions and these codes take off, sent by this method (the
    cheapest, if none is said) and with tax, and what gift cards pay of it, good for `ttl` seconds; by the price lists
    of the groups that the account of the cart is in. `locale`: what the buyer reads, "" the shop's own
    language, None that of the account.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `unknown_destination`, `unknown_shipping_method`,
    `pass_required`, `purchase_limit`, `too_many_gift_cards`, `total_out_of_range`, `invoice_not_permitted`,
    `credit_exceeded`, `shipping_unavailable`, `taxes_unavailable`, and `keyring_unavailable`, since the contact is
    sealed before it goes anywhere.
    """
    async with pool.acquire() as conn:
        cart = await carts.find_cart(conn, cart_id, secret)  # before anything is made for somebody who holds no cart
        invoices.check_asked(pay_by, cart.account_id)
        reads = await accounts.locale_of(conn, cart.account_id) if locale is None else locale
    person = await keyring.person_for(contact.mail)
    sealed, customer = seal_contact(person, contact), await _customer(pool, keyring, cart, person)
    async with pool.acquire() as conn:
        basket = await _basket(conn, cart_id, secret, codes, customer)
        gift_cards.check_bought(basket.gift_cards)
        await check_limits(conn, customer, basket.counted, spared={})
        address = contact.address
        where = Where(address.country, address.region, address.postal_code, address.vat_id)
        near = await _nearest(conn, where, strategy)
    cart, now = basket.cart, datetime.now(UTC)
    chosen, priced = await _priced(basket, where, outside, method)
    paid = await _paid(pool, basket, priced, gifts, pay_by, now)
    event = QuoteIssued(
        uuid7(), cart.id, cart.version, sealed.person_id, sealed.mail, sealed.address, where.country, 0,
        priced.lines, priced.totals, now + timedelta(seconds=ttl), list(codes),
        priced.discounts, cart.channel, sorted(basket.groups), cart.account_id, chosen, priced.taxes, priced.duties_due,
        paid.parts, pay_by.method, priced.bundles, near, None if customer == person.id else customer,
        reads, await names_of(pool, priced, reads),
    )  # fmt: skip

    async def save(conn: Connection) -> tuple[QuoteState, Positions]:
        if visit is not None:
            await fraud.note(conn, event.quote_id, visit)
        state = quoted(domain.evolve_quote(None, event, 1), priced, paid.refused)
        return state, await quotes.save_quote(conn, event, cause)

    return await commands.run(pool, save)


async def _paid(
    pool: Pool, basket: Basket, priced: Priced, gifts: Gifts | None, pay_by: PayBy, now: datetime
) -> Spread:
    """What gift cards pay of it, where the rest can be charged, or owed."""
    paid = await gift_cards.paying(pool, gifts, priced.totals, priced.lines, now)
    charged = Money(priced.totals.total_minor - gift_cards.paid_by(paid.parts), basket.cart.currency)
    costing.check_charged(charged, on_credit=payments.can(pay_by.method).on_credit)
    await invoices.check_quote(pool, pay_by, basket.cart.account_id, basket.groups, charged)
    return paid


async def list_shipping(
    pool: Pool, cart_id: UUID, secret: str | None, where: Where, outside: Outside, codes: Sequence[str] = ()
) -> ShippingOptions:
    """How a cart can be sent to an address, and for what; an empty list where nothing goes, or nothing has
    to, as with gift cards alone.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `pass_required`, `shipping_unavailable`.
    """
    async with pool.acquire() as conn:
        basket = await _basket(conn, cart_id, secret, codes, NOBODY)
    if (sent := _sent(basket)).nothing:
        return ShippingOptions([])
    options = await shipping.ask(outside.rates, _parcel(sent, where, basket.cart.currency), outside.rates_seconds)
    return ShippingOptions(
        [
            ShippingOption(
                option.method, option.name, Money(option.price_minor, basket.cart.currency), option.min_days,
                option.max_days, option.tax_included,
            )
            for option in options
        ]
    )  # fmt: skip


async def _customer(pool: Pool, keyring: Keyring, cart: Cart, typed: Person) -> UUID:
    """The person whom limits count. A cart never changes hands, so whoever's it was when we looked, it is."""
    if cart.account_id is None:
        return typed.counted_as
    return await accounts.counted_as(pool, keyring, cart.account_id, typed)


async def _basket(
    conn: Connection, cart_id: UUID, secret: str | None, codes: Sequence[str], customer: UUID
) -> Basket:
    cart = await carts.find_cart(conn, cart_id, secret)
    if cart.order_id is not None:
        raise CartOrderedAlready("an order was placed from this cart; open another one")
    groups = await accounts.groups_of(conn, cart.account_id)
    asked = Asked(cart.currency, cart.channel, groups, datetime.now(UTC))
    offers, offered = await on_offer(conn, cart.lines, asked, codes, customer)
    await sales.check(conn, list(counted(cart.lines, offers)), cart.id)
    return Basket(cart, groups, offers, offered)


async def on_offer(
    conn: Connection, wanted: Mapping[str, int], asked: Asked, codes: Sequence[str], customer: UUID
) -> tuple[dict[str, Offer], Offered]:
    """What these goods are sold as to somebody who asks so, and what may be given away beside them; and the promotions
    that may apply, by themselves or by one of these codes."""
    promotions_, uses = await promotions.offered_to(conn, codes, customer)
    gifts = promotions.gift_skus(promotions_)
    offers = await offers_of(conn, dict.fromkeys(gifts, 1) | dict(wanted), asked)
    available = await inventory.available_of(conn, gifts) if gifts else {}
    spare = spare_of(gifts, offers, available, counted(wanted, offers))
    by_category = promotions.by_category(one.terms for one in promotions_)
    around = await catalog.categories_around(conn, list(wanted)) if by_category else {}
    return offers, Offered(promotions_, codes, uses, asked.now, spare, around)


async def _nearest(conn: Connection, where: Where, strategy: AllocationStrategy) -> list[str]:
    """Asked here, for it is here alone that the address is read."""
    return await inventory.find_nearest(conn, where.country, where.postal_code) if strategy == "nearest" else []


async def _priced(basket: Basket, where: Where, outside: Outside, method: str | None) -> tuple[Shipping, Priced]:
    """How it is sent, and what it costs so."""
    cart = basket.cart
    chosen = await _chosen(basket, where, outside, method)
    goods = costing.goods_of(cart.lines, basket.offers, chosen, cart.currency, basket.offered)
    return chosen, await taxed(goods, where, outside)


async def taxed(goods: Goods, where: Where, outside: Outside) -> Priced:
    """What they cost there with tax. Whoever is outside is asked while no transaction is open."""
    found = await taxes.ask(outside.taxes, costing.question_of(goods, where), outside.taxes_seconds)
    return costing.price(goods, found)


async def _chosen(basket: Basket, where: Where, outside: Outside, method: str | None) -> Shipping:
    if (sent := _sent(basket)).nothing:
        return NOT_SENT
    parcel = _parcel(sent, where, basket.cart.currency)
    return shipping.chosen(await shipping.ask(outside.rates, parcel, outside.rates_seconds), method, parcel)


def _sent(basket: Basket) -> Sent:
    return costing.sent_of(basket.cart.lines, basket.offers, basket.cart.currency, basket.offered)


def _parcel(sent: Sent, where: Where, currency: str) -> Parcel:
    return Parcel(where.country, where.region, where.postal_code, currency, sent.grams, sent.value_minor)
