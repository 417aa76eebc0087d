"""Invoices in Elasticsearch, for analysts: what is to come of what was sold, and what credit notes took off.

Nothing in it is a person's but the account's id: the reference that the bank knows the money by stays in Postgres.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Struct

from shared.documents.told import MINOR, told

RECORDS = "invoices"  # Elasticsearch: an InvoiceRecord per invoice

State = Literal["open", "overdue", "paid", "credited"]

OWED_BY = (
    "who owes it: `reverse_charge`: the buyer; `reverse_charge_unverified`: the buyer, whose VAT id could not be "
    "looked up; `vat_id_not_registered`: the shop, as nobody is registered under the VAT id; empty: the shop"
)


class RecordedTax(Struct, frozen=True):
    """A tax at a rate; of what tells no rates one without any."""

    name: Annotated[str, told("what it is called; empty: which taxes it is of is not told")]
    rate_ppm: Annotated[int | None, told("its rate; null: not told", "parts per million")]
    base_minor: Annotated[int, told("what it is on, without any tax; of no rate: all that is no tax", MINOR)]
    tax_minor: Annotated[int, told("what it comes to", MINOR)]
    included: Annotated[bool, told("whether it is in the prices, not on top of them")]
    note: Annotated[str, told(OWED_BY)] = ""


class CreditNoteRecord(Struct, frozen=True):
    """What a refund took off the invoice, as it was filed."""

    credit_note_id: Annotated[UUID, told("the credit note")]
    number: Annotated[str, told("in the books")]
    refund_id: Annotated[UUID, told("the refund that it is about")]
    reason: Annotated[str, told("why, in staff's word")]
    amount_minor: Annotated[int, told("taken off, tax included", MINOR)]
    tax_minor: Annotated[int, told("of it tax", MINOR)]
    issued_at: Annotated[datetime, told("when it was issued", "UTC")]
    taxes: Annotated[list[RecordedTax], told("of it by rate")]


class InvoiceRecord(Struct, frozen=True):
    """An invoice as it is now; amount − credited − paid = open − owed."""

    invoice_id: Annotated[UUID, told("the invoice")]
    number: Annotated[str, told("in the books; empty of those from before there were numbers")]
    order_id: Annotated[UUID, told("the order that it is over")]
    account_id: Annotated[UUID, told("who owes it")]
    state: Annotated[State, told("how far it is; `credited`: credit notes left nothing to pay")]
    currency: Annotated[str, told("of all its amounts, ISO 4217")]
    amount_minor: Annotated[int, told("what it was issued over, tax included", MINOR)]
    credited_minor: Annotated[int, told("taken off since", MINOR)]
    paid_minor: Annotated[int, told("what came", MINOR)]
    open_minor: Annotated[int, told("what is to come", MINOR)]
    owed_minor: Annotated[int, told("paid and then taken off: to be paid back by hand", MINOR)]
    issued_at: Annotated[datetime, told("when it was issued", "UTC")]
    due_at: Annotated[datetime, told("when it has to be paid", "UTC")]
    overdue_at: Annotated[datetime | None, told("when it was found to be late; null: it was not", "UTC")]
    paid_at: Annotated[datetime | None, told("when staff saw the money", "UTC")]
    days_to_payment: Annotated[int | None, told("whole days from issue to payment", "days")]
    updated_at: Annotated[datetime, told("when something last happened to it", "UTC")]
    credit_notes: Annotated[list[CreditNoteRecord], told("what was taken off it, oldest first")]
    position: Annotated[int, told("of the last event in it, in the log")]
