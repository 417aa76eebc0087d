"""Nobody is told that something can be had again while its product isn't for sale: then they are, once it is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import structs

from shared.codec import tag_of
from shared.events.catalog import ProductRevised, Status
from shared.publishing import minute_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.waiting import BOB, ask, receive, states, work, work_off_the_log
from write_side import catalog, event_log
from write_side.catalog import Product, ProductInput, VariantInput
from write_side.catalog import handlers as catalog_handlers
from write_side.notifications.gateway import MailServer
from write_side.restock_requests import reactions, store
from write_side.restock_requests.domain import InStock

A_MOMENT = timedelta(seconds=1.5)


@pytest.fixture
async def sold_out(shop: Shop) -> None:
    """The last lamp is ordered."""
    await shop.stock("lamp", 1)
    await shop.order(lamp=1)


async def lamp(shop: Shop) -> Product:
    async with shop.pool.acquire() as conn:
        [product] = await catalog.find_known(conn, [], ["lamp"])
    return product


async def become(shop: Shop, status: Status) -> None:
    product = await lamp(shop)
    await catalog_handlers.set_status(shop.pool, product.id, status, None, CAUSE, None)


async def revise(shop: Shop, *skus: str, **said: Any) -> None:
    """The lamp is sold under these SKUs from now on."""
    product, given = await lamp(shop), ProductInput("Lamp", [VariantInput(sku) for sku in skus], **said)
    await catalog_handlers.replace_product(shop.pool, product.id, given, None, CAUSE, None)


@pytest.mark.parametrize("status", ["archived", "draft"])
async def test_what_comes_in_while_it_is_not_for_sale_is_told_once_it_is_again(
    shop: Shop, sold_out: None, inbox: tuple[Inbox, MailServer], status: Status
) -> None:
    received, server = inbox
    await work(shop, server)
    await ask(shop)
    await become(shop, status)
    await receive(shop, 1)
    assert await work(shop, server) == 0
    assert await states(shop) == [("waiting", True)]
    await become(shop, "active")
    assert await work(shop, server) == len(received.mails) == 1


async def test_a_sku_that_nobody_sells_any_more_is_waited_for_and_told_when_its_product_sells_it_again(
    shop: Shop, sold_out: None, inbox: tuple[Inbox, MailServer]
) -> None:
    _, server = inbox
    await work(shop, server)
    await shop.stock("ebook", 1)
    await shop.order(ebook=1)
    await ask(shop)
    await ask(shop, sku="ebook")
    await revise(shop, "lamp-2")
    for sku in ("lamp", "ebook"):
        await receive(shop, 1, sku)
    assert await work(shop, server) == 1
    assert await states(shop) == [("waiting", True), ("told", False)]
    await revise(shop, "lamp-2", "lamp")
    assert await work(shop, server) == 1
    assert await states(shop) == [("told", False)] * 2


async def test_what_is_in_stock_and_not_for_sale_can_be_waited_for(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 1)
    await become(shop, "draft")
    await work(shop, server)
    await ask(shop)
    assert await work(shop, server) == 0
    await become(shop, "active")
    with pytest.raises(InStock):
        await ask(shop, BOB)
    assert await work(shop, server) == len(received.mails) == 1


async def test_what_was_published_while_somebody_asked_is_told(
    shop: Shop, inbox: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    await shop.stock("lamp", 1)
    await become(shop, "draft")
    await work(shop, server)
    insert = store.insert

    async def late(*args: Any, due: bool) -> Any:
        await become(shop, "active")
        await work(shop, server)
        return await insert(*args, due=due)

    monkeypatch.setattr(store, "insert", late)
    await ask(shop)
    assert await work(shop, server) == len(received.mails) == 1


async def test_what_comes_by_the_clock_is_told_when_it_has_come_and_what_is_moved_forward_earlier(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await shop.stock("lamp", 1)
    await work(shop, server)
    tomorrow = minute_of(datetime.now(UTC)) + timedelta(days=1)
    await revise(shop, "lamp", publish_at=tomorrow)
    await ask(shop)
    assert await work(shop, server) == 0
    assert await shop.pool.fetchval("SELECT next_attempt_at FROM restock_request") == tomorrow
    await revise(shop, "lamp", publish_at=tomorrow - timedelta(hours=1))
    assert await work(shop, server) == 0
    moved = tomorrow - timedelta(hours=1)
    assert await shop.pool.fetchval("SELECT next_attempt_at FROM restock_request") == moved
    query = "UPDATE product SET publish_at = clock_timestamp() + $1 RETURNING publish_at"  # no whole minute: no waiting
    moment = await shop.pool.fetchval(query, A_MOMENT)
    await shop.pool.execute("UPDATE restock_request SET next_attempt_at = clock_timestamp()")
    assert await work(shop, server) == 0
    assert await shop.pool.fetchval("SELECT next_attempt_at FROM restock_request") == moment
    await asyncio.sleep(A_MOMENT.total_seconds())
    assert await work(shop, server) == len(received.mails) == 1
    await shop.pool.execute("UPDATE product SET publish_at = $1", moved)  # as the log tells it


async def test_products_revised_are_read_only_where_somebody_waits_and_only_for_what_decides(
    shop: Shop, sold_out: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await work_off_the_log(shop)
    await revise(shop, "lamp", "lamp-2")
    last = await shop.pool.fetchval("SELECT max(position) FROM event_log")
    monkeypatch.setattr(reactions, "decode_events", None)
    async with shop.pool.acquire() as conn:
        *_, revised = await event_log.read_types_after(conn, 0, last, [tag_of(ProductRevised)], 100)
        broken = msgspec.Raw(b"{")
        assert await reactions._waited_for(conn, [structs.replace(revised, payload=broken)]) == []
        await ask(shop)
        assert await reactions._waited_for(conn, [revised]) == [revised]
