"""Invoices: what other contexts may ask of them."""

from write_side.invoices.domain import Credit, CreditExceeded, Invoice, InvoiceNotPermitted, check
from write_side.invoices.handlers import PayBy, check_quote, credit, hold, issue, release
from write_side.invoices.store import find, find_credit, of_account

__all__ = [
    "Credit", "CreditExceeded", "Invoice", "InvoiceNotPermitted", "PayBy", "check", "check_quote", "credit",
    "find", "find_credit", "hold", "issue", "of_account", "release",
]  # fmt: skip
