"""Credit notes: whatever is taken off an invoice is a document with a number, without a gap, found by it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from doorbuster.invariants import invoices as books
from shared.events.orders import OrderTax
from shared.events.refunds import RefundRequested
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_exchanges_on_invoice import exchanged, on_invoice
from tests.integration.accounts.test_invoices import TOTAL, basket_of, bought, business, issued, the_invoice
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import meeting, patient, waits_ahead_of_the_stock
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_picking import finish, missing, picks, start
from tests.integration.checkout.test_picking import react as list_paid
from tests.integration.checkout.test_releases import release
from tests.integration.write_api.conftest import Issue, staff
from write_side import commands, erasure
from write_side.app import create_app
from write_side.database import Pool
from write_side.invoices import handlers as invoices
from write_side.invoices import store
from write_side.invoices.credit_notes import handlers as credit_notes
from write_side.invoices.credit_notes.domain import TakenOff
from write_side.invoices.credit_notes.handlers import CreditNoteList, CreditNoteState
from write_side.notifications.gateway import MailServer
from write_side.orders.handlers import OrderState

__all__ = ["staff"]
_page = msgspec.json.Decoder(CreditNoteList)
NUMBERS = "SELECT pg_advisory_xact_lock(hashtextextended('numbers of credit notes', 0))"
YEAR = datetime.now(UTC).year


async def noted(shop: Shop) -> list[CreditNoteState]:
    """All of them, the oldest first."""
    return (await credit_notes.list_notes(shop.pool, None, None, None, 100)).credit_notes[::-1]


async def invoiced(shop: Shop, customers: Customers) -> OrderState:
    """A lamp on an invoice."""
    await shop.stock("lamp", 5)
    order = await bought(shop, await business(customers, 5000))
    for _ in range(2):
        await shop.work()
    return order


async def test_what_is_taken_off_an_invoice_is_a_credit_note_with_its_tax_and_all_of_them_come_to_the_invoice(
    customers: Customers, shop: Shop
) -> None:
    order = await invoiced(shop, customers)
    await shop.refund(order, reason="damaged", lines=[{"sku": "lamp", "quantity": 1}])
    await shop.refund(order, amount_minor=100, reason="goodwill")
    await shop.refund(order)
    invoice, notes = await the_invoice(shop), await noted(shop)
    assert [note.number for note in notes] == [f"{YEAR}-000000{n}" for n in (1, 2, 3)]
    assert [(note.amount.amount_minor, note.tax.amount_minor, note.reason) for note in notes] == [
        (1190, 190, "damaged"), (100, 16, "goodwill"), (483, 77, "returned"),
    ]  # fmt: skip
    assert sum(note.tax.amount_minor for note in notes) == 283, "that of the order, to the cent"
    assert {(note.invoice_id, note.invoice_number) for note in notes} == {(invoice.id, invoice.number)}
    assert [note.refund_id for note in notes] == [refund.id for refund in await shop.refunds(order)]
    assert sum(note.amount.amount_minor for note in notes) == invoice.amount.amount_minor == TOTAL
    await nothing_is_wrong(shop)


async def test_what_goes_by_an_invoice_is_taxed_once_by_credit_notes_alone(customers: Customers, shop: Shop) -> None:
    """What pays for other goods, too: should these fall through, a note is written about it."""
    order, _ = await on_invoice(shop, customers, 5000)
    new = await exchanged(shop, order, chandelier=1)
    for _ in range(2):
        await shop.work()
    await shop.refund(new)
    [moved], given_back = [await shop.told(each, RefundRequested) for each in (order, new)]
    assert isinstance(moved, RefundRequested)
    assert moved.moved_minor == moved.amount_minor
    assert [each.tax_minor for each in (moved, *given_back) if isinstance(each, RefundRequested)] == [None] * 3
    assert sum(note.tax.amount_minor for note in await noted(shop)) == 380, "that of the chandelier"


async def test_each_rate_is_told_with_what_it_is_on_and_older_notes_tell_none(
    customers: Customers, shop: Shop, staff: Issue
) -> None:
    await shop.stock("book", 5, tax_class="reduced")
    await shop.stock("lamp", 5)
    basket = await basket_of(shop, await business(customers, 9000))
    await shop.add(basket, "book", 2)
    order = await shop.place(basket, (await shop.quote(basket, pay_by="invoice")).id)
    for _ in range(2):
        await shop.work()
    await shop.refund(order, reason="damaged", lines=[{"sku": "book", "quantity": 1}])
    await shop.refund(order, amount_minor=333, reason="goodwill")
    await shop.refund(order)
    book, goodwill, rest = await noted(shop)
    assert book.taxes == [OrderTax("VAT", 70_000, 1000, 70, False)]
    assert {tax.rate_ppm for tax in goodwill.taxes} == {tax.rate_ppm for tax in rest.taxes} == {70_000, 190_000}
    for note in (book, goodwill, rest):
        assert sum(tax.base_minor + tax.tax_minor for tax in note.taxes) == note.amount.amount_minor
        assert sum(tax.tax_minor for tax in note.taxes) == note.tax.amount_minor
    told = [tax for note in (book, goodwill, rest) for tax in note.taxes]
    for of_order in (await shop.now(order)).taxes:
        same = [tax for tax in told if tax.rate_ppm == of_order.rate_ppm]
        assert sum(tax.base_minor for tax in same) == of_order.base_minor
        assert sum(tax.tax_minor for tax in same) == of_order.tax_minor
    await note_of(shop.pool, book.invoice_id, datetime.now(UTC))  # as they were
    async with client_of(create_app(shop.settings)) as api:
        shown = await api.get("/v1/credit-notes", headers=await staff("invoices:read"))
    assert [len(note["taxes"]) for note in shown.json()["credit_notes"]] == [0, 2, 2, 1]


async def test_what_never_stood_on_the_invoice_is_no_credit_note(customers: Customers, shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await bought(shop, await business(customers, 5000))
    await shop.work()
    await release(shop, order, amount_minor=773)
    await shop.work()
    assert await noted(shop) == []
    await shop.refund(order)
    assert [(note.amount.amount_minor, note.tax.amount_minor) for note in await noted(shop)] == [(1000, 283 - 123)]
    await nothing_is_wrong(shop)


async def test_what_pays_for_other_goods_is_on_no_credit_note_but_the_rest_is(customers: Customers, shop: Shop) -> None:
    order, _ = await on_invoice(shop, customers, 5000)
    await exchanged(shop, order, bulb=1)
    [note] = await noted(shop)
    assert (note.order_id, note.amount.amount_minor, note.tax.amount_minor) == (order.id, 1190 - 357, 133)
    await nothing_is_wrong(shop)


async def test_staff_find_credit_notes_by_number_and_by_invoice_and_others_find_none(
    customers: Customers, shop: Shop, staff: Issue
) -> None:
    order = await invoiced(shop, customers)
    await shop.refund(order, amount_minor=100)
    await shop.refund(order, amount_minor=200)
    invoice = await the_invoice(shop)
    reader, other = await staff("invoices:read"), await staff("orders:read")
    async with client_of(create_app(shop.settings)) as api:

        async def found(query: str) -> list[int]:
            answer = await api.get(f"/v1/credit-notes?{query}", headers=reader)
            return [note.amount.amount_minor for note in _page.decode(answer.content).credit_notes]

        assert await found(f"number={YEAR}-0000002") == [200]
        assert await found(f"number={YEAR}-0000003") == []
        assert await found(f"invoice_id={invoice.id}") == [200, 100]
        assert await found(f"invoice_id={order.id}") == []
        first = _page.decode((await api.get("/v1/credit-notes?limit=1", headers=reader)).content)
        assert await found(f"limit=1&after={first.next}") == [100]
        one = await api.get(f"/v1/credit-notes/{first.credit_notes[0].id}", headers=reader)
        assert one.json()["invoice_number"] == invoice.number
        nobodys = await api.get(f"/v1/credit-notes/{order.id}", headers=reader)
        assert (nobodys.status_code, nobodys.json()["code"]) == (404, "unknown_credit_note")
        assert (await api.get("/v1/credit-notes?number=17", headers=reader)).status_code == 400
        for address in ("/v1/credit-notes", f"/v1/credit-notes/{order.id}"):
            assert (await api.get(address)).status_code == 401
            assert (await api.get(address, headers=other)).status_code == 403


async def test_the_mail_of_a_refund_names_the_credit_note_and_the_export_has_it(
    customers: Customers, shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    order = await invoiced(shop, customers)
    await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}])
    await shop.refund_work()
    await react(shop)
    await send(shop, server)
    [mail] = [mail for mail in received.mails if "refund" in str(mail["Subject"])]
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert f"of invoice {YEAR}-0000001 are taken back by credit note {YEAR}-0000001" in text
    assert f"Credit note {YEAR}-0000001: €11.90 including VAT 19 %: €1.90" in text
    assert "on their way back" not in text
    person_id = (await shop.now(order)).person_id
    account = (await erasure.export(shop.pool, shop.keyring, person_id)).account
    assert account is not None
    assert [note.number for note in account.credit_notes] == [f"{YEAR}-0000001"]


async def note_of(pool: Pool, invoice_id: UUID, now: datetime) -> None:
    """A credit note over a cent."""
    async with commands.transaction(pool) as conn:
        invoice = await store.lock(conn, invoice_id)
        assert invoice is not None
        await credit_notes.issue(conn, invoice, TakenOff(uuid7(), 1, 0, [], "goodwill"), now, CAUSE)


async def numbers(pool: Pool) -> list[str]:
    return [row["number"] for row in await pool.fetch("SELECT number FROM credit_note ORDER BY number")]


async def test_credit_notes_that_are_issued_at_once_are_numbered_without_a_gap(
    customers: Customers, shop: Shop
) -> None:
    account_id, now = await business(customers, 5000), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    for _ in range(5):
        await issued(shop.pool, account_id, now)
    ids = [invoice.id for invoice in (await invoices.list_invoices(shop.pool, None, None, 10)).invoices]
    async with patient(shop) as waiting:
        issuing = [note_of(waiting.pool, id_, now) for id_ in ids]
        assert await meeting(waiting, "credit_note", issuing) == [None] * 5
    assert await numbers(shop.pool) == [f"2026-000000{n}" for n in range(1, 6)]
    await note_of(shop.pool, ids[0], now + timedelta(minutes=1))
    with pytest.raises(ConnectionError):
        async with commands.transaction(shop.pool) as conn:
            invoice = await store.lock(conn, ids[0])
            assert invoice is not None
            await credit_notes.issue(conn, invoice, TakenOff(uuid7(), 1, 0, [], "goodwill"), now, CAUSE)
            raise ConnectionError
    await note_of(shop.pool, ids[0], now)
    assert (await numbers(shop.pool))[-2:] == ["2026-0000006", "2027-0000001"]


async def test_a_short_pick_holds_the_numbers_ahead_of_the_stock(customers: Customers, shop: Shop) -> None:
    order = await invoiced(shop, customers)
    await list_paid(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    async with patient(shop) as slow:
        call = finish(slow, pick, missing=missing(1), reason="damaged", otherwise="refund")
        await waits_ahead_of_the_stock(slow, NUMBERS, call)
    assert [(note.amount.amount_minor, note.reason) for note in await noted(shop)] == [(TOTAL, "out_of_stock")]
    await nothing_is_wrong(shop)


async def test_a_gap_and_more_credit_notes_than_were_taken_off_are_found(customers: Customers, shop: Shop) -> None:
    order = await invoiced(shop, customers)
    await shop.refund(order, amount_minor=100)
    await shop.refund(order, amount_minor=200)
    auditor = await asyncpg.connect(shop.settings.database_url)
    assert await books.differences(auditor) == []
    await auditor.execute("UPDATE credit_note SET amount_minor = 250 WHERE number LIKE '%1'")
    [told] = await books.differences(auditor)
    assert "450 in credit notes, 300 of 1773 was taken off" in told
    await auditor.execute("UPDATE credit_note SET amount_minor = 100 WHERE number LIKE '%1'")
    await auditor.execute("UPDATE credit_note SET number = $1 WHERE number LIKE '%2'", f"{YEAR}-0000003")
    assert await books.differences(auditor) == [f"credit notes of {YEAR}: 2 numbers up to 3, from 1 on"]
    await auditor.execute("UPDATE credit_note SET number = $1 WHERE number LIKE '%3'", f"{YEAR}-0000002")
    await auditor.close()
