"""What is limited per order is limited with what was added: bundles by their own SKU, too, gifts not at all, nor what
was taken off before it left."""

import pytest

from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, paid, tried
from tests.integration.checkout.test_bundles import bundle
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_price_lists import a_list
from tests.integration.checkout.test_purchase_limits import left, limit
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import GiftInput


@pytest.fixture
async def with_set(shop: Shop) -> Shop:
    """Lamps, bulbs, and a set of a lamp and two bulbs, of which an order may have two."""
    await shop.stock("lamp", 20, 3000)
    await shop.stock("bulb", 40, 500)
    await bundle(shop, "set", 3300, lamp=1, bulb=2)
    await limit(shop, "set", most_per_order=2)
    return shop


async def test_a_bundle_that_is_limited_per_order_is_limited_with_what_was_added(with_set: Shop) -> None:
    shop = with_set
    order = await shop.captured(set=1)
    assert left(await tried(shop, order, set=2)) == [("set", 1)]
    await paid(shop, await add(shop, order, set=1))
    assert left(await tried(shop, order, set=1)) == [("set", 0)]
    assert isinstance(await tried(shop, order, lamp=1, bulb=2), OrderState), "what is in it is not limited"


async def test_of_a_bundle_that_was_taken_off_as_many_may_be_added(with_set: Shop) -> None:
    shop = with_set
    order = await shop.captured(set=2)
    assert left(await tried(shop, order, set=1)) == [("set", 0)]
    await edit(shop, order, lamp=1, bulb=2)
    assert left(await tried(shop, order, set=2)) == [("set", 1)]
    assert isinstance(await tried(shop, order, set=1), OrderState)


async def test_what_is_in_bundles_counts_for_its_own_limit(with_set: Shop) -> None:
    shop = with_set
    await limit(shop, "bulb", most_per_order=5)
    order = await shop.captured(set=1, bulb=1)
    assert left(await tried(shop, order, bulb=3)) == [("bulb", 2)]
    assert left(await tried(shop, order, set=1, bulb=1)) == [("bulb", 2)]
    assert isinstance(await tried(shop, order, set=1), OrderState)


async def test_a_gift_counts_for_no_limit_of_what_is_added(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("mug", 10)
    await limit(shop, "mug", most_per_order=2)
    await shop.promote(GiftInput("mug"), skus=["lamp"])
    order = await shop.captured(lamp=1, mug=1)
    more = await add(shop, order, lamp=1, mug=1)
    for each in (order, more):
        assert [(line.quantity, line.gift_quantity) for line in (await shop.now(each)).lines if line.sku == "mug"] == [
            (2, 1)
        ]
    await paid(shop, more)
    assert left(await tried(shop, order, mug=1)) == [("mug", 0)]


async def test_who_gives_up_the_price_of_many_may_add_as_many_as_are_allowed(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    await shop.stock("cord", 5)
    await a_list(shop, {10: 500})
    await limit(shop, most_per_order=10)
    order = await shop.captured(lamp=10, cord=1)
    await edit(shop, order, lamp=0)
    assert left(await tried(shop, order, lamp=11)) == [("lamp", 10)]
    await paid(shop, await add(shop, order, lamp=9))
    assert left(await tried(shop, order, lamp=2)) == [("lamp", 1)]
