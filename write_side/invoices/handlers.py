"""Invoice commands, and what orders and refunds do with invoices in their own transactions."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.invoices import InvoiceIssued
from shared.ids import uuid7
from shared.money import Money
from write_side import accounts, commands
from write_side.commands import Answer
from write_side.database import Connection, Pool, first_of
from write_side.event_log import Positions, together
from write_side.invoices import domain, store
from write_side.invoices.credit_notes import handlers as credit_notes
from write_side.invoices.credit_notes import store as credit_notes_store
from write_side.invoices.credit_notes.domain import TakenOff
from write_side.invoices.domain import (
    Credit,
    CreditInput,
    Invoice,
    InvoiceNotPermitted,
    State,
    UnknownCredit,
    UnknownInvoice,
)
from write_side.payments import Chosen, can


class PayBy(NamedTuple):
    """How a quote is to be paid, which customer groups may pay by invoice, and the account whose session asks."""

    method: Chosen
    groups: frozenset[str]
    asked_by: UUID | None = None


class CreditState(Struct, frozen=True):
    """An account's credit: how much its orders may come to, and how much of that they use."""

    account_id: UUID
    limit: Money
    used: Money
    days: int
    version: int


class InvoiceState(Struct, frozen=True):
    """An invoice; `owed` is what refunds leave to be paid back by hand, since it was paid before. `number` is its name
    in the books; empty of those that were issued before there were numbers."""

    id: UUID
    number: str
    order_id: UUID
    account_id: UUID
    state: State
    amount: Money
    credited: Money
    open: Money
    owed: Money
    due_at: datetime
    reference: str | None
    version: int


class InvoiceList(Struct, frozen=True):
    """Invoices, the newest first; `next`: where the next page begins, null on the last one."""

    invoices: list[InvoiceState]
    next: UUID | None


async def set_credit(pool: Pool, account_id: UUID, said: CreditInput, cause: Metadata) -> Answer[CreditState]:
    """So much credit has an account from now on; a repeat changes nothing.

    Refuses `unknown_account`, `unknown_currency`, `below_used`.
    """
    await accounts.show_account(pool, account_id)  # refuses an unknown one

    async def decide(conn: Connection) -> tuple[CreditState, Positions]:
        credit = await store.find_credit(conn, account_id, lock=True)
        event = domain.set_credit(credit, account_id, said)
        if event is None:
            assert credit is not None
            return _credit(credit), {}
        credit, positions = await store.save_credit(conn, credit, event, cause)
        return _credit(credit), positions

    return await commands.run(pool, decide)


async def show_credit(pool: Pool, account_id: UUID) -> CreditState:
    """As it stands now; refuses `unknown_credit`."""
    async with pool.acquire() as conn:
        credit = await store.find_credit(conn, account_id)
    if credit is None:
        raise UnknownCredit("this account has no credit")
    return _credit(credit)


def check_asked(pay_by: PayBy, account_id: UUID | None) -> None:
    """Whether whoever asks may buy on this account's credit: its cart opens by a secret that outlives sessions, so that
    alone doesn't do. Refuses `invoice_not_permitted`."""
    if can(pay_by.method).on_credit and (account_id is None or pay_by.asked_by != account_id):
        raise InvoiceNotPermitted("only who is signed in to an account buys on its credit", pointer="/payment_method")


async def check_quote(
    pool: Pool, pay_by: PayBy, account_id: UUID | None, groups: Collection[str], charged: Money
) -> None:
    """Whether a quote may be paid so. Refuses `invoice_not_permitted`, `credit_exceeded`; placing asks again."""
    if not can(pay_by.method).on_credit:
        return
    if account_id is None or not pay_by.groups.intersection(groups):
        raise InvoiceNotPermitted("only accounts of certain customer groups buy on invoice", pointer="/payment_method")
    async with pool.acquire() as conn:
        credit = await store.find_credit(conn, account_id)
    domain.check(credit, charged.currency, charged.amount_minor)


async def issue(
    conn: Connection, order_id: UUID, account_id: UUID, charged: Money, now: datetime, cause: Metadata
) -> Positions:
    """The invoice of an order whose row is held: once, since its payment is captured once."""
    credit = await store.find_credit(conn, account_id)
    assert credit is not None, "what was bought on invoice had credit"
    due_at = now + timedelta(days=credit.days)
    number = domain.number_after(await store.last_number(conn, now.year), now.year)
    event = InvoiceIssued(uuid7(), order_id, account_id, charged.amount_minor, charged.currency, due_at, number)
    return (await store.save(conn, None, event, cause))[1]


