"""Exchanges of what was bought on invoice: it stays on it as far as it pays for the other goods, the difference is
taken off it or has an invoice of its own, and as much credit is used as is owed."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from shared.ids import uuid7
from shared.links import order_token
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_invoices import TOTAL, bought, business, used
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import patient, until_waiting
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_exchanges import replacement, swap
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_returns import receive
from write_side.accounts import staff
from write_side.app import create_app
from write_side.invoices import handlers as invoices
from write_side.invoices.handlers import InvoiceState
from write_side.notifications.gateway import MailServer
from write_side.orders.handlers import OrderState
from write_side.returns import replacing
from write_side.returns.domain import Return


async def on_invoice(shop: Shop, customers: Customers, limit_minor: int) -> tuple[OrderState, UUID]:
    """A lamp that was bought on invoice, has left and is owed."""
    await shop.stock("lamp", 5)
    await shop.stock("bulb", 5, price=300)
    await shop.stock("chandelier", 5, price=2000)
    account_id = await business(customers, limit_minor)
    order = await bought(shop, account_id)
    await settled(shop)
    await ship(shop, order, order.number)
    return order, account_id


async def settled(shop: Shop) -> None:
    for _ in range(2):
        await shop.work()


async def exchanged(shop: Shop, order: OrderState, **instead: int) -> OrderState:
    each = await swap(shop, order, 1, "customer", None, "lamp", **instead)
    return await replacement(shop, await receive(shop, each))


async def invoice_of(shop: Shop, order: OrderState) -> InvoiceState | None:
    every = (await invoices.list_invoices(shop.pool, None, None, 10)).invoices
    return next((each for each in every if each.order_id == order.id), None)


async def open_of(shop: Shop, order: OrderState) -> int:
    """What is to be paid of an order's invoice; less than nothing is owed to the customer."""
    invoice = await invoice_of(shop, order)
    return invoice.open.amount_minor - invoice.owed.amount_minor if invoice else 0


async def test_what_costs_less_is_taken_off_the_invoice_and_an_equal_changes_nothing_about_it(
    customers: Customers, shop: Shop
) -> None:
    order, account_id = await on_invoice(shop, customers, 5000)
    new = await exchanged(shop, order, bulb=1)
    assert (await open_of(shop, order), await used(shop, account_id)) == (TOTAL - 1190 + 357, TOTAL - 1190 + 357)
    await settled(shop)
    assert ((await shop.now(new)).state, await invoice_of(shop, new)) == ("confirmed", None)
    await ship(shop, new, "new")
    await shop.refund(new, lines=[{"sku": "bulb", "quantity": 1}])
    assert (await open_of(shop, order), await used(shop, account_id)) == (TOTAL - 1190, TOTAL - 1190)
    await shop.refund_work()
    assert [refund.state for refund in await shop.refunds(new)] == ["succeeded"]
    await nothing_is_wrong(shop)


