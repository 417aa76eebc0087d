"""Buying on invoice: issued as the order is captured, numbered without a gap, told, reminded of, paid and credited."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from shared.ids import uuid7
from shared.money import Money
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import meeting, patient
from tests.integration.checkout.shop import Basket, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_parcels import ship
from write_side import commands, erasure
from write_side.accounts import staff
from write_side.carts import handlers as carts
from write_side.carts.domain import NewCart
from write_side.database import Pool
from write_side.erasure import Ledger
from write_side.invoices import handlers as invoices
from write_side.invoices.domain import AlreadySettled, CreditInput
from write_side.invoices.handlers import InvoiceState
from write_side.notifications.gateway import MailServer
from write_side.orders import UnfinishedOrders
from write_side.orders.handlers import OrderState
from write_side.orders.refusals import AlreadyPaid
from write_side.payments import handlers as payments

TOTAL = 1773  # a lamp of 10.00, shipping of 4.90, 19 % of both
_invoice = msgspec.json.Decoder(InvoiceState)


async def business(customers: Customers, limit_minor: int, days: int = 30) -> UUID:
    """The account of a business customer with so much credit."""
    account_id = (await customers.customer()).account_id
    await staff.set_groups(customers.pool, account_id, ["business"], CAUSE)
    await invoices.set_credit(customers.pool, account_id, CreditInput(limit_minor, "EUR", days), CAUSE)
    return account_id


async def basket_of(shop: Shop, account_id: UUID, channel: str = "web") -> Basket:
    """The account's cart in a channel, with a lamp in it."""
    opened = await carts.open_account_cart(
        shop.pool, shop.settings.link_secret, account_id, NewCart("EUR", channel), CAUSE
    )
    basket = shop.basket_of(opened)
    await shop.add(basket, "lamp", 1)
    return basket


async def bought(shop: Shop, account_id: UUID) -> OrderState:
    basket = await basket_of(shop, account_id)
    quote = await shop.quote(basket, pay_by="invoice")
    return await shop.place(basket, quote.id)


async def used(shop: Shop, account_id: UUID) -> int:
    return (await invoices.show_credit(shop.pool, account_id)).used.amount_minor


async def the_invoice(shop: Shop) -> InvoiceState:
    [found] = (await invoices.list_invoices(shop.pool, None, None, 10)).invoices
    return found


async def test_what_is_bought_on_invoice_is_confirmed_invoiced_reminded_and_paid(
    customers: Customers, shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 5)
    account_id = await business(customers, 5000, days=14)
    order = await bought(shop, account_id)
    assert await used(shop, account_id) == TOTAL
    with pytest.raises(AlreadyPaid):  # there is nothing to pay at Stripe
        await payments.start_session(shop.pool, shop.providers, await shop.payment(order), "pk", CAUSE)
    await shop.work()
    assert ((await shop.now(order)).state, (await shop.payment(order)).state) == ("confirmed", "captured")
    invoice = await the_invoice(shop)
    assert (invoice.order_id, invoice.account_id, invoice.open.amount_minor) == (order.id, account_id, TOTAL)
    assert timedelta(days=13, hours=23) < invoice.due_at - datetime.now(UTC) <= timedelta(days=14)

    assert await invoices.tell_overdue(shop.pool, invoice.due_at - timedelta(seconds=1)) == 0
    for _ in range(2):
        await invoices.tell_overdue(shop.pool, invoice.due_at)
    assert (await the_invoice(shop)).state == "overdue"
    await react(shop)
    await send(shop, server)
    subjects = [str(mail["Subject"]) for mail in received.mails]
    assert sorted(subject for subject in subjects if "invoice" in subject) == [
        f"The invoice of your order {order.number}", f"The invoice of your order {order.number} is overdue",
    ]  # fmt: skip
    assert invoice.number == f"{datetime.now(UTC).year}-0000001"
    bodies = [mail.get_body(("plain",)) for mail in received.mails if "invoice" in str(mail["Subject"])]
    texts = [" ".join(body.get_content().split()) for body in bodies if body is not None]
    assert [f"with {invoice.number} as the reference" in text for text in texts] == [True, True]

    for _ in range(2):  # a repeat changes nothing
        paid = _invoice.decode((await invoices.pay(shop.pool, invoice.id, "2026-12-01/17", CAUSE)).body)
    assert (paid.state, paid.reference, paid.open.amount_minor) == ("paid", "2026-12-01/17", 0)
    with pytest.raises(AlreadySettled):
        await invoices.pay(shop.pool, invoice.id, "ANOTHER-1", CAUSE)
    assert await used(shop, account_id) == 0
    assert (await customers.history("invoice")).count("invoice_paid") == 1
    await nothing_is_wrong(shop)


