"""Orders as analysts find them in Elasticsearch: no personal data beyond the country.

Fields that came with a later version have defaults, since a release may meet the index of the one before it. A sum over
`lines`, `taxes`, `refunds` or `discounts` is one nested aggregation, so that an order is one document: what it sold and
whether that was paid are always of the same moment.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Struct

from shared.documents.invoices import CreditNoteRecord, RecordedTax
from shared.documents.orders import Fulfilment, OrderState, PaymentState, RefundState
from shared.documents.told import MINOR, told

RECORDS = "orders"  # Elasticsearch: an OrderRecord per order

RecoveredBy = Literal["customer", "retry"]


class RecordedLine(Struct, frozen=True):
    """A line of an order. Over all lines, `charged_minor` and what shipping cost make up the order's total."""

    sku: Annotated[str, told("what was bought", since="v6")]
    product_id: Annotated[UUID, told("the product that the SKU is a variant of", since="v6")]
    name: Annotated[str, told("what it was called when it was ordered", since="v6")]
    quantity: Annotated[int, told("how many were ordered", "pieces", "v6")]
    unit_price_minor: Annotated[int, told("price of one, with the tax that is in it", MINOR, "v6")]
    total_minor: Annotated[int, told("quantity × unit price", MINOR, "v6")]
    discount_minor: Annotated[int, told("what promotions took off the line", MINOR, "v6")]
    tax_minor: Annotated[int, told("tax on top of total − discount", MINOR, "v6")]
    charged_minor: Annotated[int, told("total − discount + tax: what the customer was asked for it", MINOR, "v6")]
    refunded_quantity: Annotated[int, told("how many of it were given back, as far as money went back", "pieces", "v6")]
    refunded_minor: Annotated[int, told("what went back for it, tax included", MINOR, "v6")]
    released_quantity: Annotated[int, told("how many of it were never charged nor sent", "pieces", "v6")]
    released_minor: Annotated[int, told("what was authorized for it and not taken, tax included", MINOR, "v6")]
    included_tax_minor: Annotated[int, told("what of total − discount is tax", MINOR, "v9")] = 0
    gift_quantity: Annotated[int, told("how many of them are a gift of a promotion", "pieces", "v11")] = 0
    bundle: Annotated[str | None, told("the SKU of the bundle it was sold in, if any", since="v12")] = None


class RecordedDiscount(Struct, frozen=True):
    """What one promotion took off an order."""

    promotion_id: Annotated[UUID, told("the promotion", since="v6")]
    name: Annotated[str, told("what it was called then", since="v6")]
    code: Annotated[str, told("the coupon's code; empty if it applied by itself", since="v6")]
    amount_minor: Annotated[int, told("off the prices of lines and shipping", MINOR, "v6")]
    currency: Annotated[str, told("the order's: groups of discounts can't see it", since="v15")] = ""


class RecordedRefund(Struct, frozen=True):
    """Money on its way back, or released before it was taken."""

    refund_id: Annotated[UUID, told("the refund", since="v6")]
    state: Annotated[RefundState, told("how far it is; only succeeded ones are money gone", since="v6")]
    reason: Annotated[str, told("why, in staff's word", since="v6")]
    amount_minor: Annotated[int, told("tax included", MINOR, "v6")]
    requested_at: Annotated[datetime, told("when it was asked for", "UTC", "v6")]
    back_minor: Annotated[
        int, told("of it gone or never taken; unless it succeeds what gift cards got or pays other goods", MINOR, "v14")
    ] = 0
    told_minor: Annotated[
        int, told("of that so much as `taxes` is about: all or nothing; a credit note tells its own", MINOR, "v15")
    ] = 0
    taxes: Annotated[list[RecordedTax], told("of that by rate; what is not taxed stands in none", since="v15")] = []


class RecordedDispute(Struct, frozen=True):
    """Money of the order's payment that the buyer's bank wants back, in the provider's words."""

    dispute_id: Annotated[str, told("the provider's name for it", since="v14")]
    status: Annotated[str, told("how far it is: `needs_response`, `won`, `lost`, …", since="v14")]
    reason: Annotated[str, told("why, such as `fraudulent`", since="v14")]
    amount_minor: Annotated[int, told("what it is about", MINOR, "v14")]
    currency: Annotated[str, told("of that amount, ISO 4217; it may be another than the order's", since="v14")]
    began_at: Annotated[datetime, told("when we heard of it first", "UTC", "v14")]
    told_at: Annotated[datetime, told("when we heard of it last", "UTC", "v14")]


