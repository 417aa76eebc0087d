"""What happened to refunds. Aggregate: `refund`, key `order:<order id>`. Amounts in minor units of its currency.

A refund is requested → (pending at the provider →) succeeded or failed; what has succeeded may still fail, when the
bank sends the money back. What is not captured at all is released, once and for ever.
"""

from uuid import UUID

from msgspec import Struct

from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, OrderTax


class RefundedLine(Struct, frozen=True):
    """So many of an order's SKU, and what they had cost, tax included."""

    sku: str
    quantity: int
    amount_minor: int


class RefundRequested(Struct, frozen=True, tag="refunds.refund_requested.v1"):
    """To be given back: `amount_minor` in all. What was put back into stock with it stands in `restocked`, and how many
    of the goods had left the house in `sent`: these take nothing from what is still to be shipped. What of the amount
    goes back to gift cards is there at once (`gift_cards`), whatever becomes of the rest.

    `tax_minor` is the tax in all of the amount, `taxes` tells it by rate, as credit notes do: empty where nothing of it
    is taxed, or the order tells no rate by line."""

    refund_id: UUID
    order_id: UUID
    payment_id: UUID
    intent_id: str
    amount_minor: int
    currency: str
    reason: str
    lines: list[RefundedLine]  # empty where an amount was given back and no goods
    shipping_minor: int
    restocked: list[Allocation]
    sent: list[ParcelLine] = []
    gift_cards: list[GiftPart] = []
    moved_minor: int = 0  # what of it pays an order that replaces these goods
    part_of: UUID | None = None  # where several payments give it, the first of these refunds; also of what replaces one
    tax_minor: int | None = None  # None: not told here, but by a credit note, or by nobody (made outside, or older)
    taxes: list[OrderTax] = []


class AmountReleased(Struct, frozen=True, tag="refunds.amount_released.v1"):
    """A part of what was authorized is not captured: a refund, as it were, before the money was taken, and done with
    it. The goods in it are not to be shipped. Its taxes are told as a refund's."""

    refund_id: UUID
    order_id: UUID
    payment_id: UUID
    intent_id: str
    amount_minor: int
    currency: str
    reason: str
    lines: list[RefundedLine]
    shipping_minor: int
    restocked: list[Allocation]
    tax_minor: int | None = None
    taxes: list[OrderTax] = []


class RefundPending(Struct, frozen=True, tag="refunds.refund_pending.v1"):
    """The provider has taken it on; the bank takes its time."""

    refund_id: UUID
    order_id: UUID
    provider_id: str


class RefundSucceeded(Struct, frozen=True, tag="refunds.refund_succeeded.v1"):
    """The money is on its way back to the customer."""

    refund_id: UUID
    order_id: UUID
    provider_id: str


class RefundFailed(Struct, frozen=True, tag="refunds.refund_failed.v1"):
    """No money went back, or it came back to us: its amount may be refunded again."""

    refund_id: UUID
    order_id: UUID
    provider_id: str | None  # None: the provider refused to make it
    code: str


RefundEvent = RefundRequested | AmountReleased | RefundPending | RefundSucceeded | RefundFailed