async def test_what_is_paid_before_the_mail_goes_is_not_asked_for(
    customers: Customers, shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 5)
    order = await bought(shop, await business(customers, 5000))
    for _ in range(2):  # created, captured
        await shop.work()
    invoice = await the_invoice(shop)
    await invoices.tell_overdue(shop.pool, invoice.due_at)
    await react(shop)
    await invoices.pay(shop.pool, invoice.id, "2026-12-01/17", CAUSE)
    while await send(shop, server):
        pass
    subjects = [str(mail["Subject"]) for mail in received.mails]
    assert f"The invoice of your order {order.number}" in subjects
    assert not [subject for subject in subjects if "overdue" in subject]


async def issued(pool: Pool, account_id: UUID, now: datetime) -> None:
    """The invoice of some order."""
    async with commands.transaction(pool) as conn:
        await invoices.issue(conn, uuid7(), account_id, Money(100, "EUR"), now, CAUSE)


async def numbers(pool: Pool) -> list[str]:
    return [row["number"] for row in await pool.fetch("SELECT number FROM invoice ORDER BY number")]


async def test_invoices_that_are_issued_at_once_are_numbered_without_a_gap(customers: Customers, shop: Shop) -> None:
    account_id, now = await business(customers, 5000), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    async with patient(shop) as waiting:
        issuing = [issued(waiting.pool, account_id, now) for _ in range(5)]
        assert await meeting(waiting, "invoice", issuing) == [None] * 5
    assert await numbers(shop.pool) == [f"2026-000000{n}" for n in range(1, 6)]
    await issued(shop.pool, account_id, now + timedelta(minutes=1))
    await issued(shop.pool, account_id, now)
    assert (await numbers(shop.pool))[-2:] == ["2026-0000006", "2027-0000001"]


async def test_the_number_of_an_invoice_that_was_not_issued_is_that_of_the_next(
    customers: Customers, shop: Shop
) -> None:
    account_id, now = await business(customers, 5000), datetime.now(UTC)
    with pytest.raises(ConnectionError):
        async with commands.transaction(shop.pool) as conn:
            await invoices.issue(conn, uuid7(), account_id, Money(100, "EUR"), now, CAUSE)
            raise ConnectionError
    await issued(shop.pool, account_id, now)
    assert await numbers(shop.pool) == [f"{now.year}-0000001"]


async def test_a_refund_is_a_credit_note_and_owed_where_the_invoice_was_paid(customers: Customers, shop: Shop) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, 5000)
    order = await bought(shop, account_id)
    await shop.work()
    await shop.work()
    await shop.refund(order, amount_minor=773)
    invoice = await the_invoice(shop)
    assert (invoice.open.amount_minor, await used(shop, account_id)) == (1000, 1000)
    await invoices.pay(shop.pool, invoice.id, "BANK-1", CAUSE)
    await shop.refund(order)
    invoice = await the_invoice(shop)
    assert (invoice.open.amount_minor, invoice.owed.amount_minor, await used(shop, account_id)) == (0, 1000, 0)
    await shop.refund_work()
    assert [refund.state for refund in await shop.refunds(order)] == ["succeeded"] * 2
    await nothing_is_wrong(shop)


@pytest.mark.parametrize("by", ["paid", "refunded"])
async def test_who_owes_on_an_invoice_is_not_erased_before_it_is_paid_or_refunded(
    customers: Customers, shop: Shop, tmp_path: Path, by: str
) -> None:
    await shop.stock("lamp", 5)
    order = await bought(shop, await business(customers, 5000))
    for _ in range(2):
        await shop.work()
    await ship(shop, order, "1")
    person_id, ledger = (await shop.now(order)).person_id, Ledger(str(tmp_path / "erasures.jsonl"))
    with pytest.raises(UnfinishedOrders) as refused:
        await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert refused.value.facts == {"order_ids": [order.id]}
    if by == "paid":
        await invoices.pay(shop.pool, (await the_invoice(shop)).id, "BANK-1", CAUSE)
    await shop.refund(order)
    await shop.refund_work()
    assert (await the_invoice(shop)).owed.amount_minor == (TOTAL if by == "paid" else 0)
    await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert (await shop.now(order)).mail == ""
