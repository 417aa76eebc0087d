"""Buy of a set, get of a set, from the promotion to the money that goes back, through the handlers on real Postgres."""

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from doorbuster import verify
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_adding import add, paid
from tests.integration.checkout.test_bundles import bundle
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_exchanges import replacement, swap
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_prices_of_additions import preview
from tests.integration.checkout.test_returns import receive
from write_side import access, catalog
from write_side.app import create_app
from write_side.catalog import handlers as catalog_handlers
from write_side.catalog.domain import CategoryInput, ProductInput, VariantInput
from write_side.fulfilment.editing.keeping import BelowTerms
from write_side.orders.handlers import OrderState, QuoteState
from write_side.orders.refusals import QuoteStale
from write_side.promotions import handlers as promotions
from write_side.promotions.domain import BudgetInput, BuyGetInput
from write_side.promotions.sets import ProductSetInput
from write_side.refunds.domain import NothingToRefund, RefundExceedsOrder

PRICES = {"boot": 6000, "pump": 3000, "clog": 1000}


async def category(shop: Shop, name: str, parent_id: UUID | None = None) -> UUID:
    answer = await catalog_handlers.create_category(shop.pool, CategoryInput(name, parent_id=parent_id), CAUSE, None)
    return UUID(msgspec.json.decode(answer.body)["id"])


async def put_into(shop: Shop, sku: str, category_id: UUID | None) -> None:
    """Its product is in this category from now on."""
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, sku)
    product = ProductInput(sku.title(), [VariantInput(sku)], category_id=category_id)
    await catalog_handlers.replace_product(shop.pool, product_id, product, None, CAUSE, None)


@pytest.fixture
async def shoes(shop: Shop) -> Shop:
    """20 of each kind of shoe, at 60.00, 30.00 and 10.00."""
    for sku, price in PRICES.items():
        await shop.stock(sku, 20, price)
    return shop


def of(*skus: str, categories: list[UUID] | None = None) -> ProductSetInput:
    return ProductSetInput(list(skus), categories or [])


ANY_THREE = BuyGetInput(2, 1, buy_of=of(*PRICES))


