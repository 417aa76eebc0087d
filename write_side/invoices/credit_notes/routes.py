"""Credit notes over HTTP, for staff (scope invoices:read)."""

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter

from shared.http.described import Link, leads_to, refuses
from write_side.http import After, Shown, shown
from write_side.invoices.credit_notes import handlers
from write_side.invoices.credit_notes.domain import UnknownCreditNote
from write_side.invoices.credit_notes.handlers import CreditNoteList, CreditNoteState
from write_side.invoices.routes import READ, OfNumber
from write_side.resources import Own

OfInvoice = Annotated[UUID | None, QueryParameter(name="invoice_id", description="Those of this invoice.")]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Credit notes per page.")]


@get("/v1/credit-notes", guards=READ)
@leads_to(Link("get_credit_note", {"note_id": "/credit_notes/0/id"}))
async def get_credit_notes(
    own: Own, number: OfNumber = None, invoice_id: OfInvoice = None, after: After = None, limit: Limit = 20
) -> Shown[CreditNoteList]:
    """All credit notes, the newest first."""
    return shown(await handlers.list_notes(own.pool, number, invoice_id, after, limit))


@get("/v1/credit-notes/{note_id:uuid}", guards=READ)
@refuses(UnknownCreditNote)
async def get_credit_note(note_id: FromPath[UUID], own: Own) -> Shown[CreditNoteState]:
    """A credit note: what was taken off which invoice, and why."""
    return shown(await handlers.show(own.pool, note_id))


routes = [get_credit_notes, get_credit_note]
