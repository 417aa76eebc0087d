"""How quotes and orders are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import as_json
from shared.events.gift_cards import GiftPart
from shared.events.orders import Discount, OrderTax, PricedLine, Shipping, Totals
from shared.money import Money
from shared.shards import order_key
from write_side import event_log, gift_cards, payments
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.orders import store
from write_side.orders.costing import Priced
from write_side.orders.domain import Order, Quote
from write_side.orders.refusals import UnknownOrder


class Amounts(Struct, frozen=True):
    """lines + shipping − discount + tax = total, which is what will be charged. Tax is what comes on top of prices."""

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
        "not_combinable", "gift_not_available",
    ]


class GiftLeftOut(Struct, frozen=True):
    """A gift that a promotion would add, if it weren't sold out, or not sold at the moment."""

    promotion_id: UUID
    name: str  # of the promotion
    sku: str


class RefusedGiftCard(Struct, frozen=True):
    """A gift card that pays nothing, and why. `pointer`: its code in the request."""

    pointer: str
    why: gift_cards.Why


class QuoteState(Struct, frozen=True):
    """An offer. Line amounts in minor units of the totals' currency. What gift cards pay and what is charged come to
    the total."""

    id: UUID
    cart_id: UUID
    cart_version: int
    version: int
    country: str
    lines: list[PricedLine]
    totals: Amounts
    expires_at: datetime
    discounts: list[Discount]
    shipping: Shipping | None  # how it goes, and what that costs before promotions
    taxes: list[OrderTax]
    duties_due: bool  # the recipient pays duties at the door; none of that is in the total
    refused_codes: list[RefusedCode]
    gift_cards: list[GiftPart]
    refused_gift_cards: list[RefusedGiftCard]
    charged: Money
    gifts_left_out: list[GiftLeftOut]
    bundles: list[PricedLine]  # as they are in the cart; what is in them stands in `lines`, each with its share


class PaymentState(Struct, frozen=True):
    """The payment of an order; `POST /v1/payments/{id}/session` is the way to pay."""

    id: UUID
    state: str
    decline_reason: str | None = None  # of the last try, while it is declined
    amount: Money | None = None  # what gift cards leave to pay


class OrderState(Struct, frozen=True):
    """An order as a command leaves it; its lines and history are the query API's."""

    id: UUID
    number: str
    state: str
    totals: Amounts
    payment: PaymentState
    expires_at: datetime
    reason: str | None = None


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
    amount = Money(order.charged_minor, order.totals.currency)
    payment = PaymentState(order.payment_id, payment_state, decline_reason, amount)
    return OrderState(
        order.id, order.number, order.state, amounts(order.totals), payment, order.expires_at, order.closing_reason
    )


def quoted(quote: Quote, priced: Priced, gifts: Mapping[int, gift_cards.Why]) -> QuoteState:
    """A quote as it is answered; `gifts`: which gift card → why it pays nothing."""
    return QuoteState(
        quote.id, quote.cart_id, quote.cart_version, quote.version, quote.country, quote.lines,
        amounts(quote.totals), quote.expires_at, quote.discounts, quote.shipping, quote.taxes, quote.duties_due,
        msgspec.convert([{"code": code, "why": why} for code, why in priced.refused.items()], list[RefusedCode]),
        quote.gift_cards, [RefusedGiftCard(f"/gift_cards/{n}", why) for n, why in gifts.items()],
        Money(quote.charged_minor, quote.totals.currency), [GiftLeftOut(*gift) for gift in priced.left_out],
        quote.bundles,
    )  # fmt: skip


def amounts(totals: Totals) -> Amounts:
    """Totals as they are answered."""

    def money(minor: int) -> Money:
        return Money(minor, totals.currency)

    return Amounts(
        money(totals.lines_minor), money(totals.shipping_minor), money(totals.tax_minor), money(totals.total_minor),
        money(totals.discount_minor),
    )  # fmt: skip
