"""Checks of stock and of idempotency keys: silent while all is well, and red for what each is there to find."""

from uuid import UUID

from doorbuster.invariants import orders, stock
from shared.events.inventory import StockReserved
from shared.ids import uuid7
from shared.shards import product_key
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side import event_log
from write_side.commands import Call
from write_side.database import Connection
from write_side.event_log import NewEvent


async def test_nothing_is_found_in_a_healthy_shop(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    await shop.order(lamp=2)
    assert await stock.negative(auditor) == []
    assert await stock.unaccounted(auditor) == []


async def test_more_reserved_than_there_is_is_found(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    await auditor.execute("ALTER TABLE stock_item DROP CONSTRAINT never_oversold")
    await auditor.execute("UPDATE stock_item SET reserved = 4")
    (found,) = await stock.negative(auditor)
    assert "(lamp): 3 on hand, 4 reserved" in found
    await auditor.execute("UPDATE stock_item SET reserved = 0")


async def test_stock_that_was_negative_for_a_moment_is_found_in_the_log(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    item = await auditor.fetchrow("SELECT id, product_id FROM stock_item")
    assert item is not None
    said = StockReserved("lamp", "BER", uuid7(), 9, 3, 9)
    event = NewEvent("stock_item", item["id"], 2, product_key(item["product_id"]), said)
    undone = auditor.transaction()
    await undone.start()
    (position,) = (await event_log.append(auditor, [event], CAUSE)).values()
    assert await stock.negative(auditor) == [f"event {position} (lamp): 3 on hand, 9 reserved"]
    await undone.rollback()


async def test_a_reservation_that_nobody_holds_is_found(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    await auditor.execute("UPDATE stock_item SET reserved = 1")
    (found,) = await stock.unaccounted(auditor)
    assert "held by open reservations is 0, not the 1 reserved" in found
    await auditor.execute("UPDATE stock_item SET reserved = 0")


async def _placed(shop: Shop, key: str) -> UUID:
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    return (await shop.place(basket, quote.id, Call("guest", orders.ROUTE, key, b""))).id


async def test_every_order_has_the_key_that_was_answered_with_it(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    await _placed(shop, "one")
    await _placed(shop, "two")
    assert await orders.without_key(auditor) == []


async def test_a_second_order_for_one_key_is_found(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    first = await _placed(shop, "one")
    await auditor.execute("DELETE FROM idempotency")  # as if the key had not been kept: its repeat orders anew
    await _placed(shop, "one")
    (found,) = await orders.without_key(auditor)
    assert found.startswith(f"order {first}:")
