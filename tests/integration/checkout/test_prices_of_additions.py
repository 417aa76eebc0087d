"""What adding to an order costs: told beforehand by what prices it, and less by promotions that apply by themselves."""

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import all_while_the_stock_is_held, patient
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, add_paid, paid, tried
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_freed_shipping import arrived
from tests.integration.checkout.test_shipping import STANDARD, set_zone
from write_side import catalog
from write_side.catalog import ProductInput, VariantInput, weighing
from write_side.catalog import handlers as catalog_handlers
from write_side.fulfilment.editing import adding
from write_side.fulfilment.editing.adding import AdditionPreview
from write_side.fulfilment.editing.domain import AdditionUnpaid, AddLines, IsAddition, NotEditable
from write_side.fulfilment.editing.keeping import BelowTerms
from write_side.inventory import OutOfStock
from write_side.orders import closing
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import PercentageInput
from write_side.shipping.domain import BracketInput, MethodInput


async def preview(shop: Shop, order: OrderState, **lines: int) -> AdditionPreview:
    asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    wanted = msgspec.convert({"lines": asked}, AddLines)
    return await adding.preview(shop.pool, shop.keyring, order.id, wanted, shop.settings, shop.outside)


async def test_a_preview_says_what_adding_costs_then_and_keeps_nothing(shop: Shop) -> None:
    await shop.stock("lamp", 10, grams=1200)
    with pytest.raises(NotEditable):
        await preview(shop, await shop.order(lamp=1), lamp=1)
    order = await shop.captured(lamp=1)
    await set_zone(shop, STANDARD)
    events = await shop.pool.fetchval("SELECT max(position) FROM event_log")
    seen = await preview(shop, order, lamp=2)
    assert (seen.totals.lines.amount_minor, seen.totals.shipping.amount_minor) == (2000, 400)
    assert await shop.pool.fetchval("SELECT max(position) FROM event_log") == events
    assert await shop.figures("lamp") == (9, 1)
    for wanted, refusal in ((9, OutOfStock), (1, AdditionUnpaid)):
        with pytest.raises(refusal):
            await preview(shop, order, lamp=wanted)
        if refusal is OutOfStock:
            more = await add(shop, order, lamp=2)
    assert more.totals == seen.totals
    with pytest.raises(IsAddition):
        await paid(shop, more)
        await preview(shop, more, lamp=1)


async def test_promotions_that_apply_by_themselves_apply_to_what_is_added_alone(shop: Shop) -> None:
    await shop.stock("lamp", 20)
    order = await shop.captured(lamp=4)
    half = await shop.promote(PercentageInput(5000), minimum={"EUR": 2000}, most_per_customer=1)
    await shop.promote(PercentageInput(1000), code="TEN")
    assert (await preview(shop, order, lamp=1)).discounts == [], "less than it asks for, whatever the first had"
    seen = await preview(shop, order, lamp=2)
    more = await add(shop, order, lamp=2)
    assert more.totals == seen.totals
    assert (more.totals.discount.amount_minor, await shop.used(half)) == (1000, 1)
    await closing.cancel_order(shop.pool, shop.providers, more.id, CAUSE)
    await shop.work()
    assert await shop.used(half) == 0
    again = await add(shop, order, lamp=2)
    await paid(shop, again)
    assert (await add(shop, order, lamp=2)).totals.discount.amount_minor == 0, "once for each customer"


async def test_the_last_use_of_a_promotion_is_had_by_one_of_several_who_add_at_once(shop: Shop) -> None:
    await shop.stock("lamp", 20)
    orders_ = [await shop.captured(lamp=1) for _ in range(3)]
    last = await shop.promote(PercentageInput(5000), most=1)
    async with patient(shop) as slow:
        done = await all_while_the_stock_is_held(slow, [tried(slow, order, lamp=1) for order in orders_])
    off = [each.totals.discount.amount_minor for each in done if isinstance(each, OrderState)]
    assert (sorted(off), await shop.used(last)) == ([500], 1)
    assert sorted(type(each).__name__ for each in done) == ["OrderState", "TryAgain", "TryAgain"]


async def sent_for(shop: Shop, order: OrderState, **lines: int) -> int:
    """What sending it costs more, as it is told."""
    return (await preview(shop, order, **lines)).totals.shipping.amount_minor


async def test_what_was_taken_off_is_sent_for_what_was_paid_if_it_is_added_again(shop: Shop) -> None:
    await shop.stock("lamp", 10, grams=1200)
    await shop.stock("pen", 10, 500)
    await set_zone(shop, STANDARD)  # 4.90 up to two kilogrammes, 8.90 above
    order = await shop.captured(lamp=1, pen=1)
    assert await sent_for(shop, order, lamp=1) == 400
    await edit(shop, order, lamp=0)
    assert await sent_for(shop, order, lamp=1) == 0, "as heavy as what 4.90 were paid for"
    await paid(shop, await add(shop, order, lamp=1))
    assert await sent_for(shop, order, lamp=1) == 400


BY_WEIGHT = MethodInput(
    "standard", "Parcel",
    {"EUR": [BracketInput(490, up_to_grams=2000), BracketInput(890, up_to_grams=10_000), BracketInput(4900)]},
)  # fmt: skip