class OrderRecord(Struct, frozen=True):
    """An order as it is now; lines + shipping − discount + tax = total."""

    order_id: Annotated[UUID, told("the order; ids sort by time")]
    number: Annotated[str, told("its number for people")]
    state: Annotated[OrderState, told("how far it is")]
    payment_state: Annotated[PaymentState, told("how far its payment is")]
    country: Annotated[str, told("where it goes, ISO 3166")]
    currency: Annotated[str, told("of all its amounts, ISO 4217")]
    lines_minor: Annotated[int, told("its lines before discounts, without tax on top", MINOR)]
    shipping_minor: Annotated[int, told("shipping before discounts, without tax on top", MINOR)]
    discount_minor: Annotated[int, told("what promotions took off lines and shipping", MINOR, "v2")]
    tax_minor: Annotated[int, told("tax on top of all prices", MINOR)]
    total_minor: Annotated[int, told("what the customer agreed to pay", MINOR)]
    refunded_minor: Annotated[
        int, told("what has gone back, not what is under way; of a voided order what paid for it", MINOR, "v2")
    ]
    released_minor: Annotated[int, told("what was authorized and is not taken", MINOR, "v3")]
    fulfilment: Annotated[Fulfilment, told("how far its goods are", since="v2")]
    items: Annotated[int, told("sum of all quantities", "pieces")]
    skus: Annotated[list[str], told("what was bought; `lines` tells how many")]
    product_ids: Annotated[list[UUID], told("the products of these SKUs")]
    promotion_ids: Annotated[list[UUID], told("promotions that took something off", since="v2")]
    codes: Annotated[list[str], told("codes of coupons that took something off", since="v2")]
    placed_at: Annotated[datetime, told("when it was placed", "UTC")]
    updated_at: Annotated[datetime, told("when something last happened to it", "UTC")]
    position: Annotated[int, told("of the last event in it, in the log")]
    gift_minor: Annotated[int, told("of the total: what gift cards pay", MINOR, "v8")] = 0
    gift_back_minor: Annotated[int, told("and what refunds gave back to these, failed ones too", MINOR, "v15")] = 0
    credit_minor: Annotated[int, told("and what goods pay that were sent back for it", MINOR, "v10")] = 0
    account_id: Annotated[UUID | None, told("the account it belongs to; null: a guest's", since="v4")] = None
    lines: Annotated[list[RecordedLine], told("what was bought", since="v6")] = []
    discounts: Annotated[list[RecordedDiscount], told("what took something off", since="v6")] = []
    refunds: Annotated[list[RecordedRefund], told("what went back or was released", since="v6")] = []
    authorized_at: Annotated[datetime | None, told("when a payment first went through", "UTC", "v6")] = None
    captured_at: Annotated[
        datetime | None, told("when the money was taken, or the invoice issued", "UTC", "v6")
    ] = None
    included_tax_minor: Annotated[int, told("tax that is in the prices of lines and shipping", MINOR, "v9")] = 0
    captured_minor: Annotated[int, told("what was taken, or put on the invoice, before refunds", MINOR, "v6")] = 0
    declines: Annotated[int, told("how many tries to pay were refused", "tries", "v6")] = 0
    decline_reasons: Annotated[list[str], told("why, one for each try, oldest first", since="v6")] = []
    first_decline_reason: Annotated[str | None, told("why the first of them was refused", since="v6")] = None
    first_declined_at: Annotated[datetime | None, told("when that was", "UTC", "v6")] = None
    recovered_by: Annotated[
        RecoveredBy | None, told("after a decline, whose try went through: the customer's next one or ours", since="v6")
    ] = None
    returned_items: Annotated[int, told("how many came back by returns", "pieces", "v7")] = 0
    return_reasons: Annotated[list[str], told("of those, and of what is to come", since="v7")] = []
    adds_to: Annotated[UUID | None, told("the order that it was added to and goes with", since="v13")] = None
    payment_method: Annotated[
        str | None, told("`card` or `invoice`; `gift_card` or `exchange` where these pay all of it", since="v14")
    ] = None
    unpaid_minor: Annotated[
        int, told("bought on invoice and not paid yet, less what was credited; 0 of all else", MINOR, "v14")
    ] = 0
    taxes: Annotated[list[RecordedTax], told("its taxes by rate, in prices and on top", since="v14")] = []
    credit_notes: Annotated[
        list[CreditNoteRecord],
        told("of its invoice, oldest first; also about refunds of what was sent in exchange", since="v14"),
    ] = []
    disputes: Annotated[list[RecordedDispute], told("disputes of its payment, oldest first", since="v14")] = []
