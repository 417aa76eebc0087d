"""What happened to invoices and to the credit of accounts. Amounts in minor units.

Aggregates: `credit` (its id is the account's, key `account:<id>`), `invoice` and
`credit_note` (key `order:<order id>`).
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.events.orders import OrderTax


class CreditSet(Struct, frozen=True, tag="invoices.credit_set.v1"):
    """Staff let an account buy on invoice, for so much at a time, to be paid in so many days; a limit of 0 ends it."""

    account_id: UUID
    limit_minor: int
    currency: str
    days: int


class CreditUsed(Struct, frozen=True, tag="invoices.credit_used.v1"):
    """An order that was placed takes so much; `used_minor` is taken by all orders after it."""

    account_id: UUID
    order_id: UUID
    amount_minor: int
    used_minor: int


class CreditFreed(Struct, frozen=True, tag="invoices.credit_freed.v1"):
    """So much of what an order took is free again: it ended, a part was refunded, or its invoice is paid."""

    account_id: UUID
    order_id: UUID
    amount_minor: int
    used_minor: int


class InvoiceIssued(Struct, frozen=True, tag="invoices.invoice_issued.v1"):
    invoice_id: UUID
    order_id: UUID
    account_id: UUID
    amount_minor: int
    currency: str
    due_at: datetime
    number: str = ""  # in the books: 2026-0000017; empty of those from before there were numbers


class InvoiceCredited(Struct, frozen=True, tag="invoices.invoice_credited.v1"):
    """A refund takes so much off, `credited_minor` in all. What was paid already is owed to the customer."""

    invoice_id: UUID
    order_id: UUID
    refund_id: UUID
    amount_minor: int
    credited_minor: int


class CreditNoteIssued(Struct, frozen=True, omit_defaults=True, tag="invoices.credit_note_issued.v1"):
    """The document over what a refund takes off an invoice: `amount_minor`, of which `tax_minor` is tax. `taxes` tells
    each rate, with the part of the amount that it is on; what is not taxed stands in none."""

    credit_note_id: UUID
    number: str  # in the books, a series of its own: 2026-0000003
    invoice_id: UUID
    invoice_number: str  # empty of an invoice from before there were numbers
    order_id: UUID  # whose invoice it is; what was refunded may have replaced its goods
    account_id: UUID
    refund_id: UUID
    amount_minor: int
    tax_minor: int
    currency: str
    reason: str
    issued_at: datetime
    taxes: list[OrderTax] = []  # empty of those from before it was told, and where the order tells none by line


class InvoiceOverdue(Struct, frozen=True, tag="invoices.invoice_overdue.v1"):
    """It was not paid in time."""

    invoice_id: UUID
    order_id: UUID


class InvoicePaid(Struct, frozen=True, tag="invoices.invoice_paid.v1"):
    """Staff saw the money, under this reference of the bank's: all that was open."""

    invoice_id: UUID
    order_id: UUID
    reference: str
    amount_minor: int


CreditEvent = CreditSet | CreditUsed | CreditFreed
InvoiceEvent = InvoiceIssued | InvoiceCredited | InvoiceOverdue | InvoicePaid
