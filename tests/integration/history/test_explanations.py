"""Why a number is what it is: the steps that made it, who took them, and what for."""

from datetime import UTC, datetime, timedelta

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_price_lists import a_list, says
from tests.integration.checkout.test_scheduled_prices import scheduled_long_ago
from tests.integration.history.conftest import Ask
from tests.integration.history.test_as_of import sold_lamps
from write_side.pricing import handlers as pricing
from write_side.pricing.domain import NewPrice
from write_side.pricing.steps import begin_due


async def test_on_hand_is_explained_from_the_first_event_to_now(shop: Shop, ask: Ask) -> None:
    order = await sold_lamps(shop)
    told = await ask("history/stock_item/lamp@BER/explanation", figure="/on_hand")
    assert (told["value"], told["version"], told["next"]) == (7, 3, None)
    opened, deducted = told["steps"]
    assert (opened["value"], opened["change"], opened["reason"], opened["because"]) == (10, 10, "opened", None)
    assert (deducted["value"], deducted["change"]) == (7, -3)
    assert deducted["by"]["type"] == "inventory.stock_deducted.v1"
    assert deducted["because"] == {"kind": "order", "id": str(order.id), "number": order.number}
    assert {"actor", "correlation_id", "at", "event_id", "position"} <= deducted["by"].keys()


async def test_the_steps_add_up_whichever_end_they_are_read_from(shop: Shop, ask: Ask) -> None:
    await sold_lamps(shop)
    for order in ("oldest", "newest"):
        steps, asked = [], {"figure": "/reserved", "order": order, "limit": 1}
        while True:
            page = await ask("history/stock_item/lamp@BER/explanation", **asked)
            steps += page["steps"]
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
        assert sum(step["change"] for step in steps) == page["value"] == 0
        assert sorted(step["change"] for step in steps) == [-3, 0, 3]


async def test_a_word_is_explained_like_a_number(shop: Shop, ask: Ask) -> None:
    order = await sold_lamps(shop)
    told = await ask(f"history/order/{order.number}/explanation", figure="/state")
    assert [step["value"] for step in told["steps"]] == ["pending_payment", "confirmed"]
    assert [step["change"] for step in told["steps"]] == [None, None]
    assert (await ask(f"history/order/{order.number}/explanation", 404, figure="/colour"))["code"] == "unknown_figure"


async def test_a_charged_price_leads_to_the_event_that_set_it(shop: Shop, ask: Ask) -> None:
    order = await sold_lamps(shop)
    await shop.price("lamp", 9900)
    told = await ask(f"charged-prices/{order.number}/lamp")
    assert (told["unit_price_minor"], told["quantity"], told["total_minor"]) == (1250, 3, 3750)
    assert (told["price_set"]["type"], told["price_set"]["version"]) == ("pricing.price_set.v1", 2)
    assert (told["quoted"]["type"], told["ordered"]["type"]) == ("orders.quote_issued.v1", "orders.order_placed.v1")
    assert told["price_set"]["position"] < told["quoted"]["position"] < told["ordered"]["position"]
    assert (await ask(f"charged-prices/{order.number}/chair", 404))["code"] == "unknown_figure"
    assert (await ask("charged-prices/NOPE-NOPE/lamp", 404))["code"] == "unknown_history"


async def test_a_price_that_came_again_is_explained_by_the_last_time_it_was_set(shop: Shop, ask: Ask) -> None:
    await shop.stock("lamp", 10)
    await shop.price("lamp", 1100)
    await shop.price("lamp", 1000)
    await pricing.set_price(shop.pool, "lamp", "USD", NewPrice(1000), CAUSE, new_call())
    order = await shop.order(lamp=1)
    assert (await ask(f"charged-prices/{order.number}/lamp"))["price_set"]["version"] == 3


async def test_a_price_by_a_list_names_the_list_its_tier_and_who_said_so(shop: Shop, ask: Ask) -> None:
    await shop.stock("lamp", 100, price=1000)
    bulk = await a_list(shop, {1: 950, 10: 800}, channels=["web"])
    order = await shop.order(lamp=10)
    await says(shop, bulk, "lamp", {1: 100})
    told = await ask(f"charged-prices/{order.number}/lamp")
    assert (told["unit_price_minor"], told["price_set"]["type"]) == (800, "pricing.list_price_set.v1")
    assert told["price_set"]["version"] == 2
    by_list = told["price_list"]
    assert (by_list["id"], by_list["name"], by_list["from_quantity"]) == (str(bulk.id), "Wholesale", 10)
    assert (by_list["channels"], by_list["terms"]["type"]) == (["web"], "pricing.price_list_announced.v1")
    assert (await ask(f"history/price_list/{bulk.id}", version=1))["state"]["terms"]["name"] == "Wholesale"


async def test_a_scheduled_price_is_explained_by_who_scheduled_it(shop: Shop, ask: Ask) -> None:
    await shop.stock("lamp", 10, price=1000)
    await scheduled_long_ago(shop, "lamp", 800, datetime.now(UTC) - timedelta(minutes=5))
    early = await shop.order(lamp=1)
    await begin_due(shop.pool)
    late = await shop.order(lamp=1)
    for order in (early, late):
        told = await ask(f"charged-prices/{order.number}/lamp")
        assert (told["unit_price_minor"], told["price_list"]) == (800, None)
        assert told["price_set"]["type"] == "pricing.price_scheduled.v1"
