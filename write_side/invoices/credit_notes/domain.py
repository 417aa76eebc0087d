"""Credit notes, pure: what is taken off an invoice, as a document that never changes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.events.invoices import CreditNoteIssued
from shared.events.orders import OrderTax
from write_side.errors import NotFound


class UnknownCreditNote(NotFound):
    """No such credit note."""

    code = "unknown_credit_note"


class TakenOff(NamedTuple):
    """What a refund takes off an invoice, and how much of that is tax, in all and by rate. Minor units of the invoice's
    currency."""

    refund_id: UUID
    amount_minor: int
    tax_minor: int
    taxes: list[OrderTax]
    reason: str


class CreditNote(Struct, frozen=True):
    """So much is taken off an invoice; `order_id` is the invoice's order."""

    id: UUID
    number: str  # in the books: no other credit note has it, and none is missing in between
    invoice_id: UUID
    invoice_number: str
    order_id: UUID
    account_id: UUID
    refund_id: UUID
    amount_minor: int
    tax_minor: int
    currency: str
    reason: str
    issued_at: datetime
    version: int
    taxes: list[OrderTax] = []  # by rate, as Article 226 of Directive 2006/112/EC wants it; none where it isn't known


def evolve(event: CreditNoteIssued, version: int) -> CreditNote:
    """A credit note after its only event."""
    return CreditNote(
        event.credit_note_id, event.number, event.invoice_id, event.invoice_number, event.order_id, event.account_id,
        event.refund_id, event.amount_minor, event.tax_minor, event.currency, event.reason, event.issued_at, version,
        event.taxes,
    )  # fmt: skip
