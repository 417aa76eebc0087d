"""Quotes: `issue_quote` makes the offer that placing.py takes up, `list_shipping` tells beforehand how it can be sent.

Everything is read and asked before the transaction, which only writes. If the cart is changed meanwhile, the quote is
one of the cart before, and as stale as if it had been changed after.
"""

from collections.abc import Collection, Mapping, Sequence
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
    commands,
    fraud,
    gift_cards,
    inventory,
    invoices,
    payments,
    sales,
    shipping,
    taxes,
)
from write_side.carts import Cart, CartOrderedAlready
from write_side.commands import Answer
from write_side.customers import Contact, Keyring, SealedContact, seal_contact
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
from write_side.orders.offers import on_offer
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


class Said(NamedTuple):
    """What a buyer says beside the address. `method`: how it is sent, None the cheapest; `gifts`: the codes of gift
    cards; `locale`: what they read, "" the shop's own language, None that of the account."""

    codes: Sequence[str] = ()
    method: str | None = None
    gifts: Gifts | None = None
    pay_by: PayBy = CARD
    locale: str | None = None


NOTHING_SAID = Said()


class Buyer(NamedTuple):
    """Whose quote it is, sealed, and where it goes. `customer`: the person whom limits count; `reads`: a language."""

    sealed: SealedContact
    country: str
    customer: UUID
    reads: str

    @property
    def counted_as(self) -> UUID | None:
        """The same, where that is another one."""
        return None if self.customer == self.sealed.person_id else self.customer


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
    cause: Metadata, said: Said = NOTHING_SAID, visit: fraud.Visit | None = None,
    strategy: AllocationStrategy = "priority",
) -> Answer[QuoteState]:  # fmt: skip
    """Today's price of a cart for an address, with what promotions and codes take off, with shipping and tax, and what
    gift cards pay of it, good for `ttl` seconds; by the price lists of the groups that the account of the cart is in.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `unknown_destination`, `unknown_shipping_method`,
    `pass_required`, `purchase_limit`, `too_many_gift_cards`, `total_out_of_range`, `invoice_not_permitted`,
    `credit_exceeded`, `shipping_unavailable`, `taxes_unavailable`, and `keyring_unavailable`, since the contact is
    sealed before it goes anywhere.
    """
    async with pool.acquire() as conn:
        cart = await carts.find_cart(conn, cart_id, secret)  # before anything is made for somebody who holds no cart
        invoices.check_asked(said.pay_by, cart.account_id)
        reads = await accounts.locale_of(conn, cart.account_id) if said.locale is None else said.locale
    buyer, where = await _buyer(pool, keyring, cart, contact, reads), Where.of(contact.address.country, contact.address)
    async with pool.acquire() as conn:
        basket = await _checked(conn, cart, said.codes, buyer.customer)
        near = await _nearest(conn, where, strategy)
    now = datetime.now(UTC)
    chosen, priced = await _priced(basket, where, outside, said.method)
    paid = await _paid(pool, basket, priced, said, now)
    names = await names_of(pool, priced, reads)
    event = _issued(basket, buyer, said, chosen, priced, paid, near, names, now + timedelta(seconds=ttl))

    async def save(conn: Connection) -> tuple[QuoteState, Positions]:
        if visit is not None:
            await fraud.note(conn, event.quote_id, visit)
        state = quoted(domain.evolve_quote(None, event, 1), priced, paid.refused)
        return state, await quotes.save_quote(conn, event, cause)

    return await commands.run(pool, save)


async def _buyer(pool: Pool, keyring: Keyring, cart: Cart, contact: Contact, reads: str) -> Buyer:
    """A cart never changes hands, so whoever's it was when we looked, it is."""
    person = await keyring.person_for(contact.mail)
    sealed, customer = seal_contact(person, contact), person.counted_as
    if cart.account_id is not None:
        customer = await accounts.counted_as(pool, keyring, cart.account_id, person)
    return Buyer(sealed, contact.address.country, customer, reads)


