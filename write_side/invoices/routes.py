"""Invoices over HTTP, for staff (scopes invoices:read and invoices:write)."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.http.described import Link, leads_to, refuses
from write_side.accounts import UnknownAccount
from write_side.http import After, Answered, Shown, answered, cause, requires, shown
from write_side.invoices import handlers
from write_side.invoices.domain import (
    AlreadySettled,
    BelowUsed,
    CreditInput,
    PaidInput,
    State,
    UnknownCredit,
    UnknownCurrency,
    UnknownInvoice,
)
from write_side.invoices.handlers import CreditState, InvoiceList, InvoiceState
from write_side.resources import Own

READ, WRITE = [requires("invoices:read")], [requires("invoices:write")]
Call = Request[Any, Any, Any]
InState = Annotated[State | None, QueryParameter(name="state", description="Only those that are so.")]
OfNumber = Annotated[
    str | None,
    QueryParameter(
        name="number", pattern=r"^\d{4}-(\d{7}|[1-9]\d{7,11})(?!\n)$", description="The one that is called so."
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Invoices per page.")]


@put("/v1/accounts/{account_id:uuid}/credit", guards=WRITE)
@refuses(UnknownAccount, UnknownCurrency, BelowUsed)
async def put_credit(
    request: Call, account_id: FromPath[UUID], data: JSONBody[CreditInput], own: Own
) -> Answered[CreditState]:
    """Let an account buy on invoice for so much at a time; it has to be in one of `INVOICE_GROUPS`, too. A repeat
    changes nothing."""
    return answered(request, await handlers.set_credit(own.pool, account_id, data, cause(request)))


@get("/v1/accounts/{account_id:uuid}/credit", guards=READ)
@refuses(UnknownCredit)
async def get_credit(account_id: FromPath[UUID], own: Own) -> Shown[CreditState]:
    """An account's credit, and how much of it is used."""
    return shown(await handlers.show_credit(own.pool, account_id))


@get("/v1/invoices", guards=READ)
@leads_to(Link("get_invoice", {"invoice_id": "/invoices/0/id"}))
async def get_invoices(
    own: Own, in_state: InState = None, number: OfNumber = None, after: After = None, limit: Limit = 20
) -> Shown[InvoiceList]:
    """All invoices, the newest first."""
    return shown(await handlers.list_invoices(own.pool, in_state, after, limit, number))


@get("/v1/invoices/{invoice_id:uuid}", guards=READ)
@refuses(UnknownInvoice)
async def get_invoice(invoice_id: FromPath[UUID], own: Own) -> Shown[InvoiceState]:
    """An invoice and what is open of it."""
    return shown(await handlers.show(own.pool, invoice_id))


@post("/v1/invoices/{invoice_id:uuid}/paid", status_code=200, guards=WRITE)
@refuses(UnknownInvoice, AlreadySettled)
async def post_paid(
    request: Call, invoice_id: FromPath[UUID], data: JSONBody[PaidInput], own: Own
) -> Answered[InvoiceState]:
    """All that is open of it was paid, under this reference. The same again changes nothing."""
    return answered(request, await handlers.pay(own.pool, invoice_id, data.reference, cause(request)))


routes = [put_credit, get_credit, get_invoices, get_invoice, post_paid]
