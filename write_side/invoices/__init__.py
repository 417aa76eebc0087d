"""Invoices: what other contexts may ask of them."""

from write_side.invoices.credit_notes.domain import CreditNote, TakenOff
from write_side.invoices.credit_notes.handlers import issue_missing as note_missing
from write_side.invoices.credit_notes.store import of_account as notes_of_account
from write_side.invoices.credit_notes.store import of_refund as note_of_refund
from write_side.invoices.credit_notes.store import refunds_with_note
from write_side.invoices.domain import Credit, CreditExceeded, Invoice, InvoiceNotPermitted, check
from write_side.invoices.handlers import PayBy, check_asked, check_quote, credit, hold, issue, release
from write_side.invoices.store import find, find_credit, of_account

__all__ = [
    "Credit", "CreditExceeded", "CreditNote", "Invoice", "InvoiceNotPermitted", "PayBy", "TakenOff", "check",
    "check_asked", "check_quote", "credit", "find", "find_credit", "hold", "issue", "note_missing", "note_of_refund",
    "notes_of_account", "of_account", "refunds_with_note", "release",
]  # fmt: skip