async def is_verified(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


def off(quote: QuoteState) -> dict[str, int]:
    return {line.sku: line.discount_minor for line in quote.lines}


async def test_three_of_a_category_and_those_below_it_are_two_paid_and_one_free(shoes: Shop) -> None:
    shop, top = shoes, await category(shoes, "Shoes")
    below = await category(shop, "Summer shoes", top)
    for sku, where in (("boot", top), ("pump", below), ("clog", below)):
        await put_into(shop, sku, where)
    await shop.promote(BuyGetInput(2, 1, buy_of=of(categories=[top])), code="ANY-3")
    basket = await shop.basket(boot=1, pump=1, clog=1)
    quote = await shop.quote(basket, codes=["ANY-3"])
    assert off(quote) == {"boot": 600, "pump": 300, "clog": 100}, "10.00 by 60.00, 30.00 and 10.00"
    order = await shop.place(basket, quote.id)
    await paid(shop, order)
    payment = await shop.payment(order)
    assert (payment.state, payment.amount_minor) == ("captured", quote.totals.total.amount_minor)
    assert (await shop.now(order)).discounts == quote.discounts
    assert await is_verified(shop)


async def test_what_leaves_the_category_ahead_of_the_order_makes_the_quote_stale(shoes: Shop) -> None:
    shop, top = shoes, await category(shoes, "Shoes")
    for sku in PRICES:
        await put_into(shop, sku, top)
    await shop.promote(BuyGetInput(2, 1, buy_of=of(categories=[top])))
    basket, other = await shop.basket(**dict.fromkeys(PRICES, 1)), await shop.basket(boot=1, pump=1, clog=1)
    quotes = [await shop.quote(basket), await shop.quote(other)]
    await shop.place(basket, quotes[0].id)
    await put_into(shop, "clog", None)
    with pytest.raises(QuoteStale) as stale:
        await shop.place(other, quotes[1].id)
    assert stale.value.facts["changes"] == [{"what": "discount", "was_minor": 1000, "now_minor": 0}]
    assert (await shop.quote(other)).discounts == []


async def test_two_of_one_set_bring_one_of_another_at_half_its_price(shoes: Shop) -> None:
    shop = shoes
    await shop.promote(BuyGetInput(2, 1, 5000, of("boot"), of("pump", "clog")))
    quote = await shop.quote(await shop.basket(boot=2, pump=1, clog=1))
    assert off(quote) == {"boot": 1200, "pump": 300, "clog": 0}
    assert (await shop.quote(await shop.basket(boot=1, pump=5))).discounts == []


async def test_a_bundle_is_in_a_set_by_its_own_sku_and_what_is_in_it_is_not(shoes: Shop) -> None:
    shop, top = shoes, await category(shoes, "Shoes")
    await bundle(shop, "pair", 2000, boot=1, clog=1)
    await put_into(shop, "pair", top)
    await shop.promote(BuyGetInput(1, 1, buy_of=of(categories=[top]), get_of=of("pump", "clog")))
    assert (await shop.quote(await shop.basket(pair=2))).discounts == []
    basket = await shop.basket(pair=1, pump=1)
    quote = await shop.quote(basket)
    assert [(each.sku, each.discount_minor) for each in quote.bundles] == [("pair", 1200)], "30.00 by 20.00 and 30.00"
    assert sum(line.discount_minor for line in quote.lines) == 3000
    order = await shop.place(basket, quote.id)
    await paid(shop, order)
    refund = await shop.refund(order)
    assert refund.amount.amount_minor == order.totals.total.amount_minor


async def test_who_sends_back_what_qualified_has_paid_for_what_was_free(shoes: Shop) -> None:
    shop = shoes
    await shop.promote(ANY_THREE)
    order = await shop.captured(boot=1, pump=1, clog=1)
    back = await shop.refund(order, lines=[{"sku": "boot", "quantity": 1}, {"sku": "pump", "quantity": 1}])
    assert back.amount.amount_minor == 5400 + 1026 + 2700 + 513, "what each has cost, with its tax: 9.00 are kept"
    rest = await shop.refund(order, lines=[{"sku": "clog", "quantity": 1}])
    assert rest.amount.amount_minor == 900 + 171
    with pytest.raises((RefundExceedsOrder, NothingToRefund)):
        await shop.refund(order, lines=[{"sku": "clog", "quantity": 1}])
    shipping = await shop.refund(order)
    parts = [back, rest, shipping]
    assert sum(each.amount.amount_minor for each in parts) == (await shop.payment(order)).amount_minor
    assert await is_verified(shop)


async def test_pieces_that_are_not_wanted_any_more_before_they_leave_go_by_what_they_have_cost(shoes: Shop) -> None:
    shop = shoes
    limited = await shop.promote(ANY_THREE, most=5)
    order = await shop.captured(boot=1, pump=1, clog=1)
    with pytest.raises(BelowTerms) as refused:
        await edit(shop, order, boot=0)
    assert refused.value.facts["terms"][0]["together"] == {"boot": 1, "pump": 1, "clog": 1}
    assert (await edit(shop, order, by_staff=True, boot=0)).amount.amount_minor == 5400 + 1026
    assert await shop.used(limited) == 1
    rest = await edit(shop, order, pump=0, clog=0)
    assert rest.amount.amount_minor == order.totals.total.amount_minor - 6426, "shipping, too"
    assert await shop.used(limited) == 0
    assert await is_verified(shop)


async def test_what_is_added_forms_groups_of_its_own(shoes: Shop) -> None:
    shop = shoes
    order = await shop.captured(boot=2)
    await shop.promote(ANY_THREE)
    assert (await preview(shop, order, clog=1)).discounts == [], "the two went with the first order"
    seen = await preview(shop, order, clog=3)
    more = await add(shop, order, clog=3)
    assert (seen.totals.discount.amount_minor, more.totals) == (1000, seen.totals)
    await paid(shop, more)
    assert await is_verified(shop)


async def test_an_exchange_is_worth_what_a_piece_of_a_group_has_cost(shoes: Shop) -> None:
    shop = shoes
    await shop.promote(ANY_THREE)
    order = await shop.captured(boot=1, pump=1, clog=1)
    await ship(shop, order, order.number)
    each = await swap(shop, order, 1, of="boot", boot=1)
    assert each.exchange is not None
    assert (each.exchange.total_minor, each.exchange.credit_minor) == (6426, 6426), "54.00 with tax, and no group"
    each = await receive(shop, each, {"sku": "boot", "quantity": 1})
    assert (await replacement(shop, each)).totals.total.amount_minor == 6426
    assert await is_verified(shop)


async def test_budgets_and_limits_of_uses_hold_for_groups(shoes: Shop) -> None:
    shop = shoes
    poor = await shop.promote(ANY_THREE, code="POOR", budget=BudgetInput(1999, "EUR"), most_per_customer=1)

    async def bought(mail: str) -> OrderState | str:
        basket = await shop.basket(boot=1, pump=1, clog=1)
        quote = await shop.quote(basket, mail, codes=["POOR"])
        return quote.refused_codes[0].why if quote.refused_codes else await shop.place(basket, quote.id)

    assert isinstance(await bought("ada@shop.example"), OrderState)
    assert await bought("ada@shop.example") == "used_up_by_you"
    assert await bought("bob@shop.example") == "used_up"
    now = await promotions.show_promotion(shop.pool, poor.id)
    assert (now.used, now.granted_minor) == (1, 1000)
    once = BuyGetInput(2, 1, buy_of=of("boot"), most_groups=1)
    await shop.promote(once)
    assert off(await shop.quote(await shop.basket(boot=9))) == {"boot": 6000}


@pytest.fixture
async def api(shop: Shop) -> Any:
    """A client of the command API with a token that may promote."""
    issued = await access.issue_token(shop.pool, "test", ["promotions:read", "promotions:write"], None, CAUSE)
    async with client_of(create_app(shop.settings)) as client:
        client.headers["Authorization"] = f"Bearer {msgspec.json.decode(issued.body)['token']}"
        yield client


SALE: dict[str, Any] = {"name": "Any three", "off": {"kind": "buy_get", "buy": 2, "get": 1}}


async def test_what_cannot_be_meant_is_refused_where_it_was_said(shoes: Shop, api: httpx.AsyncClient) -> None:
    card = ProductInput("Gift card", [VariantInput("card")], tax_class="gift-card")
    await catalog_handlers.create_product(shoes.pool, card, CAUSE, None)
    made = await api.post("/v1/promotions", json=SALE, headers={"Idempotency-Key": "right"})

    async def refused(off: Any, **said: Any) -> tuple[int, str, str]:
        wrong = SALE | {"off": SALE["off"] | off} | said
        first = await api.post("/v1/promotions", json=wrong, headers={"Idempotency-Key": str(uuid7())})
        then = await api.put(f"/v1/promotions/{made.json()['id']}", json=wrong, headers={"If-Match": '"1"'})
        told, again = first.json(), then.json()
        assert (first.status_code, told["code"]) == (then.status_code, again["code"])
        [error] = told.get("errors", [told])
        return first.status_code, error["code"], error["pointer"]

    boot, card_ = {"skus": ["boot"]}, {"skus": ["card"]}
    assert await refused({"buy_of": {}}) == (422, "empty_set", "/off/buy_of")
    assert await refused({"buy_of": boot, "get_of": {"skus": []}}) == (422, "empty_set", "/off/get_of")
    assert await refused({"get_of": boot}) == (422, "broken_promotion", "/off/get_of")
    assert await refused({"buy_of": boot}, skus=["boot"]) == (422, "broken_promotion", "/skus")
    unknown = {"skus": ["boot", "unicorn"]}
    assert await refused({"buy_of": unknown}) == (404, "unknown_sku", "/off/buy_of/skus/1")
    nowhere = {"categories": [str(uuid7())]}
    assert await refused({"buy_of": boot, "get_of": nowhere}) == (422, "no_such_category", "/off/get_of/categories/0")
    assert await refused({"buy_of": card_}) == (422, "never_matches", "/off/buy_of")
    assert await refused({"buy_of": boot, "get_of": card_}) == (422, "never_matches", "/off/get_of")
    assert await refused({"buy_of": boot | {"colour": 1}}) == (400, "unknown_field", "/off/buy_of/colour")
    assert await refused({"basis_points": 0}) == (400, "out_of_range", "/off/basis_points")
    assert await refused({"basis_points": 10_001}) == (400, "out_of_range", "/off/basis_points")
    assert await refused({"most_groups": 0}) == (400, "out_of_range", "/off/most_groups")


async def test_staff_see_what_was_said_of_sets_and_a_retired_sku_stops_no_other_change(
    shoes: Shop, api: httpx.AsyncClient
) -> None:
    sets = {"buy_of": {"skus": ["boot", "clog"]}, "get_of": {"skus": ["pump"]}, "basis_points": 5000, "most_groups": 2}
    said = SALE | {"off": SALE["off"] | sets}
    made = await api.post("/v1/promotions", json=said, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201
    [listed] = (await api.get("/v1/promotions")).json()["promotions"]
    assert listed["terms"]["off"] == said["off"]
    async with shoes.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, "clog")
    other = ProductInput("Clog", [VariantInput("other-clog")])
    await catalog_handlers.replace_product(shoes.pool, product_id, other, None, CAUSE, None)
    address, tag = f"/v1/promotions/{made.json()['id']}", {"If-Match": '"1"'}
    assert (await api.put(address, json=said | {"most": 9}, headers=tag)).status_code == 200
    more = said | {"off": said["off"] | {"buy": 3}}
    assert (await api.put(address, json=more, headers={"If-Match": '"2"'})).status_code == 200
    gone = said | {"off": said["off"] | {"buy_of": {"skus": ["boot", "clog", "old-clog"]}}}
    refused = await api.put(address, json=gone, headers={"If-Match": '"3"'})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_sku")


async def test_promotions_of_before_read_as_they_were_written(shop: Shop) -> None:
    await shop.stock("boot", 1)
    old = await shop.promote(BuyGetInput(2, 1), skus=["boot"])
    written = await shop.pool.fetchval("SELECT terms ->> 'off' FROM promotion WHERE id = $1", old.id)
    assert msgspec.json.decode(written) == {"kind": "buy_get", "buy": 2, "get": 1}