async def test_what_costs_more_has_an_invoice_of_its_own_and_each_is_given_back_by_its_own(
    customers: Customers, shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    order, account_id = await on_invoice(shop, customers, 5000)
    first = await invoice_of(shop, order)
    assert first is not None
    await invoices.pay(shop.pool, first.id, "BANK-1", CAUSE)
    new = await exchanged(shop, order, chandelier=1)
    assert await used(shop, account_id) == 1190, "held from the placing on"
    await settled(shop)
    assert ((await shop.now(new)).state, await open_of(shop, new)) == ("confirmed", 1190)
    await react(shop)
    for _ in range(3):
        await send(shop, server)
    subjects = [str(mail["Subject"]) for mail in received.mails if new.number in str(mail["Subject"])]
    assert f"Your exchange is order {new.number}" in subjects, "nobody is asked to pay twice"
    assert f"The invoice of your order {new.number}" in subjects
    await ship(shop, new, "new")
    await shop.refund(new, lines=[{"sku": "chandelier", "quantity": 1}])
    assert (await open_of(shop, new), await open_of(shop, order), await used(shop, account_id)) == (0, -1190, 0)
    await nothing_is_wrong(shop)


async def test_what_falls_through_is_taken_off_the_invoice_and_frees_credit(customers: Customers, shop: Shop) -> None:
    order, account_id = await on_invoice(shop, customers, 5000)
    new = await exchanged(shop, order, chandelier=1)
    assert await used(shop, account_id) == TOTAL + 1190
    await fall_through(shop, new, "cancelled before it was paid")
    assert await replacing.work_off(shop.pool) == 1
    assert (await open_of(shop, order), await used(shop, account_id)) == (TOTAL - 1190, TOTAL - 1190)
    await nothing_is_wrong(shop)


async def test_without_as_much_credit_the_difference_is_paid_by_card(customers: Customers, shop: Shop) -> None:
    order, account_id = await on_invoice(shop, customers, TOTAL + 1189)
    new = await exchanged(shop, order, chandelier=1)
    assert await used(shop, account_id) == TOTAL
    await shop.pay(new)
    await shop.complete(new)
    await shop.work()
    assert ((await shop.payment(new)).state, await invoice_of(shop, new)) == ("captured", None)
    await nothing_is_wrong(shop)


async def test_whose_account_may_not_buy_on_invoice_any_more_pays_the_difference_by_card_at_the_price_that_was_told(
    customers: Customers, shop: Shop
) -> None:
    order, account_id = await on_invoice(shop, customers, 5000)
    each = await swap(shop, order, 1, chandelier=1)
    await staff.set_groups(shop.pool, account_id, [], CAUSE)
    await shop.price("chandelier", 9000)
    new = await replacement(shop, await receive(shop, each))
    assert (await shop.payment(new)).method == "card"
    assert (await shop.payment(new)).amount_minor == (2000 - 1000) * 119 // 100
    assert await used(shop, account_id) == TOTAL
    await nothing_is_wrong(shop)


async def test_a_refund_by_two_invoices_holds_both_ahead_of_the_credit(customers: Customers, shop: Shop) -> None:
    order, account_id = await on_invoice(shop, customers, 5000)
    new = await exchanged(shop, order, chandelier=1)
    await settled(shop)
    holder = await asyncpg.connect(shop.settings.database_url)
    async with patient(shop) as slow:
        async with holder.transaction():
            await holder.execute("SELECT FROM invoice WHERE order_id = $1 FOR UPDATE", order.id)
            refunding = asyncio.ensure_future(slow.refund(new, reason="goodwill"))
            await until_waiting(shop.pool, 1)
            await holder.execute("SELECT FROM credit FOR UPDATE NOWAIT")
        await refunding
    await holder.close()
    assert await used(shop, account_id) == TOTAL - 1190


@pytest.mark.parametrize("by_token", [True, False])
async def test_by_an_orders_token_alone_no_difference_goes_on_the_invoice_nor_what_it_pays_elsewhere(
    customers: Customers, shop: Shop, by_token: bool
) -> None:
    first, account_id = await on_invoice(shop, customers, 9999)
    second = await bought(shop, account_id)
    await settled(shop)
    await ship(shop, second, second.number)
    session = {"Authorization": f"Bearer {(await customers.sign_in()).token}"}

    def shown(order: OrderState) -> dict[str, str]:
        token = {"Order-Token": order_token(shop.settings.link_secret, order.id)}
        return (token if by_token else session) | {"Idempotency-Key": str(uuid7())}

    async with client_of(create_app(shop.settings)) as api:

        async def exchanged(order: OrderState, sku: str) -> OrderState:
            body: Any = {"reason": "wrong_size"} | {
                name: [{"sku": of, "quantity": 1}] for name, of in (("lines", "lamp"), ("instead", sku))
            }
            asked = await api.post(f"/v1/orders/{order.id}/returns", json=body, headers=shown(order))
            assert asked.status_code == 201, asked.text
            return await replacement(shop, await receive(shop, msgspec.json.decode(asked.content, type=Return)))

        dearer, equal = await exchanged(first, "chandelier"), await exchanged(second, "lamp")
        methods = [(await shop.payment(order)).method for order in (dearer, equal)]
        assert methods == ["card" if by_token else "invoice", "exchange"]
        assert await used(shop, account_id) == 2 * TOTAL + (0 if by_token else 1190)
        await settled(shop)
        elsewhere: Any = {"address": msgspec.to_builtins(ADDRESS)}
        put = await api.put(f"/v1/orders/{equal.id}/address", json=elsewhere, headers=shown(equal))
        assert put.status_code == (409 if by_token else 200), put.text
    await nothing_is_wrong(shop)
