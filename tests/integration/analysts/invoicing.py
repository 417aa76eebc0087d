"""Business customers who buy on invoice, long ago and just now, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_invoices import business
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_exchanges import replacement, swap
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_returns import lamps, receive
from tests.integration.projector.test_documents import until
from write_side import invoices as face
from write_side.carts import handlers as carts
from write_side.carts.domain import NewCart
from write_side.invoices import handlers as invoices
from write_side.orders.handlers import OrderState
from write_side.refunds import taxing

DAYS = 30  # until an invoice has to be paid


async def sold_on_invoice(shop: Shop, customers: Customers, patch: pytest.MonkeyPatch) -> None:
    """Invoices that are due, late by days, weeks and months, paid, and taken off in part and in all, be it by a refund
    of what was sent in exchange."""
    await shop.stock("desk", 20, price=8000)
    await shop.stock("book", 20, price=1000, tax_class="reduced")
    account_id = await business(customers, 10**7, DAYS)

    async def bought(ago: int = 0, **lines: int) -> OrderState:
        opened = await carts.open_account_cart(
            shop.pool, shop.settings.link_secret, account_id, NewCart("EUR", "web"), CAUSE
        )
        basket = shop.basket_of(opened)
        await shop.fill(basket, lines)
        order = await shop.place(basket, (await shop.quote(basket, pay_by="invoice")).id)
        with patch.context() as then:
            then.setattr(face, "issue", _issued(timedelta(days=ago)))
            await _taken(shop, order)
        return order

    fresh = await bought(desk=1, book=2)
    late, _, oldest = [await bought(DAYS + days, desk=1) for days in (5, 45, 75)]
    book, settled = await bought(book=1), await bought(desk=1)
    every = (await invoices.list_invoices(shop.pool, None, None, 100)).invoices
    invoice = {each.order_id: each for each in every}
    await invoices.tell_overdue(shop.pool, datetime.now(invoice[late.id].due_at.tzinfo))
    await invoices.pay(shop.pool, invoice[settled.id].id, "2026-12-01/17", CAUSE)
    await shop.refund(fresh, reason="damaged", lines=[{"sku": "book", "quantity": 1}])
    await shop.refund(fresh, reason="goodwill", amount_minor=333)
    with patch.context() as before_rates_were_told:
        before_rates_were_told.setattr(taxing, "_by_rate", lambda _parts: [])
        await shop.refund(oldest, reason="goodwill", amount_minor=1000)
    await shop.refund(book)
    await shop.refund(settled, reason="damaged", amount_minor=500)
    await shop.stock("stool", 9, price=3000)
    await ship(shop, fresh, fresh.number)
    wished = await swap(shop, fresh, 1, "customer", None, "desk", stool=2)
    instead = await replacement(shop, await receive(shop, wished, *lamps(1, "desk")))
    await _taken(shop, instead)
    await shop.refund(instead, reason="damaged", lines=lamps(1, "stool"))


async def _taken(shop: Shop, order: OrderState) -> None:
    """Confirmed and captured; a worker that runs beside the test may have it in hand."""

    async def is_captured() -> bool:
        await shop.work()
        return (await shop.payment(order)).state == "captured"

    await until(is_captured)


def _issued(ago: timedelta) -> Any:
    issue: Any = face.issue

    async def issued(*args: Any) -> Any:
        *first, now, cause = args
        return await issue(*first, now - ago, cause)

    return issued
