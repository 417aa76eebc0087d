"""What lies on a shelf is what can be sold and what is paid for and was not picked yet: so it is counted."""

import asyncio
from typing import Any

import msgspec
import pytest

from shared.events.inventory import StockCounted
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, missing, picks, react, ship_pick, start
from write_side.fulfilment.counting import handlers
from write_side.fulfilment.counting.handlers import Shelf
from write_side.inventory import BelowReserved, CountOutOfDate, CountShelf, UnknownStock
from write_side.orders.closing import cancel_order

_shelf = msgspec.json.Decoder(Shelf)


async def shelf(shop: Shop, warehouse: str = "BER") -> tuple[int, int, int]:
    """On hand, to pick, and both together."""
    shown = await handlers.show_shelves(shop.pool, "lamp")
    [found] = [each for each in shown.shelves if each.warehouse == warehouse]
    return found.on_hand, found.to_pick, found.on_shelf


async def count(shop: Shop, counted: int, expected: int, warehouse: str = "BER") -> Shelf:
    command = CountShelf("lamp", warehouse, counted, expected, "inventory")
    return _shelf.decode((await handlers.count_shelf(shop.pool, command, CAUSE, new_call())).body)


async def test_whoever_counts_what_is_paid_for_and_not_picked_sells_nothing_twice(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.captured(lamp=3)
    assert await shelf(shop) == (7, 3, 10)
    assert await count(shop, 10, 10) == Shelf("lamp", "BER", on_hand=7, reserved=0, to_pick=3, on_shelf=10)
    assert await count(shop, 9, 10) == Shelf("lamp", "BER", on_hand=6, reserved=0, to_pick=3, on_shelf=9)
    query = "SELECT payload FROM event_log WHERE type = 'inventory.stock_counted.v1' ORDER BY position"
    payloads = await shop.pool.fetch(query)
    told = [msgspec.json.decode(row["payload"], type=StockCounted) for row in payloads]
    assert [(event.change, event.on_hand, event.to_pick) for event in told] == [(0, 7, 3), (-1, 6, 3)]


async def test_a_payment_leaves_a_count_as_it_is_and_a_pick_makes_it_void(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=2)
    (_, _, expected) = await shelf(shop)
    await shop.captured(lamp=3)
    assert (await count(shop, 10, expected)).on_hand == 5
    await react(shop)
    await start(shop, (await picks(shop, order))[0])
    with pytest.raises(CountOutOfDate) as refused:
        await count(shop, 10, expected)
    assert refused.value.facts == {"on_hand": 5, "reserved": 0, "to_pick": 3}


async def test_no_more_are_missing_than_nobody_has_paid_for(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.captured(lamp=3)
    await shop.order(lamp=2)
    assert (await count(shop, 5, 10)).on_hand == 2
    with pytest.raises(BelowReserved):
        await count(shop, 4, 5)
    with pytest.raises(UnknownStock):
        await count(shop, 4, 5, "HAM")


async def test_what_lies_there_changes_by_what_is_taken_from_it_alone(shop: Shop) -> None:
    """Whatever orders, refunds and cancellations say of it."""
    await shop.stock("lamp", 10)
    await shop.stock("lamp", 4, warehouse="HAM")
    one = await shop.captured(lamp=3)
    await shop.refund(one, reason="goodwill", lines=missing(1), restock=True)
    assert await shelf(shop) == (8, 2, 10)
    unpaid = await shop.order(lamp=2)
    assert await shelf(shop) == (8, 2, 10)
    await cancel_order(shop.pool, shop.providers, unpaid.id, CAUSE)
    split = await shop.captured(lamp=11)
    assert (await shelf(shop), await shelf(shop, "HAM")) == ((0, 10, 10), (1, 3, 4))
    await react(shop)
    [first] = await picks(shop, one)
    await start(shop, first)
    await finish(shop, first)
    assert await shelf(shop) == (0, 8, 8)
    await ship_pick(shop, first)
    assert await shelf(shop) == (0, 8, 8)
    [there] = [pick for pick in await picks(shop, split) if pick.warehouse == "HAM"]
    await start(shop, there)
    assert (await shelf(shop), await shelf(shop, "HAM")) == ((0, 8, 8), (1, 0, 1))
    await ship(shop, split, "by hand", missing(5))
    assert (await shelf(shop), await shelf(shop, "HAM")) == ((0, 3, 3), (1, 0, 1))
    await ship(shop, split, "the rest", missing(3))
    assert (await shelf(shop), await shelf(shop, "HAM")) == ((0, 0, 0), (1, 0, 1))


async def test_what_is_paid_for_while_a_shelf_is_counted_is_told_apart(shop: Shop) -> None:
    await shop.stock("lamp", 20)
    unpaid = [await shop.order(lamp=1) for _ in range(6)]
    for order in unpaid:
        await shop.pay(order)
    asked: list[Any] = [*(shop.complete(order) for order in unpaid), *(count(shop, 20, 20) for _ in range(6))]
    await asyncio.gather(*asked)
    assert await shelf(shop) == (14, 6, 20)
