"""Who edits an order down doesn't keep the price of the quantity that they had ordered."""

from doorbuster import verify
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_price_lists import a_list, says


async def _nothing_is_wrong(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


async def test_what_is_left_costs_what_so_few_had_cost_when_it_was_ordered(shop: Shop) -> None:
    await shop.stock("lamp", 200, price=1500)
    bulk = await a_list(shop, {10: 1200, 100: 1000})
    order = await shop.captured(lamp=100)
    await says(shop, bulk, "lamp", {100: 1000})  # of prices of today nothing is asked
    back = await edit(shop, order, lamp=10)
    assert back.amount.amount_minor == (100 * 1000 - 10 * 1200) * 119 // 100
    back = await edit(shop, order, lamp=1)
    assert back.amount.amount_minor == (10 * 1200 - 1500) * 119 // 100
    assert await shop.figures("lamp") == (199, 0)
    returned = await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}])
    assert returned.amount.amount_minor == 1500 * 119 // 100
    await shop.refund_work()
    assert await _nothing_is_wrong(shop)


async def test_less_is_released_before_the_money_is_taken_and_nobody_pays_more_for_less(shop: Shop) -> None:
    await shop.stock("lamp", 200, price=1500)
    await a_list(shop, {10: 1000})
    order = await shop.order(lamp=10)
    await shop.pay(order)
    await shop.complete(order)
    nothing = await edit(shop, order, lamp=9)
    assert (nothing.state, nothing.amount.amount_minor) == ("released", 0), "nine alone had cost 135.00, ten 100.00"
    less = await edit(shop, order, lamp=2)
    assert less.amount.amount_minor == (10 * 1000 - 2 * 1500) * 119 // 100
    await shop.work()
    paid = await shop.payment(order)
    received = (await shop.at_stripe(order))["amount_received"]
    assert received == paid.amount_minor - less.amount.amount_minor
    assert await _nothing_is_wrong(shop)
