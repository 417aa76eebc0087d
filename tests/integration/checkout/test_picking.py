"""Pick lists on real Postgres: listed by themselves, picked once, and made up for where a shelf is empty."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from msgspec import structs

from shared.events.orders import Allocation
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_parcels import ship
from write_side.fulfilment.domain import NewParcel, NothingToShip, ShipsTooMuch
from write_side.fulfilment.handlers import ship_parcel
from write_side.fulfilment.picking import handlers, steps, store
from write_side.fulfilment.picking.domain import FinishPick, Pick, PickNotListed, PickNotPicked
from write_side.fulfilment.picking.reactions import reactions as pick_reactions
from write_side.orders.handlers import OrderState

_pick = msgspec.json.Decoder(Pick)


async def react(shop: Shop) -> None:
    """As if the relay had got to the end of the log, and a quarter of an hour had gone by."""
    await react_to_all(shop.pool, *pick_reactions(structs.replace(shop.settings, pick_after_seconds=0)))


async def picks(shop: Shop, order: OrderState) -> list[Pick]:
    async with shop.pool.acquire() as conn:
        return await store.of_order(conn, order.id)


async def start(shop: Shop, pick: Pick) -> Pick:
    return _pick.decode((await handlers.start_pick(shop.pool, pick.id, CAUSE, new_call())).body)


async def finish(shop: Shop, pick: Pick, **wanted: Any) -> Pick:
    asked = msgspec.convert(wanted, FinishPick)
    answer = await handlers.finish_pick(shop.pool, pick.id, asked, "priority", CAUSE, new_call())
    return _pick.decode(answer.body)


async def ship_pick(shop: Shop, pick: Pick) -> dict[str, int]:
    wanted = NewParcel("DHL", pick.id.hex, pick_id=pick.id)
    body = msgspec.json.decode((await ship_parcel(shop.pool, pick.order_id, wanted, CAUSE, new_call())).body)
    return {line["sku"]: line["quantity"] for line in body["lines"]}


def missing(quantity: int) -> list[dict[str, Any]]:
    return [{"sku": "lamp", "quantity": quantity}]


async def test_a_paid_order_is_listed_once_and_picked_by_itself_over_several_workers(shop: Shop) -> None:
    await shop.stock("lamp", 2)
    await shop.stock("lamp", 5, warehouse="HAM")
    order = await shop.captured(lamp=7)
    await react(shop)
    await react(shop)
    assert {(pick.warehouse, pick.lines[0].quantity) for pick in await picks(shop, order)} == {("BER", 2), ("HAM", 5)}
    assert await asyncio.gather(*(steps.pick_due(shop.pool, shop.settings) for _ in range(3)))
    assert Counter(await shop.history(order))["pick_finished"] == 2
    assert [pick.state for pick in await picks(shop, order)] == ["picked", "picked"]
    for pick in await picks(shop, order):
        await ship_pick(shop, pick)
    with pytest.raises(PickNotPicked):
        await ship_pick(shop, pick)


async def test_six_who_start_one_list_are_one_at_the_shelf(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=2)
    await react(shop)
    [pick] = await picks(shop, order)
    asked = [start(shop, pick) for _ in range(6)]
    done = Counter(type(each).__name__ for each in await asyncio.gather(*asked, return_exceptions=True))
    assert done == {"Pick": 1, "PickNotListed": 5}


async def test_what_somebody_is_at_the_shelf_for_nobody_else_ships_and_a_refund_leaves_out(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=3)
    await react(shop)
    [pick] = await picks(shop, order)
    await shop.refund(order, reason="goodwill", lines=missing(1))
    assert (await start(shop, pick)).lines[0].quantity == 2
    with pytest.raises(NothingToShip):
        await ship(shop, order, "1")
    with pytest.raises(ShipsTooMuch):
        await ship(shop, order, "1", missing(1))
    await finish(shop, pick)
    await shop.refund(order, reason="goodwill", lines=missing(1))
    assert await ship_pick(shop, pick) == {"lamp": 1}, "one was refunded after it was packed"


async def test_a_list_whose_goods_were_shipped_past_it_is_cancelled_at_its_start(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=1)
    await react(shop)
    [pick] = await picks(shop, order)
    await ship(shop, order, "1")
    assert (await start(shop, pick)).state == "cancelled"
    with pytest.raises(PickNotListed):
        await start(shop, pick)


async def test_an_empty_shelf_is_counted_and_others_are_taken_and_the_rest_is_refunded(shop: Shop) -> None:
    await shop.stock("lamp", 6)
    await shop.stock("lamp", 1, warehouse="HAM")
    order = await shop.captured(lamp=4)
    waiting = await shop.order(lamp=1)  # its lamp is not there either, which its own list will find
    await react(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    packed = await finish(shop, pick, missing=missing(3), reason="not_on_shelf")
    assert [(line.sku, line.quantity) for line in packed.lines] == [("lamp", 1)]
    assert await shop.figures("lamp") == (1, 1), "no more lie there than are promised"
    assert await shop.figures("lamp", "HAM") == (0, 0)
    assert (await shop.now(order)).allocations == [Allocation("lamp", "BER", 1), Allocation("lamp", "HAM", 1)]
    [refund] = await shop.refunds(order)
    assert (refund.reason, [line.quantity for line in refund.lines], refund.restocked) == ("out_of_stock", [2], [])
    assert refund.shipping_minor == 0, "the others go by it"
    first, second = await picks(shop, order)
    assert (second.warehouse, second.state) == ("HAM", "listed")
    await start(shop, second)
    await finish(shop, second)
    assert [await ship_pick(shop, first), await ship_pick(shop, second)] == [{"lamp": 1}, {"lamp": 1}]
    assert (await shop.now(waiting)).state == "pending_payment"


async def test_what_is_damaged_leaves_the_books_and_may_be_refunded_at_once(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=2)
    await react(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    ended = await finish(shop, pick, missing=missing(2), reason="damaged", otherwise="refund")
    assert ended.state == "cancelled"
    assert await shop.figures("lamp") == (7, 0), "the two that were sold are gone, and no others"
    paid = (await shop.payment(order)).amount_minor
    assert [refund.amount_minor for refund in await shop.refunds(order)] == [paid], "nothing is sent for the shipping"
    with pytest.raises(NothingToShip):
        await ship(shop, order, "1")