async def a_pen(shop: Shop) -> OrderState:
    """That was sent for 4.90; and there are desks, which are heavy."""
    await shop.stock("pen", 20, 500, grams=10)
    await shop.stock("desk", 20, 2000, grams=9000)
    await set_zone(shop, BY_WEIGHT)
    return await shop.captured(pen=1)


async def test_shipping_that_went_back_pays_for_nothing_that_is_added_later(shop: Shop) -> None:
    order = await a_pen(shop)
    for _ in range(2):
        await edit(shop, await add_paid(shop, order, desk=1), desk=0)
        assert await sent_for(shop, order, desk=1) == 400, "4.00 went back"
    await add_paid(shop, order, pen=1)
    assert await sent_for(shop, order, desk=1) == 400, "be it that something goes that was added since"
    assert await sent_for(shop, order, desk=3) == 4410


async def test_shipping_that_went_back_with_what_went_by_it_last_pays_for_nothing_either(shop: Shop) -> None:
    order = await a_pen(shop)
    dear, light = await add_paid(shop, order, desk=1), await add_paid(shop, order, pen=1)
    await edit(shop, dear, desk=0)
    assert await sent_for(shop, order, desk=1) == 0, "the pen still goes by it"
    await edit(shop, light, pen=0)
    await add_paid(shop, order, pen=1)
    assert await sent_for(shop, order, desk=1) == 400


async def test_shipping_that_staff_gave_back_charges_nobody_for_what_goes_already(shop: Shop) -> None:
    order = await a_pen(shop)
    desk = await add_paid(shop, order, desk=1)
    for each in (order, desk):
        await shop.refund(each, reason="goodwill", shipping=True)
    assert await sent_for(shop, order, pen=1) == 0
    await add_paid(shop, order, pen=1)
    await edit(shop, desk, desk=0)
    assert await sent_for(shop, order, desk=1) == 400, "by what is no more paid nothing goes that is new"


async def test_what_was_added_and_is_done_has_paid_for_sending_as_before(shop: Shop) -> None:
    order = await a_pen(shop)
    desk = await add_paid(shop, order, desk=1)
    for done in (False, True):
        if done:
            await arrived(shop, desk)
        assert [await sent_for(shop, order, pen=1), await sent_for(shop, order, desk=1)] == [0, 4010]
    await add_paid(shop, order, pen=1)
    assert await sent_for(shop, order, desk=1) == 4010


async def test_what_was_taken_off_sends_nothing_that_is_added_for_free(shop: Shop) -> None:
    await shop.stock("lamp", 10, 4500)
    await shop.stock("pen", 10, 100)
    await shop.stock("desk", 10, 500, grams=3000)
    await set_zone(shop, STANDARD)  # free from 50.00
    order = await shop.captured(lamp=1, pen=1)
    assert await sent_for(shop, order, desk=1) == 0, "both come to 51.00"
    await edit(shop, order, lamp=0)
    assert await sent_for(shop, order, desk=1) == 400, "8.90 for 6.00, of which 4.90 were paid"


async def test_nobody_pays_for_what_they_took_off_when_they_add(shop: Shop) -> None:
    await shop.stock("lamp", 10, 6000)
    await shop.stock("pen", 10, 100)
    order = await shop.captured(lamp=1, pen=1)
    assert order.totals.shipping.amount_minor == 490
    await set_zone(shop, STANDARD)  # by now it would have been free, from 50.00
    await edit(shop, order, lamp=0)
    assert await sent_for(shop, order, pen=1) == 0, "what goes would cost as much alone"


async def test_what_is_retired_since_weighs_what_it_weighed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.stock("lamp", 10, grams=1200)
    await shop.stock("desk", 10, grams=1200)
    await set_zone(shop, STANDARD)
    order = await shop.captured(lamp=1)
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, "lamp")
    for name in ("Lamp", "Lamps", "Light"):
        without = ProductInput(name, [VariantInput("lamp-2")])
        await catalog_handlers.replace_product(shop.pool, product_id, without, None, CAUSE, None)
    assert await sent_for(shop, order, desk=1) == 400
    monkeypatch.setattr(weighing, "PAGE", 1)
    assert await sent_for(shop, order, desk=1) == 400


async def test_shipping_that_cost_nothing_more_anyway_holds_up_no_edit(shop: Shop) -> None:
    await shop.stock("lamp", 10, 4000)
    await shop.stock("pen", 10, 500)
    await set_zone(shop, STANDARD)  # free from 50.00
    order = await shop.captured(lamp=1)
    more = await add(shop, order, pen=4)
    sent = (await shop.now(more)).shipping
    assert sent is not None
    assert (sent.price_minor, sent.from_minor) == (0, 0)
    await paid(shop, more)
    await edit(shop, more, pen=1)
    heavy = await shop.captured(pen=1)
    await shop.stock("desk", 10, 4500, grams=3000)
    dear = await add(shop, heavy, desk=1)
    sent = (await shop.now(dear)).shipping
    assert sent is not None
    assert (sent.price_minor, sent.from_minor) == (0, 5000), "4.00 more below that"
    await paid(shop, dear)
    with pytest.raises(BelowTerms):
        await edit(shop, heavy, pen=0)
