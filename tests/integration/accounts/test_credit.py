"""Credit: who buys on it, and how it is reserved like stock, and free again once it is paid, refunded or cancelled."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_invoices import TOTAL, basket_of, bought, business, the_invoice, used
from tests.integration.checkout.patience import (
    all_while_the_stock_is_held,
    patient,
    until_waiting,
    waits_ahead_of_the_stock,
)
from tests.integration.checkout.shop import ADDRESS, Basket, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_adding import add
from tests.integration.checkout.test_over_http import BUYER
from tests.integration.checkout.test_picking import finish, missing, picks, start
from tests.integration.checkout.test_picking import react as list_paid
from tests.integration.checkout.test_releases import release
from write_side.accounts import staff
from write_side.app import create_app
from write_side.invoices import domain, store
from write_side.invoices import handlers as invoices
from write_side.invoices.domain import BelowUsed, CreditExceeded, CreditInput, InvoiceNotPermitted, UnknownCredit
from write_side.orders.closing import cancel_order
from write_side.orders.handlers import OrderState, QuoteState


async def test_a_cart_s_secret_alone_buys_on_nobody_s_credit(
    customers: Customers, shop: Shop, shop_settings: Settings
) -> None:
    """Who kept it and was signed out, everywhere, had the account pay for goods to any address."""
    await shop.stock("lamp", 5)
    owner = await customers.customer()
    await staff.set_groups(shop.pool, owner.account_id, ["business"], CAUSE)
    await invoices.set_credit(shop.pool, owner.account_id, CreditInput(10 * TOTAL, "EUR"), CAUSE)
    other = await customers.customer("grace@navy.example")
    basket = await basket_of(shop, owner.account_id)
    path, secret = f"/v1/carts/{basket.id}/quotes", {"Cart-Secret": basket.secret}
    async with client_of(create_app(shop_settings)) as client:

        async def status(token: str | None, method: str) -> tuple[int, str | None]:
            headers = secret | ({"Authorization": f"Bearer {token}"} if token else {})
            answer = await client.post(path, headers=headers, json=BUYER | {"payment_method": method})
            return answer.status_code, answer.json().get("code")

        assert await status(owner.token, "invoice") == (201, None)
        told = "SELECT convert_from(metadata, 'UTF8')::jsonb ->> 'actor' FROM event_log WHERE type = $1"
        assert await shop.pool.fetchval(told, "orders.quote_issued.v1") == f"account:{owner.account_id}"
        for token in (None, other.token):
            assert await status(token, "invoice") == (409, "invoice_not_permitted")
            assert await status(token, "card") == (201, None)
        await client.delete("/v1/sessions", headers={"Authorization": f"Bearer {owner.token}"})
        assert await status(owner.token, "invoice") == (409, "invoice_not_permitted")


async def test_only_accounts_of_the_groups_with_enough_credit_left_buy_on_invoice(
    customers: Customers, shop: Shop
) -> None:
    await shop.stock("lamp", 5)
    guest = await shop.basket(lamp=1)
    with pytest.raises(InvoiceNotPermitted):
        await shop.quote(guest, pay_by="invoice")
    account_id = await business(customers, TOTAL - 1)
    basket = await basket_of(shop, account_id)
    with pytest.raises(CreditExceeded) as exceeded:
        await shop.quote(basket, pay_by="invoice")
    assert exceeded.value.facts["left_minor"] == TOTAL - 1
    card = await shop.gift_card(100)
    quote = await shop.quote(basket, pay_by="invoice", gifts=[card.code])
    order = await shop.place(basket, quote.id)
    assert await used(shop, account_id) == (await shop.payment(order)).amount_minor == TOTAL - 100
    with pytest.raises(BelowUsed):
        await invoices.set_credit(shop.pool, account_id, CreditInput(TOTAL - 101, "EUR"), CAUSE)
    await staff.set_groups(shop.pool, account_id, ["wholesale"], CAUSE)
    await invoices.set_credit(shop.pool, account_id, CreditInput(99_999, "EUR"), CAUSE)
    with pytest.raises(InvoiceNotPermitted):
        await bought(shop, account_id)
    with pytest.raises(UnknownCredit):
        await invoices.show_credit(shop.pool, UUID(int=1))
    await nothing_is_wrong(shop)


async def test_an_orders_token_alone_buys_nothing_on_the_accounts_credit_nor_moves_what_it_bought(
    customers: Customers, shop: Shop, shop_settings: Settings
) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, 9999)
    session = await customers.sign_in()
    order = await bought(shop, account_id)
    await shop.work()
    await shop.work()
    lines: Any = {"lines": [{"sku": "lamp", "quantity": 1}]}
    address: Any = {"address": msgspec.to_builtins(ADDRESS)}
    by_token = {"Order-Token": order_token(shop_settings.link_secret, order.id)}
    async with client_of(create_app(shop.settings)) as api:
        for shown, added, moved in ((by_token, 409, 409), ({"Authorization": f"Bearer {session.token}"}, 201, 200)):
            key = {"Idempotency-Key": str(uuid7())}
            posted = await api.post(f"/v1/orders/{order.id}/additions", json=lines, headers=shown | key)
            key = {"Idempotency-Key": str(uuid7())}
            put = await api.put(f"/v1/orders/{order.id}/address", json=address, headers=shown | key)
            assert (posted.status_code, put.status_code) == (added, moved)
            if shown is by_token:
                assert (posted.json()["code"], put.json()["code"]) == ("invoice_not_permitted", "not_editable")
                assert await used(shop, account_id) == TOTAL


async def test_of_orders_that_want_the_same_credit_at_once_one_gets_it(customers: Customers, shop: Shop) -> None:
    await shop.stock("lamp", 50)
    account_id = await business(customers, TOTAL)
    baskets = [await basket_of(shop, account_id, channel) for channel in ("web", "app", "phone")]
    quotes = [await shop.quote(basket, pay_by="invoice") for basket in baskets]

    async def place(of: Shop, basket: Basket, quote: QuoteState) -> OrderState | str:
        try:
            return await of.place(basket, quote.id)
        except CreditExceeded as exceeded:
            return exceeded.code

    each = zip(shop.as_processes(), baskets, quotes, strict=False)
    outcomes = await all_while_the_stock_is_held(shop, [place(*one) for one in each])
    assert sum(isinstance(one, OrderState) for one in outcomes) == 1
    assert outcomes.count("credit_exceeded") == 2
    assert (await used(shop, account_id), await shop.figures("lamp")) == (TOTAL, (50, 1))
    await nothing_is_wrong(shop)


async def test_credit_that_changes_its_currency_meanwhile_is_not_taken(customers: Customers, shop: Shop) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, 5000)
    basket = await basket_of(shop, account_id)
    quote = await shop.quote(basket, pay_by="invoice")
    async with shop.pool.acquire() as conn, conn.transaction():
        credit = await store.find_credit(conn, account_id, lock=True)
        changed = domain.set_credit(credit, account_id, CreditInput(5000, "USD"))
        assert changed is not None
        placing = asyncio.create_task(shop.place(basket, quote.id))
        await until_waiting(shop.pool, 1)
        await store.save_credit(conn, credit, changed, CAUSE)
    with pytest.raises(InvoiceNotPermitted):
        await placing
    assert (await used(shop, account_id), await shop.figures("lamp")) == (0, (5, 0))
    await nothing_is_wrong(shop)


async def test_a_cancelled_order_frees_its_credit(customers: Customers, shop: Shop) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, 5000)
    order = await bought(shop, account_id)
    await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert ((await shop.now(order)).state, await used(shop, account_id)) == ("cancelled", 0)
    assert (await invoices.list_invoices(shop.pool, None, None, 10)).invoices == []
    await nothing_is_wrong(shop)


async def test_a_short_pick_holds_credit_ahead_of_the_stock(customers: Customers, shop: Shop) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, 5000)
    order = await bought(shop, account_id)
    await shop.work()
    await shop.work()
    await list_paid(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    async with patient(shop) as slow:
        call = finish(slow, pick, missing=missing(1), reason="damaged", otherwise="refund")
        await waits_ahead_of_the_stock(slow, "credit", call)
    assert await used(shop, account_id) == 0, "nothing is sent"
    await nothing_is_wrong(shop)


async def test_what_is_let_go_before_the_capture_frees_its_credit_and_the_rest_goes_as_ever(
    customers: Customers, shop: Shop
) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, 5000)
    order, other = await bought(shop, account_id), await bought(shop, account_id)
    await shop.work()
    for each in (order, other):
        await release(shop, each, amount_minor=773)
    assert await used(shop, account_id) == 2000
    await cancel_order(shop.pool, shop.providers, other.id, CAUSE)
    assert await used(shop, account_id) == 1000
    await shop.work()
    invoice = await the_invoice(shop)
    assert (invoice.order_id, invoice.open.amount_minor) == (order.id, 1000)
    await invoices.pay(shop.pool, invoice.id, "BANK-1", CAUSE)
    assert await used(shop, account_id) == 0
    await nothing_is_wrong(shop)


async def test_the_row_refuses_what_a_mistake_of_ours_would_let_through(customers: Customers, shop: Shop) -> None:
    account_id = await business(customers, 5000)
    with pytest.raises(asyncpg.CheckViolationError, match="never_overdrawn"):
        await shop.pool.execute("UPDATE credit SET used_minor = 5001 WHERE id = $1", account_id)


async def test_what_is_added_to_an_order_on_invoice_takes_credit_and_is_invoiced_at_once(
    customers: Customers, shop: Shop
) -> None:
    await shop.stock("lamp", 5)
    account_id = await business(customers, TOTAL + 1190)
    order = await bought(shop, account_id)
    await shop.work()
    await shop.work()
    more = await add(shop, order, lamp=1)
    assert (more.totals.total.amount_minor, await used(shop, account_id)) == (1190, TOTAL + 1190)
    await shop.work()
    await shop.work()
    assert ((await shop.now(more)).state, (await shop.payment(more)).state) == ("confirmed", "captured")
    found = (await invoices.list_invoices(shop.pool, None, None, 10)).invoices
    assert {(invoice.order_id, invoice.open.amount_minor) for invoice in found} == {(order.id, TOTAL), (more.id, 1190)}
    with pytest.raises(CreditExceeded):
        await add(shop, order, lamp=1)
