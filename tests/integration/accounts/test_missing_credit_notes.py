"""What a process of an older version takes off an invoice, while it is replaced, has no credit note: that is told, and
the worker writes it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from doorbuster.invariants import invoices as books
from shared.settings import Settings
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_credit_notes import YEAR, invoiced, noted
from tests.integration.accounts.test_exchanges_on_invoice import exchanged, on_invoice
from tests.integration.accounts.test_invoices import the_invoice
from tests.integration.checkout.patience import meeting, patient
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from write_side import commands, invoices
from write_side.invoices import TakenOff
from write_side.invoices.credit_notes import handlers as credit_notes
from write_side.refunds import noting
from write_side.refunds.domain import Refund
from write_side.worker import reactions_of


async def _no_note(*_: Any) -> dict[int, int]:
    return {}


@contextmanager
def older_version() -> Iterator[None]:
    """As long as it runs there are no credit notes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credit_notes, "issue", _no_note)
        yield


async def come_to_know(shop: Shop) -> None:
    """As if the relay had got to the end of the log."""
    await react_to_all(shop.pool, *noting.reactions())


async def told(shop: Shop) -> list[str]:
    async with shop.pool.acquire() as conn:
        return await books.differences(conn)


async def test_what_was_taken_off_without_a_credit_note_is_told_and_given_one(
    customers: Customers, shop: Shop
) -> None:
    order = await invoiced(shop, customers)
    await shop.refund(order, reason="damaged", lines=[{"sku": "lamp", "quantity": 1}])
    with older_version():
        missing = await shop.refund(order, amount_minor=100, reason="goodwill")
    await shop.refund(order)
    invoice = await the_invoice(shop)
    without = f"refund {missing.id}: taken off invoice {invoice.id}, and there is no credit note about it"
    assert await told(shop) == [without]
    for _ in range(2):
        await come_to_know(shop)
    notes = await noted(shop)
    assert [note.number for note in notes] == [f"{YEAR}-000000{n}" for n in (1, 2, 3)]
    assert [(note.amount.amount_minor, note.tax.amount_minor, note.reason) for note in notes] == [
        (1190, 190, "damaged"), (483, 77, "returned"), (100, 16, "goodwill"),
    ]  # fmt: skip
    assert (notes[2].refund_id, notes[2].invoice_id) == (missing.id, invoice.id)
    assert sum(note.tax.amount_minor for note in notes) == 283, "that of the order, to the cent"
    await nothing_is_wrong(shop)


async def test_what_is_taken_off_the_invoice_of_goods_that_were_replaced_is_noted_with_it(
    customers: Customers, shop: Shop
) -> None:
    order, _ = await on_invoice(shop, customers, 5000)
    with older_version():
        await exchanged(shop, order, bulb=1)
    await come_to_know(shop)
    [note] = await noted(shop)
    assert (note.order_id, note.amount.amount_minor, note.tax.amount_minor) == (order.id, 1190 - 357, 133)
    await nothing_is_wrong(shop)


async def test_what_was_taken_off_before_there_were_credit_notes_stays_without(
    customers: Customers, shop: Shop, database_url: str
) -> None:
    order = await invoiced(shop, customers)
    with older_version():
        await shop.refund(order, amount_minor=100)
    migrating = await asyncpg.connect(database_url)
    await migrating.execute("UPDATE credit_notes_since SET position = (SELECT max(position) FROM event_log)")
    await migrating.execute("UPDATE reaction_checkpoint SET position = (SELECT position FROM credit_notes_since)")
    await migrating.close()
    assert await told(shop) == []
    await come_to_know(shop)
    assert await noted(shop) == []


async def late(shop: Shop, refund: Refund, invoice_id: Any) -> None:
    """The note of a refund, from a transaction of its own."""
    async with commands.transaction(shop.pool) as conn:
        off = TakenOff(refund.id, refund.charged_minor, 0, [], refund.reason)
        await invoices.note_missing(conn, invoice_id, off, datetime.now(UTC), CAUSE)


async def test_workers_at_once_write_a_missing_credit_note_once_and_leave_no_gap(
    customers: Customers, shop: Shop
) -> None:
    order = await invoiced(shop, customers)
    with older_version():
        await shop.refund(order, amount_minor=100)
    [refund], invoice = await shop.refunds(order), await the_invoice(shop)
    async with patient(shop) as waiting:
        writing = [late(waiting, refund, invoice.id) for _ in range(5)]
        assert await meeting(waiting, "credit_note", writing) == [None] * 5
        await asyncio.gather(*(come_to_know(waiting) for _ in range(3)))
    await shop.refund(order, amount_minor=200)
    assert [note.number for note in await noted(shop)] == [f"{YEAR}-0000001", f"{YEAR}-0000002"]
    await nothing_is_wrong(shop)


def test_the_worker_reacts_to_them(shop_settings: Settings) -> None:
    assert "missing_credit_notes" in {reaction.name for reaction in reactions_of(shop_settings)}
