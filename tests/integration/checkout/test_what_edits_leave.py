"""Customers who take some of an order back before it leaves keep nothing that it was given for: not a tier's price, a
discount from a minimum on, a gift, free shipping, or a part of a bundle. Through the handlers on real Postgres."""

from typing import Any

import msgspec
import pytest

from shared import promotion_rule
from shared.events.orders import Needs
from shared.ids import uuid7
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, paid
from tests.integration.checkout.test_bundles import bundle
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_price_lists import a_list
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side import access
from write_side.app import create_app
from write_side.fulfilment.editing.keeping import BelowTerms
from write_side.orders.handlers import OrderState
from write_side.promotions import handlers as promotions
from write_side.promotions.domain import (
    BuyGetInput,
    FreeShippingInput,
    GiftInput,
    PercentageInput,
    Promotion,
    PromotionInput,
)


async def is_refused(shop: Shop, order: OrderState, **lines: int) -> list[dict[str, Any]]:
    """What is told as lacking; nothing is given back."""
    before = await shop.refunds(order)
    with pytest.raises(BelowTerms) as refused:
        await edit(shop, order, by_staff=False, **lines)
    assert await shop.refunds(order) == before
    terms: list[dict[str, Any]] = refused.value.facts["terms"]
    return terms


async def revise(shop: Shop, promotion: Promotion, off: Any, **said: Any) -> None:
    await promotions.revise_promotion(shop.pool, promotion.id, PromotionInput("Sale", off, **said), None, CAUSE)


async def test_a_gift_is_kept_with_what_it_was_given_for_and_goes_with_it(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=8000)
    await shop.stock("cord", 10, price=1500)
    await shop.stock("mug", 5, price=500)
    gift = await shop.promote(GiftInput("mug"), minimum={"EUR": 9000})
    order = await shop.captured(lamp=1, cord=1)
    [given] = (await shop.now(order)).discounts
    assert given.needs == Needs(9000, gift="mug", gift_quantity=1)
    assert await is_refused(shop, order, lamp=0) == [
        {"what": "promotion", "name": "Sale", "promotion_id": gift.id, "left_minor": 1500, "minimum_minor": 9000,
         "gift": "mug", "gift_quantity": 1},
    ]  # fmt: skip
    await revise(shop, gift, GiftInput("mug"), minimum={"EUR": 1})
    assert await is_refused(shop, order, lamp=0), "by what was promised, not by what is promised now"
    back = await edit(shop, order, lamp=0, mug=0)
    assert (back.amount.amount_minor, await shop.figures("mug")) == (9520, (5, 0))
    await edit(shop, order, cord=0)
    assert sum(each.amount_minor for each in await shop.refunds(order)) == (await shop.payment(order)).amount_minor


async def test_a_gift_for_buying_something_goes_with_that(shop: Shop) -> None:
    for sku in ("lamp", "cord", "mug"):
        await shop.stock(sku, 10)
    await shop.promote(GiftInput("mug"), skus=["lamp"])
    order = await shop.captured(lamp=2, cord=1)
    await edit(shop, order, lamp=1)
    [short] = await is_refused(shop, order, lamp=0)
    assert (short["one_of"], short["gift"]) == (["lamp"], "mug")
    await edit(shop, order, lamp=0, mug=0)
    await edit(shop, order, cord=0)