async def hold(conn: Connection, order_ids: Collection[UUID]) -> None:
    """Lock the invoices of these orders, then the credit that they use and the numbers of credit notes, until the
    transaction ends: whoever needs several takes all of them here, ahead of the credit, and all ahead of the stock."""
    found = [await store.lock_of_order(conn, order_id) for order_id in sorted(set(order_ids))]
    for account_id in sorted({invoice.account_id for invoice in found if invoice is not None}):
        await store.find_credit(conn, account_id, lock=True)
    if any(found):
        await credit_notes_store.hold_numbers(conn)


async def credit(conn: Connection, order_id: UUID, off: TakenOff, now: datetime, cause: Metadata) -> Positions:
    """A refund takes so much off the invoice of an order whose row is held, by a credit note, and frees the credit that
    is not paid."""
    invoice = await store.lock_of_order(conn, order_id)
    assert invoice is not None, "what is captured on invoice has one"
    event = domain.credited(invoice, off.refund_id, off.amount_minor)
    _, positions = await store.save(conn, invoice, event, cause)
    unpaid = min(off.amount_minor, invoice.open_minor)
    freed = await store.free(conn, order_id, invoice.account_id, unpaid, cause)
    return together(positions, freed, await credit_notes.issue(conn, invoice, off, now, cause))


async def release(conn: Connection, order_id: UUID, amount_minor: int, cause: Metadata) -> Positions:
    """So much will never be on the invoice of an order whose row is held: its credit is free again."""
    account_id = await store.find_user(conn, order_id)
    assert account_id is not None, "what is bought on invoice uses credit until it is captured"
    return await store.free(conn, order_id, account_id, amount_minor, cause)


async def pay(pool: Pool, invoice_id: UUID, reference: str, cause: Metadata) -> Answer[InvoiceState]:
    """The money has come; the credit is free again. A repeat changes nothing.

    Refuses `unknown_invoice`, `already_settled`.
    """

    async def decide(conn: Connection) -> tuple[InvoiceState, Positions]:
        invoice = _known(await store.lock(conn, invoice_id))
        event = domain.pay(invoice, reference)
        if event is None:
            return _shown(invoice), {}
        now, positions = await store.save(conn, invoice, event, cause)
        freed = await store.free(conn, now.order_id, now.account_id, event.amount_minor, cause)
        return _shown(now), together(positions, freed)

    return await commands.run(pool, decide)


async def tell_overdue(pool: Pool, now: datetime, limit: int = 100) -> int:
    """Say of invoices that they are late; answers how many. A mail follows each."""
    async with pool.acquire() as conn:
        ids = await store.due(conn, now, limit)
    for invoice_id in ids:
        async with commands.transaction(pool) as conn:
            invoice = _known(await store.lock(conn, invoice_id))
            if event := domain.overdue(invoice, now):
                await store.save(conn, invoice, event, Metadata(actor="worker", correlation_id=str(invoice_id)))
    return len(ids)


async def show(pool: Pool, invoice_id: UUID) -> InvoiceState:
    """As it stands now; refuses `unknown_invoice`."""
    async with pool.acquire() as conn:
        return _shown(_known(await store.find(conn, invoice_id)))


async def list_invoices(
    pool: Pool, state: State | None, after: UUID | None, limit: int, number: str | None = None
) -> InvoiceList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, state, number, after, limit + 1)
    invoices, last = first_of(found, limit)
    return InvoiceList([_shown(invoice) for invoice in invoices], last.id if last else None)


def _known(found: Invoice | None) -> Invoice:
    if found is None:
        raise UnknownInvoice("there is no such invoice")
    return found


def _credit(credit: Credit) -> CreditState:
    limit, used = Money(credit.limit_minor, credit.currency), Money(credit.used_minor, credit.currency)
    return CreditState(credit.id, limit, used, credit.days, credit.version)


def _shown(invoice: Invoice) -> InvoiceState:
    def money(minor: int) -> Money:
        return Money(minor, invoice.currency)

    return InvoiceState(
        invoice.id, invoice.number, invoice.order_id, invoice.account_id, invoice.state,
        money(invoice.amount_minor), money(invoice.credited_minor), money(invoice.open_minor),
        money(invoice.owed_minor), invoice.due_at, invoice.reference, invoice.version,
    )  # fmt: skip
