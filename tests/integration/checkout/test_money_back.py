"""What of all that goes back speaks against who had it: what they wanted, not what the shop could not do."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_returns import receive, shipped
from write_side.fraud import store


async def counted(shop: Shop, orders: Sequence[UUID]) -> set[UUID]:
    """Of these orders those from which money went back, as the fraud checks see it."""
    async with shop.pool.acquire() as conn:
        return (await store.ended_among(conn, orders)).refunded


@pytest.mark.parametrize(
    ("reason", "counts"),
    [("returned", True), ("not_delivered", True), ("goodwill", True), ("out_of_stock", False), ("duplicate", False)],
)
async def test_what_the_shop_could_not_send_is_no_money_that_the_buyer_wanted_back(
    shop: Shop, reason: str, counts: bool
) -> None:
    await shop.stock("lamp", 10)
    order = await shop.captured(lamp=1)
    await shop.refund(order, reason=reason)
    assert await counted(shop, [order.id]) == ({order.id} if counts else set())


async def test_who_takes_another_size_has_no_money_back(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("uplighter", 1)
    order = await shipped(shop, 3)
    await receive(shop, await swap(shop, order, 1, uplighter=1))
    assert len(await shop.refunds(order)) == 1
    assert await counted(shop, [order.id]) == set()
    await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}])
    assert await counted(shop, [order.id]) == {order.id}
