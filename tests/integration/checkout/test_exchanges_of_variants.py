"""Another variant of what comes back, through the handlers on real Postgres: what it costs."""

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_exchanges import at_provider, replacement, swap
from tests.integration.checkout.test_returns import now, receive, shipped
from write_side import catalog
from write_side.catalog import ProductInput, VariantInput
from write_side.catalog import handlers as catalog_handlers
from write_side.inventory import handlers as inventory
from write_side.inventory.domain import OpenStockItem
from write_side.inventory.warehouses.domain import OpenWarehouse


async def light(shop: Shop, **prices: int) -> None:
    """One product of these variants, five of each in stock."""
    given = ProductInput("Light", [VariantInput(sku) for sku in prices])
    await catalog_handlers.create_product(shop.pool, given, CAUSE, None)
    await inventory.open_warehouse(shop.pool, OpenWarehouse("BER", "BER", "DE", 1), CAUSE, new_call())
    for sku, price in prices.items():
        await shop.price(sku, price)
        async with shop.pool.acquire() as conn:
            product_id = await catalog.product_of(conn, sku)
        await inventory.open_stock_item(shop.pool, OpenStockItem(sku, "BER", product_id, 5), CAUSE, new_call())


async def test_a_dearer_variant_is_not_had_for_the_price_of_what_comes_back(shop: Shop) -> None:
    await light(shop, lamp=1000, floodlight=3000)
    order = await shipped(shop, 1)
    new = await replacement(shop, await receive(shop, await swap(shop, order, 1, floodlight=1)))
    assert new.payment.amount is not None
    assert (new.totals.total.amount_minor, new.payment.amount.amount_minor) == (3570, 2380)


async def test_a_sale_that_is_over_is_over_for_nobody_who_swaps_and_a_dearer_variant_is_dearer_all_the_same(
    shop: Shop,
) -> None:
    await light(shop, lamp=1000, spot=1000, floodlight=3000)
    order = await shipped(shop, 2)
    for sku, price in (("lamp", 1500), ("spot", 1500), ("floodlight", 3700)):
        await shop.price(sku, price)
    alike, dearer = await swap(shop, order, 1, spot=1), await swap(shop, order, 1, floodlight=1)
    assert alike.exchange is not None
    assert dearer.exchange is not None
    assert (alike.exchange.total_minor, dearer.exchange.total_minor) == (1190, 3808)  # 10.00, and 22.00 more


async def test_what_was_had_in_a_sale_is_had_so_for_no_more_than_come_back(shop: Shop) -> None:
    await light(shop, lamp=1000, spot=1000)
    order = await shipped(shop, 3)
    for sku in ("lamp", "spot"):
        await shop.price(sku, 5000)
    all_, one = await swap(shop, order, 2, spot=2), await swap(shop, order, 1, spot=1)
    assert all_.exchange is not None
    assert (all_.exchange.total_minor, all_.exchange.credit_minor) == (2380, 2380)
    each = await now(shop, await receive(shop, all_))
    assert (each.state, each.exchange_state, each.failure) == ("received", "failed", "too_little_came")
    assert await at_provider(shop, order) == [1190]
    assert await shop.figures("spot") == (5, 1), "the other one is held"
    assert (await now(shop, await receive(shop, one))).exchange_state == "placed"


async def test_what_costs_no_less_than_today_is_sent_though_less_comes(shop: Shop) -> None:
    await light(shop, lamp=1000, spot=1000)
    order = await shipped(shop, 2)
    each = await receive(shop, await swap(shop, order, 2, spot=2))
    new = await replacement(shop, each)
    assert new.payment.amount is not None
    assert (new.totals.total.amount_minor, new.payment.amount.amount_minor) == (2380, 1190)
