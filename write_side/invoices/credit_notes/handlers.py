"""Issuing credit notes in the transaction that takes something off an invoice, and showing them."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.invoices import CreditNoteIssued
from shared.events.orders import OrderTax
from shared.ids import uuid7
from shared.money import Money
from write_side.database import Connection, Pool, first_of
from write_side.event_log import Positions
from write_side.invoices import store as invoice_store
from write_side.invoices.credit_notes import store
from write_side.invoices.credit_notes.domain import CreditNote, TakenOff, UnknownCreditNote
from write_side.invoices.domain import Invoice, number_after


class CreditNoteState(Struct, frozen=True):
    """A credit note; `tax` is in the amount, and `taxes` tells each rate of it, with `base_minor`, what it is on: empty
    where that isn't known, as of those from before it was told. `invoice_number` is empty of an invoice from before
    there were numbers."""

    id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    order_id: UUID
    account_id: UUID
    refund_id: UUID
    amount: Money
    tax: Money
    reason: str
    issued_at: datetime
    version: int
    taxes: list[OrderTax]


class CreditNoteList(Struct, frozen=True):
    """Credit notes, the newest first; `next`: where the next page begins, null on the last one."""

    credit_notes: list[CreditNoteState]
    next: UUID | None


async def issue(conn: Connection, invoice: Invoice, off: TakenOff, now: datetime, cause: Metadata) -> Positions:
    """The credit note over what is taken off an invoice whose row is held."""
    await store.hold_numbers(conn)
    number = number_after(await store.last_number(conn, now.year), now.year)
    event = CreditNoteIssued(
        uuid7(), number, invoice.id, invoice.number, invoice.order_id, invoice.account_id, off.refund_id,
        off.amount_minor, off.tax_minor, invoice.currency, off.reason, now, off.taxes,
    )  # fmt: skip
    return await store.save(conn, event, cause)


async def issue_missing(
    conn: Connection, invoice_id: UUID, off: TakenOff, now: datetime, cause: Metadata
) -> Positions:
    """The credit note over what was taken off an invoice without one. Nothing, if there is one by now."""
    invoice = await invoice_store.lock(conn, invoice_id)
    assert invoice is not None, "something was taken off it"
    if await store.of_refund(conn, off.refund_id) is not None:
        return {}
    return await issue(conn, invoice, off, now, cause)


async def show(pool: Pool, note_id: UUID) -> CreditNoteState:
    """As it was issued; refuses `unknown_credit_note`."""
    async with pool.acquire() as conn:
        found = await store.find(conn, note_id)
    if found is None:
        raise UnknownCreditNote("there is no such credit note")
    return _shown(found)


async def list_notes(
    pool: Pool, number: str | None, invoice_id: UUID | None, after: UUID | None, limit: int
) -> CreditNoteList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, number, invoice_id, after, limit + 1)
    notes, last = first_of(found, limit)
    return CreditNoteList([_shown(note) for note in notes], last.id if last else None)


def _shown(note: CreditNote) -> CreditNoteState:
    return CreditNoteState(
        note.id, note.number, note.invoice_id, note.invoice_number, note.order_id, note.account_id, note.refund_id,
        Money(note.amount_minor, note.currency), Money(note.tax_minor, note.currency), note.reason, note.issued_at,
        note.version, note.taxes,
    )  # fmt: skip
