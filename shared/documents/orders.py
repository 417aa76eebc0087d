"""The order read models: the status a customer follows (Redis); what analysts query stands in `order_records`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from shared.money import Money

STATUS = "order_status"  # Redis: `doc:<order id>` is an OrderStatus

OrderState = Literal["pending_payment", "confirmed", "closing", "cancelled", "expired", "completed"]
PaymentState = Literal[
    "pending", "declined", "authorized", "captured", "voided", "partially_refunded", "refunded"
]
ParcelState = Literal["shipped", "delivered"]
Fulfilment = Literal["none", "picking", "partially_shipped", "shipped", "delivered"]
RefundState = Literal["requested", "pending", "succeeded", "failed", "released"]
ExchangeState = Literal["wished", "held", "placed", "refused", "dropped", "failed"]
ReturnState = Literal["requested", "approved", "rejected", "received", "cancelled", "expired"]


class Address(Struct, frozen=True):
    """Where an order goes."""

    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    line2: str = ""
    region: str = ""
    gift_card_mail: str = ""  # where gift cards that are bought are mailed to; empty: to the buyer
    vat_id: str = ""  # of a business in the European Union that buys


class Discounted(Struct, frozen=True):
    """What a promotion took off; `code` is null if it applied by itself."""

    name: str
    code: str | None
    amount: Money


class StatusTax(Struct, frozen=True):
    """What a tax at a rate comes to; `included`: it is in the prices, not on top of them."""

    name: str
    rate_ppm: int  # parts per million: 190000 is 19 %
    base: Money
    amount: Money
    included: bool
    # `reverse_charge`: the buyer owes it in their own country, and not the seller; `reverse_charge_unverified`: so they
    # say, and it could not be looked up; `vat_id_not_registered`: nobody is there by that VAT id, and so they pay.
    note: str = ""


class StatusShipping(Struct, frozen=True):
    """How it is sent, and in how many days it arrives, if that is said."""

    method: str
    name: str
    min_days: int | None
    max_days: int | None


class StatusLine(Struct, frozen=True, omit_defaults=True):
    sku: str
    product_id: UUID
    name: str
    quantity: int
    unit_price: Money
    total: Money
    gift_quantity: int = 0  # so many of them are a gift
    bundle: str | None = None  # the SKU of the bundle it was sold in: then this is its share of the bundle's price


class Happened(Struct, frozen=True):
    """One step of an order's history."""

    what: str  # the event's name: "order_placed", "payment_captured" …
    at: datetime


class StatusRefund(Struct, frozen=True):
    """Money on its way back. `quantities` is SKU → how many of it; empty where only an amount was given back."""

    id: UUID
    state: RefundState
    amount: Money
    reason: str
    quantities: dict[str, int]
    requested_at: datetime


class StatusParcel(Struct, frozen=True):
    """A parcel; `quantities` is SKU → how many of it."""

    id: UUID
    state: ParcelState
    carrier: str
    tracking_number: str
    quantities: dict[str, int]
    shipped_at: datetime
    tracking: str | None = None  # where the carrier saw it last
    delivered_at: datetime | None = None


class StatusReturn(Struct, frozen=True, omit_defaults=True):
    """Goods that go back; `quantities` is SKU → how many of it, of a `received` one how many came."""

    id: UUID
    state: ReturnState
    reason: str
    quantities: dict[str, int]
    requested_at: datetime
    warehouse: str | None = None  # where it is waited for, or is
    rejection: str | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    label: str | None = None
    tracking: str | None = None  # where the carrier saw it last
    expires_at: datetime | None = None  # so long it is waited for
    instead: dict[str, int] = {}  # SKU → how many are wished instead of the money
    exchange: ExchangeState | None = None  # how far that is
    replacement_id: UUID | None = None  # the order that it is


class OrderStatus(Struct, frozen=True, omit_defaults=True):
    """What the customer of an order sees: decrypted, opened only by the signed link or staff.

    subtotal + shipping − discounts + tax = total; tax is what comes on top of prices, `taxes` has those in them, too.
    """

    id: UUID
    number: str
    state: OrderState
    payment_state: PaymentState
    mail: str | None  # None once the person was erased
    address: Address | None
    lines: list[StatusLine]
    subtotal: Money
    shipping: Money
    tax: Money
    total: Money
    refunded: Money  # what has gone back; requested and pending refunds don't count yet, released ones never
    refunds: list[StatusRefund]
    fulfilment: Fulfilment  # delivered: all that was not refunded has arrived, the order is complete
    parcels: list[StatusParcel]
    placed_at: datetime
    expires_at: datetime
    history: list[Happened]
    discounts: list[Discounted] = []
    taxes: list[StatusTax] = []
    sent_by: StatusShipping | None = None
    duties_due: bool = False  # the recipient pays duties and import taxes at the door; none of that is in the total
    decline_reason: str | None = None  # why the last try to pay was refused, until one succeeds
    retry_at: datetime | None = None  # when we try again by ourselves
    released: Money | None = None  # of the total: not taken at all, since it could not be shipped
    returns: list[StatusReturn] = []
    gift_cards: Money | None = None  # of the total: what gift cards pay; the rest is charged
    credit: Money | None = None  # and what goods pay that come back
    replaces: UUID | None = None  # the order whose goods these were
    bundles: list[StatusLine] = []  # as they were sold; what is in them stands in `lines`, as it is sent
    adds_to: UUID | None = None  # the order that it goes with
    additions: list[UUID] = []  # orders that were added to it, oldest first
