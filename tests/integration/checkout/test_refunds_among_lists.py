"""Part of an order is refunded while several lists hold its goods: what is still paid for leaves, by some of them."""

from contextlib import suppress

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, missing, picks, react, ship_pick, start
from tests.integration.checkout.test_shelves import count, shelf
from write_side.fulfilment.domain import NothingToShip, ShipsTooMuch
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.picking.handlers import Picks, list_order
from write_side.orders.handlers import OrderState

_picks = msgspec.json.Decoder(Picks)


async def packed(shop: Shop, berlin: int, hamburg: int) -> tuple[OrderState, Pick, Pick]:
    """An order of all the lamps of two warehouses, packed in both, and its lists."""
    await shop.stock("lamp", berlin)
    await shop.stock("lamp", hamburg, warehouse="HAM")
    order = await shop.captured(lamp=berlin + hamburg)
    await react(shop)
    for pick in await picks(shop, order):
        await finish(shop, await start(shop, pick))
    first, second = sorted(await picks(shop, order), key=lambda pick: pick.warehouse)
    return order, first, second


async def test_of_two_lamps_that_lie_packed_the_one_that_is_paid_for_leaves(shop: Shop) -> None:
    order, *both = await packed(shop, 1, 1)
    await shop.refund(order, reason="requested_by_customer", lines=missing(1))
    with pytest.raises(ShipsTooMuch):
        await ship(shop, order, "1", missing(1))  # it is held for the parcel of its list
    assert await shipped(shop, *both) == [1]
    await nothing_is_wrong(shop)


async def test_of_five_that_lie_packed_as_three_and_two_the_two_that_are_paid_for_leave(shop: Shop) -> None:
    order, *both = await packed(shop, 3, 2)
    await shop.refund(order, reason="requested_by_customer", lines=missing(3))
    assert await shipped(shop, *both) == [2]


async def shipped(shop: Shop, *lists: Pick) -> list[int]:
    """How many lamps left in each parcel, where something was to leave by a list."""
    found = []
    for pick in lists:
        with suppress(NothingToShip):
            found.append((await ship_pick(shop, pick))["lamp"])
    return found


async def test_what_the_books_have_back_on_a_shelf_stays_there_and_the_other_one_leaves(shop: Shop) -> None:
    order, berlin, hamburg = await packed(shop, 1, 1)
    await shop.refund(order, reason="requested_by_customer", lines=missing(1), restock=True)
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((1, 0), (0, 0))
    with pytest.raises(NothingToShip):
        await ship_pick(shop, berlin)
    assert await ship_pick(shop, hamburg) == {"lamp": 1}
    await nothing_is_wrong(shop)


async def test_what_did_not_leave_with_its_list_is_listed_anew_once_its_refund_failed(shop: Shop) -> None:
    await shop.stock("lamp", 2)
    order = await shop.captured(card="pm_card_refundFail", lamp=2)
    await react(shop)
    [first] = await picks(shop, order)
    await finish(shop, await start(shop, first))
    await shop.refund(order, reason="goodwill", lines=missing(1))
    await shop.refund_work()
    assert await ship_pick(shop, first) == {"lamp": 1}
    [refund] = await shop.refunds(order)
    assert await shelf(shop) == (0, 0, 0), "nobody is to be sent it"
    await shop.refund_settled(order, refund.provider_id, "fail")
    assert await shelf(shop) == (0, 1, 1)
    assert await listed(shop, order) == [("BER", 1)]
    assert (await count(shop, 1, 1)).on_hand == 0, "it is paid for"
    _, second = await picks(shop, order)
    await finish(shop, await start(shop, second))
    assert await ship_pick(shop, second) == {"lamp": 1}
    assert await shelf(shop) == (0, 0, 0)
    await nothing_is_wrong(shop)


async def listed(shop: Shop, order: OrderState) -> list[tuple[str, int]]:
    """What staff have listed by hand: where, and how many."""
    answer = await list_order(shop.pool, order.id, CAUSE, new_call())
    return [(pick.warehouse, line.quantity) for pick in _picks.decode(answer.body).picks for line in pick.lines]