async def _checked(conn: Connection, cart: Cart, codes: Sequence[str], customer: UUID) -> Basket:
    """What is priced, if so much of it may be bought."""
    basket = await _basket(conn, cart, codes, customer)
    gift_cards.check_bought(basket.gift_cards)
    await check_limits(conn, customer, basket.counted, spared={})
    return basket


async def _paid(pool: Pool, basket: Basket, priced: Priced, said: Said, now: datetime) -> Spread:
    """What gift cards pay of it, where the rest can be charged, or owed."""
    paid = await gift_cards.paying(pool, said.gifts, priced.totals, priced.lines, now)
    charged = Money(priced.totals.total_minor - gift_cards.paid_by(paid.parts), basket.cart.currency)
    await check_payable(pool, said.pay_by, basket.cart.account_id, basket.groups, charged)
    return paid


async def check_payable(
    pool: Pool, pay_by: PayBy, account_id: UUID | None, groups: Collection[str], charged: Money
) -> None:
    """Whether so much can be charged, or owed. Refuses `total_out_of_range`, `invoice_not_permitted`,
    `credit_exceeded`."""
    costing.check_charged(charged, on_credit=payments.can(pay_by.method).on_credit)
    await invoices.check_quote(pool, pay_by, account_id, groups, charged)


def _issued(
    basket: Basket, buyer: Buyer, said: Said, chosen: Shipping, priced: Priced, paid: Spread, near: list[str],
    names: dict[str, str], until: datetime,
) -> QuoteIssued:  # fmt: skip
    cart, sealed = basket.cart, buyer.sealed
    return QuoteIssued(
        uuid7(), cart.id, cart.version, sealed.person_id, sealed.mail, sealed.address, buyer.country, 0, priced.lines,
        priced.totals, until, list(said.codes), priced.discounts, cart.channel, sorted(basket.groups), cart.account_id,
        chosen, priced.taxes, priced.duties_due, paid.parts, said.pay_by.method, priced.bundles, near,
        buyer.counted_as, buyer.reads, names,
    )  # fmt: skip


async def list_shipping(
    pool: Pool, cart_id: UUID, secret: str | None, where: Where, outside: Outside, codes: Sequence[str] = ()
) -> ShippingOptions:
    """How a cart can be sent to an address, and for what; an empty list where nothing goes, or nothing has
    to, as with gift cards alone.

    Refuses `cart_ordered`, `cart_empty`, `not_sellable`, `pass_required`, `shipping_unavailable`.
    """
    async with pool.acquire() as conn:
        basket = await _basket(conn, await carts.find_cart(conn, cart_id, secret), codes, NOBODY)
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


async def _basket(conn: Connection, cart: Cart, codes: Sequence[str], customer: UUID) -> Basket:
    if cart.order_id is not None:
        raise CartOrderedAlready("an order was placed from this cart; open another one")
    groups = await accounts.groups_of(conn, cart.account_id)
    asked = Asked(cart.currency, cart.channel, groups, datetime.now(UTC))
    offers, offered = await on_offer(conn, cart.lines, asked, codes, customer)
    await sales.check(conn, list(counted(cart.lines, offers)), cart.id)
    return Basket(cart, groups, offers, offered)


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
    sent = _sent(basket)
    return NOT_SENT if sent.nothing else await sent_by(method, sent, where, basket.cart.currency, outside)


async def sent_by(method: str | None, sent: Sent, where: Where, currency: str, outside: Outside) -> Shipping:
    """How it is sent there by this method, or the cheapest, and what that costs. Refuses `unknown_destination`,
    `unknown_shipping_method`, `shipping_unavailable`."""
    parcel = _parcel(sent, where, currency)
    return shipping.chosen(await shipping.ask(outside.rates, parcel, outside.rates_seconds), method, parcel)


def _sent(basket: Basket) -> Sent:
    return costing.sent_of(basket.cart.lines, basket.offers, basket.cart.currency, basket.offered)


def _parcel(sent: Sent, where: Where, currency: str) -> Parcel:
    return Parcel(where.country, where.region, where.postal_code, currency, sent.grams, sent.value_minor)
