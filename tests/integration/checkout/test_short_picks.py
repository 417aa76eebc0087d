"""Less is found than is on a list, of which some was refunded while somebody was at the shelf."""

from typing import Any

import pytest

from shared.events.orders import Allocation
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_picking import finish, missing, picks, react, ship_pick, start
from write_side.fulfilment.picking.domain import Pick
from write_side.orders.handlers import OrderState


async def begun(shop: Shop, **refunded: Any) -> tuple[OrderState, Pick]:
    """Two of five lamps are on a list that somebody is at the shelf with, and the money of one goes back."""
    await shop.stock("lamp", 5)
    await shop.stock("lamp", 1, warehouse="HAM")
    order = await shop.captured(lamp=2)
    await react(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    await shop.refund(order, reason="goodwill", lines=missing(1), **refunded)
    return order, pick


async def refunded(shop: Shop, order: OrderState) -> list[int]:
    return [line.quantity for refund in await shop.refunds(order) for line in refund.lines]


@pytest.mark.parametrize("otherwise", ["reallocate", "refund"])
async def test_nothing_makes_up_for_what_nobody_is_owed_any_more(shop: Shop, otherwise: str) -> None:
    order, pick = await begun(shop)
    await finish(shop, pick, missing=missing(1), reason="damaged", otherwise=otherwise)
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((3, 0), (1, 0))
    assert [each.state for each in await picks(shop, order)] == ["picked"]
    assert (await shop.now(order)).allocations == [Allocation("lamp", "BER", 1)]
    assert await refunded(shop, order) == [1]
    assert await ship_pick(shop, pick) == {"lamp": 1}
    await nothing_is_wrong(shop)


async def test_of_what_is_all_missing_as_much_is_refunded_as_is_left(shop: Shop) -> None:
    order, pick = await begun(shop)
    await finish(shop, pick, missing=missing(2), reason="damaged", otherwise="refund")
    assert await refunded(shop, order) == [1, 1]
    assert await shop.figures("lamp") == (3, 0)


async def test_of_what_is_all_missing_as_much_is_taken_elsewhere_as_is_owed(shop: Shop) -> None:
    order, pick = await begun(shop)
    await shop.stock("lamp", 5, warehouse="MUC")
    await finish(shop, pick, missing=missing(2), reason="not_on_shelf")
    assert (await shop.now(order)).allocations == [Allocation("lamp", "HAM", 1)]
    assert (await shop.figures("lamp"), await shop.figures("lamp", "MUC")) == ((0, 0), (5, 0))
    assert await refunded(shop, order) == [1]


async def test_what_a_refund_has_put_back_into_the_books_is_not_put_back_twice(shop: Shop) -> None:
    order, pick = await begun(shop, restock=True)
    await finish(shop, pick, missing=missing(1), reason="damaged")
    assert await shop.figures("lamp") == (3, 0), "one broke, one is packed"
    assert "order_reallocated" not in await shop.history(order)
    await shop.refund(order, reason="goodwill", restock=True)
    assert await shop.figures("lamp") == (4, 0)
    assert await refunded(shop, order) == [1, 1]
    await nothing_is_wrong(shop)
