"""Bundles at the checkout: sold as one, reserved, limited, shipped and given back as what is in them."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from write_side.catalog import handlers as catalog
from write_side.catalog.domain import ProductInput, VariantInput
from write_side.history import prices
from write_side.history.domain import UnknownFigure
from write_side.inventory import OutOfStock, PurchaseLimitReached
from write_side.inventory import handlers as inventory
from write_side.inventory.bundles import handlers, store
from write_side.inventory.bundles.domain import Component, ComposeBundle, NestedBundle, UnknownBundle
from write_side.inventory.bundles.reactions import reactions as bundle_reactions
from write_side.inventory.domain import MoveStock
from write_side.inventory.limits.domain import SetPurchaseLimit
from write_side.inventory.limits.handlers import set_limit
from write_side.orders.handlers import OrderState
from write_side.refunds.domain import RefundExceedsOrder


async def compose(shop: Shop, sku: str, **components: int) -> None:
    command = ComposeBundle([Component(component, quantity) for component, quantity in components.items()])
    await handlers.compose_bundle(shop.pool, sku, command, CAUSE)


async def bundle(shop: Shop, sku: str, price: int, **components: int) -> None:
    """A product of one SKU that is made of others."""
    await catalog.create_product(shop.pool, ProductInput(sku.title(), [VariantInput(sku)]), CAUSE, None)
    await shop.price(sku, price)
    await compose(shop, sku, **components)


@pytest.fixture
async def with_set(shop: Shop) -> Shop:
    """20 lamps at 30.00, 20 bulbs at 5.00, and a set of a lamp and two bulbs at 33.01."""
    await shop.stock("lamp", 20, 3000)
    await shop.stock("bulb", 20, 500, tax_class="reduced")
    await bundle(shop, "set", 3301, lamp=1, bulb=2)
    return shop


async def test_buyers_of_a_bundle_and_of_what_is_in_it_get_all_there_is_and_no_more(with_set: Shop) -> None:
    shop = with_set
    await bundle(shop, "twin", 900, bulb=2)
    kinds: list[dict[str, int]] = [{"set": 1}, {"bulb": 1}, {"set": 1, "bulb": 1}, {"twin": 1, "set": 1}, {"bulb": 1}]
    wanted = kinds * 6
    baskets = [await shop.basket(**lines) for lines in wanted]
    quotes = [await shop.quote(basket) for basket in baskets]
    shops = shop.as_processes()
    placing = [next(shops).place(basket, quote.id) for basket, quote in zip(baskets, quotes, strict=True)]
    outcomes = await asyncio.gather(*placing, return_exceptions=True)
    assert {type(each) for each in outcomes} == {OrderState, OutOfStock}
    sold = Counter[str]()
    for lines, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, OrderState):
            sold.update(lines)
    assert await shop.figures("lamp") == (20, sold["set"])
    assert await shop.figures("bulb") == (20, 2 * sold["set"] + 2 * sold["twin"] + sold["bulb"])
    assert (await shop.figures("bulb"))[1] == 20  # some who were refused wanted one bulb only


async def test_what_is_in_several_lines_is_checked_together(with_set: Shop) -> None:
    shop = with_set
    await bundle(shop, "twin", 900, bulb=2)
    with pytest.raises(OutOfStock) as refused:
        await shop.order(set=5, twin=5, bulb=1)
    assert refused.value.facts["lines"] == [{"sku": "bulb", "wanted": 21, "available": 20}]
    order = await shop.order(set=5, twin=4, bulb=2)
    assert (await shop.figures("lamp"), await shop.figures("bulb")) == ((20, 5), (20, 20))
    placed = await shop.now(order)
    assert [(line.sku, line.quantity, line.total_minor) for line in placed.sold] == [
        ("set", 5, 16505), ("twin", 4, 3600), ("bulb", 2, 1000)
    ]  # fmt: skip
    assert sum(line.total_minor for line in placed.lines) == placed.totals.lines_minor == 21105


async def test_a_bundle_goes_back_whole_or_in_parts_to_the_minor_unit(with_set: Shop) -> None:
    shop = with_set
    order = await shop.captured(set=2)
    total = order.totals.total.amount_minor
    shipping = (await shop.now(order)).totals.shipping_minor
    one = await shop.refund(order, lines=[{"sku": "bulb", "quantity": 1}], restock=True)
    assert [(a.sku, a.quantity) for a in one.restocked] == [("bulb", 1)]
    with pytest.raises(RefundExceedsOrder):
        await shop.refund(order, lines=[{"sku": "bulb", "quantity": 4}])
    rest = await shop.refund(order, restock=True)
    assert one.amount.amount_minor + rest.amount.amount_minor == total
    assert rest.shipping.amount_minor >= shipping
    assert (await shop.figures("lamp"), await shop.figures("bulb")) == ((20, 0), (20, 0))


async def test_a_bundles_price_is_explained_with_its_shares(with_set: Shop) -> None:
    shop = with_set
    order = await shop.order(set=2, bulb=1)
    async with shop.pool.acquire() as conn:
        whole, alone = await prices.charged(conn, order.id, "set"), await prices.charged(conn, order.id, "bulb")
        with pytest.raises(UnknownFigure) as refused:
            await prices.charged(conn, order.id, "lamp")
    assert (whole.unit_price_minor, sum(share.total_minor for share in whole.shares)) == (3301, 6602)
    assert (alone.quantity, alone.unit_price_minor, alone.shares) == (1, 500, [])
    assert refused.value.facts["skus"] == ["set", "bulb"]


async def test_another_composition_is_for_orders_to_come(with_set: Shop) -> None:
    shop = with_set
    basket = await shop.basket(set=1)
    quote = await shop.quote(basket)
    await compose(shop, "set", lamp=1, bulb=3)
    order = await shop.place(basket, quote.id)
    assert await shop.figures("bulb") == (20, 2)
    assert [(part.sku, part.quantity) for part in (await shop.now(order)).allocations] == [("bulb", 2), ("lamp", 1)]
    await shop.order(set=1)
    assert await shop.figures("bulb") == (20, 5)
    await handlers.dissolve_bundle(shop.pool, "set", CAUSE)
    with pytest.raises(UnknownBundle):
        await handlers.show_bundle(shop.pool, "set")
    await compose(shop, "set", bulb=1)
    await shop.order(set=1)
    assert await shop.figures("bulb") == (20, 6)


async def test_limits_are_on_bundles_and_on_what_is_in_them(with_set: Shop) -> None:
    shop = with_set
    await set_limit(shop.pool, "bulb", SetPurchaseLimit(most_per_customer=5), CAUSE)
    await set_limit(shop.pool, "set", SetPurchaseLimit(most_per_customer=2), CAUSE)
    await shop.order(set=1, bulb=1)
    for lines, sku in (({"set": 2}, "set"), ({"bulb": 3}, "bulb"), ({"set": 1, "bulb": 1}, "bulb")):
        with pytest.raises(PurchaseLimitReached) as refused:
            await shop.order(**lines)
        assert sku in [line["sku"] for line in refused.value.facts["lines"]]
    await shop.order(set=1)


async def test_of_two_who_nest_bundles_into_one_another_at_once_one_is_refused(with_set: Shop) -> None:
    shop = with_set
    done = await asyncio.gather(
        compose(shop, "lamp", bulb=1), compose(shop, "bulb", lamp=1), compose(shop, "lamp", set=1),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(each) for each in done] == [NestedBundle] * 3  # both are in the set
    await handlers.dissolve_bundle(shop.pool, "set", CAUSE)
    racing = [compose(shop, "lamp", bulb=1), compose(shop, "bulb", set=1)] * 4
    raced = await asyncio.gather(*racing, return_exceptions=True)
    assert {type(each) for each in raced} == {type(None), NestedBundle}
    assert await shop.pool.fetchval("SELECT count(*) FROM bundle WHERE components <> '[]'") == 1


async def follow(shop: Shop) -> None:
    """As if the relay had got to the end of the log."""
    await react_to_all(shop.pool, *bundle_reactions(), workers=3)


async def told(shop: Shop) -> list[str]:
    """What was told of the availability of bundles, in turn."""
    of_bundles = "type = 'inventory.bundle_availability_changed.v1'"
    query = f"SELECT payload FROM event_log WHERE {of_bundles} ORDER BY position"
    return [msgspec.json.decode(row["payload"])["availability"] for row in await shop.pool.fetch(query)]


async def test_shoppers_are_told_when_components_let_them_have_a_bundle_no_more_and_again(with_set: Shop) -> None:
    shop = with_set

    async def receive(sku: str, quantity: int) -> None:
        await inventory.receive_stock(shop.pool, MoveStock(sku, "BER", quantity, "delivery"), CAUSE, new_call())

    await follow(shop)
    assert await told(shop) == []
    await shop.order(bulb=10)
    await shop.order(bulb=9)
    await follow(shop)  # one look at the rows, after both
    assert await told(shop) == ["out"]
    await receive("bulb", 2)
    await follow(shop)
    await receive("bulb", 20)
    await follow(shop)
    assert await told(shop) == ["out", "low", "in"]
    seen: Any = await handlers.show_bundle(shop.pool, "set")
    assert (seen.availability, seen.version) == ("in", 4)


async def test_a_bundle_that_is_composed_while_its_component_sells_out_is_told_to_be_out(
    with_set: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, read = with_set, store.stock_of
    await follow(shop)

    async def then_sold_out(*args: Any) -> Any:
        monkeypatch.setattr(store, "stock_of", read)
        seen = await read(*args)
        await shop.order(bulb=20)
        await follow(shop)  # nobody sees the new bundle yet
        return seen

    monkeypatch.setattr(store, "stock_of", then_sold_out)
    await bundle(shop, "twin", 900, bulb=2)
    assert (await handlers.show_bundle(shop.pool, "twin")).availability == "in"
    await follow(shop)
    assert (await handlers.show_bundle(shop.pool, "twin")).availability == "out"
