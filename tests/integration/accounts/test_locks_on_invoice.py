"""Who changes orders on invoice at once locks all that they share in one order, so that nobody waits in a circle."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import asyncpg
import pytest

from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_invoices import bought, business
from tests.integration.checkout.patience import patient, until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_adding import add, given_back, total
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_freed_shipping import come_to_know
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import PercentageInput

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def captured(shop: Shop) -> None:
    for _ in range(2):
        await shop.work()


async def pairs(shop: Shop, customers: Customers) -> list[tuple[OrderState, OrderState]]:
    """Two orders on invoice, and what was added to each by a promotion whose uses are limited."""
    await shop.stock("lamp", 10)
    account_id = await business(customers, 9000)
    first = [await bought(shop, account_id) for _ in range(2)]
    await captured(shop)
    await shop.promote(PercentageInput(1000), most=10)
    added = [await add(shop, order, lamp=1) for order in first]
    await captured(shop)
    assert [(await shop.payment(each)).state for each in added] == ["captured"] * 2
    return list(zip(first, added, strict=True))


async def three(shop: Shop, customers: Customers) -> list[OrderState]:
    """An order on invoice, and two that were added to it one after the other, heavy enough to pay for shipping."""
    await shop.stock("lamp", 10, grams=1200)
    first = await bought(shop, await business(customers, 9000))
    await captured(shop)
    await set_zone(shop, STANDARD)
    group = [first]
    for _ in range(2):
        group.append(await add(shop, first, lamp=1))
        await captured(shop)
    assert group[1].totals.shipping.amount_minor, "else there is nothing to free"
    return group


async def deadlocks(shop: Shop) -> int:
    """How many Postgres has ended; a connection tells at the latest as it is closed."""
    await asyncio.sleep(0.2)
    return int(await shop.pool.fetchval(DEADLOCKS))


async def test_additions_that_are_edited_to_nothing_at_once_wait_for_one_another_in_one_order(
    customers: Customers, shop: Shop
) -> None:
    (_, kept), (freed, freeing) = await pairs(shop, customers)
    await edit(shop, freed, lamp=0)  # its shipping is kept for what was added
    before = await deadlocks(shop)
    holder = await asyncpg.connect(shop.settings.database_url)
    async with patient(shop) as slow:
        async with holder.transaction():
            await holder.execute("SELECT FROM promotion FOR UPDATE")
            editing = [asyncio.ensure_future(edit(slow, kept, lamp=0))]
            await until_waiting(slow.pool, 1)
            editing.append(asyncio.ensure_future(edit(slow, freeing, lamp=0)))
            await until_waiting(slow.pool, 2)
        await asyncio.gather(*editing)
    await holder.close()
    assert await deadlocks(shop) == before
    assert await shop.pool.fetchval("SELECT used FROM promotion") == 0
    await nothing_is_wrong(shop)


async def waits_ahead_of_the_credit(shop: Shop, order: OrderState, call: Coroutine[Any, Any, Any]) -> None:
    """A call waits for the invoice of an order, and holds no credit yet: whoever is paid holds the invoice first."""
    holder = await asyncpg.connect(shop.settings.database_url)
    holding = holder.transaction()
    await holding.start()
    await holder.execute("SELECT FROM invoice WHERE order_id = $1 FOR UPDATE", order.id)
    waiting = asyncio.ensure_future(call)
    await until_waiting(shop.pool, 1)
    try:
        await holder.execute("SELECT FROM credit FOR UPDATE NOWAIT")
    finally:
        await holding.rollback()
        await holder.close()
        await waiting


@pytest.mark.parametrize("held", [1, 2])
async def test_an_edit_holds_all_invoices_that_it_lowers_ahead_of_the_credit(
    customers: Customers, shop: Shop, held: int
) -> None:
    group = await three(shop, customers)
    for order in group[:2]:
        await edit(shop, order, lamp=0)
    async with patient(shop) as slow:
        await waits_ahead_of_the_credit(slow, group[held], edit(slow, group[2], lamp=0))
    assert [await given_back(shop, order) for order in group] == [await total(shop, order) for order in group]
    await nothing_is_wrong(shop)


async def test_shipping_that_is_freed_later_goes_back_by_invoices_that_are_all_held_ahead_of_the_credit(
    customers: Customers, shop: Shop
) -> None:
    group = await three(shop, customers)
    for order in group[:2]:
        await edit(shop, order, lamp=0)
    await come_to_know(shop)
    await shop.refund(group[2], reason="goodwill", lines=[{"sku": "lamp", "quantity": 1}], restock=True)
    async with patient(shop) as slow:
        await waits_ahead_of_the_credit(slow, group[1], come_to_know(slow))
    assert [await given_back(shop, order) for order in group[:2]] == [await total(shop, order) for order in group[:2]]
    await nothing_is_wrong(shop)
