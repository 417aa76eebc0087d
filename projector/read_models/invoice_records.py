"""Invoices in Elasticsearch, for analysts. An invoice and its credit notes share the order's key, so that one fold
hears both, in the order in which they happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

from msgspec import Struct, structs

from projector.model import ELASTICSEARCH, GATHERING, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.invoices import RECORDS, CreditNoteRecord, InvoiceRecord, RecordedTax, State
from shared.envelope import Recorded
from shared.events.invoices import (
    CreditNoteIssued,
    InvoiceCredited,
    InvoiceEvent,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
)
from shared.events.orders import OrderTax

Heard = InvoiceEvent | CreditNoteIssued
_OF_AN_INVOICE = get_args(Heard)  # and not of the credit of its account


class Sums(Struct, frozen=True):
    """What an invoice was issued over, and what became of it, in minor units."""

    amount_minor: int
    credited_minor: int = 0
    paid_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What is to be paid; less than nothing: paid, and taken off since."""
        return self.amount_minor - self.credited_minor - self.paid_minor


class OneInvoice(Folded, frozen=True):
    number: str
    order_id: UUID
    account_id: UUID
    currency: str
    sums: Sums
    issued_at: datetime
    due_at: datetime
    updated_at: datetime
    credit_notes: list[CreditNoteRecord]
    overdue_at: datetime | None = None
    paid_at: datetime | None = None


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The invoice, told from the event itself."""
    return (str(event.invoice_id),) if isinstance(event, _OF_AN_INVOICE) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """An invoice is issued once, before anything is taken off it."""
    return isinstance(event, InvoiceIssued)


def evolve(state: OneInvoice | None, recorded: Recorded, event: Heard) -> OneInvoice:
    """The invoice after the event."""
    at = recorded.recorded_at
    if isinstance(event, InvoiceIssued):
        sums = Sums(event.amount_minor)
        return OneInvoice(
            recorded.position, event.number, event.order_id, event.account_id, event.currency, sums, at, event.due_at,
            at, [],
        )  # fmt: skip
    if state is None:
        raise ValueError(f"{event.invoice_id}: something became of it before it was issued")
    now = structs.replace(state, position=recorded.position, updated_at=at, sums=sums_after(state.sums, event))
    match event:
        case InvoiceOverdue():
            return structs.replace(now, overdue_at=at)
        case InvoicePaid():
            return structs.replace(now, paid_at=at)
        case CreditNoteIssued():
            return structs.replace(now, credit_notes=[*state.credit_notes, filed(event)])
    return now


def sums_after(sums: Sums, event: Heard) -> Sums:
    """What is to be paid after the event; a credit note only files what was taken off."""
    match event:
        case InvoiceIssued(amount_minor=amount):
            return Sums(amount)
        case InvoiceCredited(credited_minor=credited):
            return structs.replace(sums, credited_minor=credited)
        case InvoicePaid(amount_minor=paid):
            return structs.replace(sums, paid_minor=paid)
    return sums


def by_rate(taxes: Sequence[OrderTax], total_minor: int, tax_minor: int) -> list[RecordedTax]:
    """Taxes by rate; where none is told one without any, so that the sums hold."""
    told = [RecordedTax(tax.name, tax.rate_ppm, tax.base_minor, tax.tax_minor, tax.included, tax.note) for tax in taxes]
    return told or [RecordedTax("", None, total_minor - tax_minor, tax_minor, included=False)]


def filed(note: CreditNoteIssued) -> CreditNoteRecord:
    """The credit note as it is kept."""
    taxes = by_rate(note.taxes, note.amount_minor, note.tax_minor)
    return CreditNoteRecord(
        note.credit_note_id, note.number, note.refund_id, note.reason, note.amount_minor, note.tax_minor,
        note.issued_at, taxes,
    )  # fmt: skip


def render(id_: str, state: OneInvoice, _keys: Keys) -> Rendered:
    """A document per invoice."""
    sums, paid_at = state.sums, state.paid_at
    record = InvoiceRecord(
        invoice_id=UUID(id_),
        number=state.number,
        order_id=state.order_id,
        account_id=state.account_id,
        state=_state_of(state),
        currency=state.currency,
        amount_minor=sums.amount_minor,
        credited_minor=sums.credited_minor,
        paid_minor=sums.paid_minor,
        open_minor=max(sums.left_minor, 0),
        owed_minor=max(-sums.left_minor, 0),
        issued_at=state.issued_at,
        due_at=state.due_at,
        overdue_at=state.overdue_at,
        paid_at=paid_at,
        days_to_payment=(paid_at - state.issued_at).days if paid_at else None,
        updated_at=state.updated_at,
        credit_notes=state.credit_notes,
        position=state.position,
    )
    return Rendered({id_: encode(record)})


def _state_of(state: OneInvoice) -> State:
    """What was paid stays so, whatever is taken off later."""
    if state.paid_at:
        return "paid"
    if state.sums.left_minor <= 0:
        return "credited"
    return "overdue" if state.overdue_at else "open"


MODEL = ReadModel(
    name=RECORDS,
    version="v1",
    sink=ELASTICSEARCH,
    contexts=frozenset({"invoices"}),
    state=OneInvoice,
    touches=touches,
    begins=begins,
    evolve=evolve,
    render=render,
    gather=GATHERING,
)
