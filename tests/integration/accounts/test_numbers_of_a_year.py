"""A year has more than ten million numbers, if it needs them: they grow by a digit, and are still counted on."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared.events.invoices import CreditNoteIssued, InvoiceIssued
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_credit_notes import note_of, numbers
from tests.integration.accounts.test_invoices import business, issued
from tests.integration.checkout.shop import Shop
from tests.integration.write_api.conftest import Issue, staff
from write_side import commands
from write_side.app import create_app
from write_side.database import Pool
from write_side.invoices import store
from write_side.invoices.credit_notes import store as credit_notes

__all__ = ["staff"]
NOW = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
LAST = "2026-9999999"
BEHIND = ["2026-9999999", "2026-10000000", "2026-10000001"]


async def numbered(pool: Pool, account_id: UUID) -> UUID:
    """The invoice that has the last number of seven digits."""
    event = InvoiceIssued(uuid7(), uuid7(), account_id, 100, "EUR", NOW, LAST)
    async with commands.transaction(pool) as conn:
        await store.save(conn, None, event, CAUSE)
    return event.invoice_id


async def another_invoice(pool: Pool, account_id: UUID, _: UUID, now: datetime) -> None:
    await issued(pool, account_id, now)


async def another_note(pool: Pool, account_id: UUID, invoice_id: UUID, now: datetime) -> None:
    async with commands.transaction(pool) as conn:
        if await conn.fetchval("SELECT count(*) FROM credit_note") == 0:
            ids = uuid7(), uuid7()
            event = CreditNoteIssued(
                ids[0], LAST, invoice_id, LAST, uuid7(), account_id, ids[1], 1, 0, "EUR", "goodwill", NOW
            )
            await credit_notes.save(conn, event, CAUSE)
    await note_of(pool, invoice_id, now)


async def of_invoices(pool: Pool) -> list[str]:
    return [row["number"] for row in await pool.fetch("SELECT number FROM invoice ORDER BY id")]


async def of_notes(pool: Pool) -> list[str]:
    assert len(await numbers(pool)) == 4
    return [row["number"] for row in await pool.fetch("SELECT number FROM credit_note ORDER BY id")]


@pytest.mark.parametrize(
    ("another", "given"), [(another_invoice, of_invoices), (another_note, of_notes)], ids=["invoices", "credit notes"]
)
async def test_numbers_go_on_behind_the_last_of_seven_digits(
    customers: Customers, shop: Shop, staff: Issue,
    another: Callable[[Pool, UUID, UUID, datetime], Awaitable[None]], given: Callable[[Pool], Awaitable[list[str]]],
) -> None:  # fmt: skip
    account_id = await business(customers, 5000)
    invoice_id = await numbered(shop.pool, account_id)
    for now in (NOW, NOW, NOW + timedelta(minutes=1)):
        await another(shop.pool, account_id, invoice_id, now)
    assert await given(shop.pool) == [*BEHIND, "2027-0000001"]
    async with client_of(create_app(shop.settings)) as api:
        kind, reader = ("invoices" if given is of_invoices else "credit-notes"), await staff("invoices:read")
        found = await api.get(f"/v1/{kind}?number={BEHIND[1]}", headers=reader)
        assert [each["number"] for each in found.json()[kind.replace("-", "_")]] == [BEHIND[1]]
        assert (await api.get(f"/v1/{kind}?number=2026-01000000", headers=reader)).status_code == 400