async def test_the_price_of_many_is_not_kept_by_few(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    await shop.stock("cord", 100)
    await a_list(shop, {1: 950, 10: 500})
    order = await shop.captured(lamp=12, cord=1)
    await edit(shop, order, lamp=10)
    short = await is_refused(shop, order, lamp=9)
    assert short == [{"what": "price", "name": "Lamp", "sku": "lamp", "from_quantity": 10, "left": 9}]
    await edit(shop, order, cord=0)
    await edit(shop, order, lamp=0)


async def test_a_discount_from_a_minimum_on_is_not_kept_below_it(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=2000)
    await shop.stock("cord", 10, price=1000)
    await shop.promote(PercentageInput(2000), minimum={"EUR": 5000}, skus=["lamp"], code="LAMPS")
    basket = await shop.basket(lamp=2, cord=2)
    quote = await shop.quote(basket, codes=["LAMPS"])
    assert quote.discounts[0].needs == Needs(5000, ["lamp"])
    order = await shop.place(basket, quote.id)
    await paid(shop, order)
    await edit(shop, order, cord=1)
    assert (await is_refused(shop, order, lamp=1))[0]["left_minor"] == 3000
    await edit(shop, order, lamp=0)  # nothing that it was for
    await edit(shop, order, cord=0)


async def test_groups_stay_whole(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("cord", 10)
    await shop.promote(BuyGetInput(1, 1))
    order = await shop.captured(lamp=5, cord=1)
    await edit(shop, order, lamp=4)
    assert (await is_refused(shop, order, lamp=3))[0]["together"] == {"lamp": 4}
    await edit(shop, order, cord=0)
    await edit(shop, order, lamp=0)


async def test_shipping_that_was_free_from_so_much_on_is_not_kept_below_that(shop: Shop) -> None:
    await shop.stock("lamp", 100, price=2000)
    await set_zone(shop, STANDARD)  # free from 50.00
    order = await shop.captured(lamp=3)
    first = await shop.now(order)
    assert first.shipping is not None
    assert (first.shipping.price_minor, first.shipping.from_minor) == (0, 5000)
    [short] = await is_refused(shop, order, lamp=2)
    assert (short["what"], short["minimum_minor"], short["left_minor"]) == ("shipping", 5000, 4000)
    more = await add(shop, order, lamp=2)
    await paid(shop, more)
    await edit(shop, more, lamp=1)
    assert (await is_refused(shop, order, lamp=0))[0]["what"] == "shipping", "what was added would go for nothing"
    await edit(shop, more, lamp=0)
    await edit(shop, order, lamp=0)
    paying = await shop.captured(lamp=2)
    await edit(shop, paying, lamp=1)


async def test_free_shipping_is_kept_with_what_it_was_promised_for(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("cord", 10)
    await set_zone(shop, STANDARD)
    await shop.promote(FreeShippingInput(), skus=["lamp"])
    order = await shop.captured(lamp=1, cord=2)
    assert (await is_refused(shop, order, lamp=0))[0]["one_of"] == ["lamp"]
    await edit(shop, order, cord=0)


async def test_of_a_bundle_goes_all_or_nothing(shop: Shop) -> None:
    await shop.stock("lamp", 20, 3000)
    await shop.stock("bulb", 20, 500)
    await bundle(shop, "set", 2000, lamp=1, bulb=2)
    order = await shop.captured(set=2, bulb=1)
    assert [each["what"] for each in await is_refused(shop, order, lamp=1)] == ["bundle", "ways"]
    await edit(shop, order, bulb=4)
    assert (await is_refused(shop, order, bulb=3))[0] == {"what": "bundle", "name": "set", "sku": "set"}
    await edit(shop, order, lamp=1, bulb=2)
    await edit(shop, order, lamp=0, bulb=0)


async def test_staff_take_off_what_they_like_and_what_they_left_holds_nobody_up(shop: Shop) -> None:
    await shop.stock("lamp", 20)
    await shop.stock("cord", 20)
    await a_list(shop, {5: 500})
    order = await shop.captured(lamp=6, cord=1)
    await edit(shop, order, by_staff=True, lamp=4)
    await edit(shop, order, cord=0)
    await edit(shop, order, lamp=3)


async def test_what_was_quoted_before_it_was_said_what_it_needs_is_edited_as_before(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.stock("lamp", 20)
    await shop.stock("mug", 20)
    await shop.promote(GiftInput("mug"), minimum={"EUR": 2000})
    basket = await shop.basket(lamp=2)
    with monkeypatch.context() as older:
        older.setattr(promotion_rule, "_needs", lambda *_: None)
        quote = await shop.quote(basket)
    order = await shop.place(basket, quote.id)
    await paid(shop, order)
    assert (await shop.now(order)).discounts[0].needs is None
    await edit(shop, order, lamp=1)


async def test_over_http_customers_are_told_what_is_needed_and_staff_are_not_asked(
    shop: Shop, shop_settings: Settings
) -> None:
    await shop.stock("lamp", 20)
    await a_list(shop, {5: 500})
    order = await shop.captured(lamp=6)
    issued = await access.issue_token(shop.pool, "test", ["orders:write"], None, CAUSE)
    staff = {"Authorization": f"Bearer {msgspec.json.decode(issued.body)['token']}"}
    lines = {"lines": [{"sku": "lamp", "quantity": 2}]}
    customer = {"Order-Token": order_token(shop_settings.link_secret, order.id)}
    async with client_of(create_app(shop_settings)) as client:
        path = f"/v1/orders/{order.id}/edits"
        from_customer = await client.post(path, json=lines, headers=customer | {"Idempotency-Key": str(uuid7())})
        problem = from_customer.json()
        assert (from_customer.status_code, problem["code"]) == (409, "below_terms")
        assert problem["terms"] == [
            {"what": "price", "name": "Lamp", "sku": "lamp", "from_quantity": 5, "left": 2}
        ]  # fmt: skip
        from_staff = await client.post(path, json=lines, headers=staff | {"Idempotency-Key": str(uuid7())})
        assert from_staff.status_code == 201
