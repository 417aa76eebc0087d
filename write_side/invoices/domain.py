"""Invoices, pure: who may buy on one, how much credit is left, and what each event makes of credit and invoice.

Credit is used from the order's placing until its invoice is paid; what is refunded is free again.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.invoices import (
    CreditEvent,
    CreditFreed,
    CreditSet,
    CreditUsed,
    InvoiceCredited,
    InvoiceEvent,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
)
from shared.money import is_known
from write_side.errors import Invalid, NotFound, Refusal

State = Literal["open", "overdue", "paid"]


class InvoiceNotPermitted(Refusal):
    """Only accounts of certain customer groups buy on invoice, those whose credit staff have set, and only who is
    signed in to one."""

    code = "invoice_not_permitted"


class CreditExceeded(Refusal):
    """It would be more than the account's credit; `left_minor` says how much is left of it."""

    code = "credit_exceeded"


class BelowUsed(Refusal):
    """Orders use more of it already, in its currency; `used_minor` says how much."""

    code = "below_used"


class AlreadySettled(Refusal):
    """It was paid under another reference, or refunds left nothing to pay."""

    code = "already_settled"


class UnknownInvoice(NotFound):
    """No such invoice."""

    code = "unknown_invoice"


class UnknownCredit(NotFound):
    """This account has no credit."""

    code = "unknown_credit"


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class CreditInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"limit_minor": 500000, "currency": "EUR", "days": 30}`; a limit of 0 lets nothing more be bought on invoice."""

    limit_minor: Annotated[int, Meta(ge=0, le=10**12)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")]
    days: Annotated[int, Meta(ge=1, le=365)] = 30


class PaidInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"reference": "2026-11-27/000123"}`: by which the bank's statement is found again; nobody's name."""

    reference: Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9./-]{2,39}(?!\n)$")]


class Credit(Struct, frozen=True):
    """How much an account may owe at a time, and how much of that its orders use."""

    id: UUID  # of the account
    limit_minor: int
    currency: str
    days: int
    used_minor: int
    version: int


class CreditUses(Struct, frozen=True):
    """Which orders use how much of it."""

    id: UUID
    orders: dict[UUID, int]


class Invoice(Struct, frozen=True):
    """An invoice; `credited_minor` was taken off by refunds."""

    id: UUID
    order_id: UUID
    account_id: UUID
    amount_minor: int
    currency: str
    due_at: datetime
    state: State
    credited_minor: int
    paid_minor: int
    reference: str | None
    version: int
    number: str = ""  # in the books: no other invoice has it, and none is missing in between

    @property
    def open_minor(self) -> int:
        """What is to be paid."""
        return max(self.amount_minor - self.credited_minor - self.paid_minor, 0)

    @property
    def owed_minor(self) -> int:
        """What was paid and then refunded: to be paid back by hand."""
        return max(self.paid_minor + self.credited_minor - self.amount_minor, 0)


def number_after(last: str | None, year: int) -> str:
    """The number behind the last one of its year: 2026-0000001, 2026-0000002, … without a gap, as Article 226 (2) of
    Directive 2006/112/EC wants it. Of seven digits, and more once these are used up."""
    return f"{year}-{int(last.partition('-')[2]) + 1 if last else 1:07}"


def check(credit: Credit | None, currency: str, amount_minor: int) -> None:
    """Whether so much may be bought on invoice now. Raises `InvoiceNotPermitted`, `CreditExceeded`."""
    if credit is None or credit.currency != currency:
        raise InvoiceNotPermitted(f"nothing is sold on invoice to this account in {currency}")
    left = credit.limit_minor - credit.used_minor
    if amount_minor > left:
        raise CreditExceeded(f"{left} minor units are left of the credit, {amount_minor} wanted", left_minor=left)


def set_credit(credit: Credit | None, account_id: UUID, said: CreditInput) -> CreditSet | None:
    """The event of other terms, None if they are the present ones. Raises `UnknownCurrency`, `BelowUsed`."""
    if not is_known(said.currency):
        raise UnknownCurrency(f"{said.currency} is no currency we know", pointer="/currency")
    used = credit.used_minor if credit else 0
    if credit and (said.limit_minor < used or (used and said.currency != credit.currency)):
        raise BelowUsed(f"orders use {used} minor units of it", used_minor=used, pointer="/limit_minor")
    event = CreditSet(account_id, said.limit_minor, said.currency, said.days)
    same = credit and (credit.limit_minor, credit.currency, credit.days) == (said.limit_minor, said.currency, said.days)
    return None if same else event


def credited(invoice: Invoice, refund_id: UUID, amount_minor: int) -> InvoiceCredited:
    """A refund takes so much off."""
    total = invoice.credited_minor + amount_minor
    return InvoiceCredited(invoice.id, invoice.order_id, refund_id, amount_minor, total)


def pay(invoice: Invoice, reference: str) -> InvoicePaid | None:
    """All that was open is paid, None if it was under this reference already. Raises `AlreadySettled`."""
    if invoice.state == "paid" and invoice.reference == reference:
        return None
    if not invoice.open_minor:
        raise AlreadySettled("nothing is open of this invoice", state=invoice.state)
    return InvoicePaid(invoice.id, invoice.order_id, reference, invoice.open_minor)


def overdue(invoice: Invoice, now: datetime) -> InvoiceOverdue | None:
    """The event of its being late, None if it is not, or nothing is open."""
    if invoice.state != "open" or not invoice.open_minor or now < invoice.due_at:
        return None
    return InvoiceOverdue(invoice.id, invoice.order_id)


def evolve_credit(credit: Credit | None, event: CreditEvent, version: int) -> Credit:
    """Credit after an event."""
    if isinstance(event, CreditSet):
        used = credit.used_minor if credit else 0
        return Credit(event.account_id, event.limit_minor, event.currency, event.days, used, version)
    assert credit is not None, "a credit's history begins with CreditSet"
    return structs.replace(credit, used_minor=event.used_minor, version=version)


def evolve_uses(uses: CreditUses | None, account_id: UUID, event: CreditEvent) -> CreditUses:
    """Which orders use how much after an event."""
    held = {} if uses is None else uses.orders
    match event:
        case CreditUsed(order_id=order_id, amount_minor=amount):
            held = held | {order_id: amount}
        case CreditFreed(order_id=order_id, amount_minor=amount):
            held = {id_: left for id_, n in held.items() if (left := n - amount * (id_ == order_id))}
    return CreditUses(account_id, held)


def evolve(invoice: Invoice | None, event: InvoiceEvent, version: int) -> Invoice:
    """An invoice after an event."""
    if isinstance(event, InvoiceIssued):
        return Invoice(
            event.invoice_id, event.order_id, event.account_id, event.amount_minor, event.currency, event.due_at,
            "open", 0, 0, None, version, event.number,
        )  # fmt: skip
    assert invoice is not None, "an invoice's history begins with InvoiceIssued"
    match event:
        case InvoiceCredited(credited_minor=total):
            return structs.replace(invoice, credited_minor=total, version=version)
        case InvoiceOverdue():
            return structs.replace(invoice, state="overdue", version=version)
        case InvoicePaid(reference=reference, amount_minor=amount):
            return structs.replace(invoice, state="paid", paid_minor=amount, reference=reference, version=version)
