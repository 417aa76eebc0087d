"""What names SKUs names such as somebody sells: a misspelt one would do nothing, and nobody would know."""

from typing import Any

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from write_side import catalog
from write_side.catalog import ProductInput, UnknownSku, VariantInput
from write_side.catalog import handlers as catalog_handlers
from write_side.inventory.bundles.domain import Component, ComposeBundle
from write_side.inventory.bundles.handlers import compose_bundle
from write_side.promotions import handlers as promotions
from write_side.promotions.domain import (
    BuyGetInput,
    FreeShippingInput,
    GiftInput,
    PercentageInput,
    Promotion,
    PromotionInput,
)
from write_side.promotions.sets import ProductSetInput

OFF, LAMPS = PercentageInput(1000), ProductSetInput(["lamp"])


@pytest.fixture
async def shop_of_two(shop: Shop) -> Shop:
    """It sells lamps and mugs."""
    await shop.stock("lamp", 5)
    await shop.stock("mug", 5)
    return shop


async def retire(shop: Shop, sku: str) -> None:
    """Its product is sold under another SKU from now on."""
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, sku)
    other = ProductInput(sku, [VariantInput(f"{sku}-2")])
    await catalog_handlers.replace_product(shop.pool, product_id, other, None, CAUSE, None)


async def revise(shop: Shop, promotion: Promotion, off: Any, **said: Any) -> None:
    await promotions.revise_promotion(shop.pool, promotion.id, PromotionInput("Sale", off, **said), None, CAUSE)


@pytest.mark.parametrize(
    ("off", "skus", "place"),
    [
        (OFF, ["lamp", "lmap"], "/skus/1"),
        (FreeShippingInput(), ["lmap"], "/skus/0"),
        (GiftInput("lmap"), [], "/off/sku"),
        (GiftInput("mug"), ["lmap"], "/skus/0"),
        (BuyGetInput(2, 1), ["mug", "lamp", "lmap"], "/skus/2"),
        (BuyGetInput(2, 1, buy_of=ProductSetInput(["lamp", "lmap"])), [], "/off/buy_of/skus/1"),
        (BuyGetInput(2, 1, buy_of=LAMPS, get_of=ProductSetInput(["lmap"])), [], "/off/get_of/skus/0"),
    ],
)
async def test_a_promotion_names_only_what_somebody_sells(
    shop_of_two: Shop, off: Any, skus: list[str], place: str
) -> None:
    shop, kept = shop_of_two, await shop_of_two.promote(OFF)
    with pytest.raises(UnknownSku) as told:
        await shop.promote(off, skus=skus)
    with pytest.raises(UnknownSku) as again:
        await revise(shop, kept, off, skus=skus)
    for each in (told, again):
        assert each.value.facts == {"sku": "lmap", "skus": ["lmap"], "pointer": place}
    assert [one.id for one in (await promotions.list_promotions(shop.pool, None, 10)).promotions] == [kept.id]


async def test_a_promotion_keeps_what_it_named_when_nobody_sells_that_any_more(shop_of_two: Shop) -> None:
    shop = shop_of_two
    for_lamps, mugs = await shop.promote(OFF, skus=["lamp"]), await shop.promote(GiftInput("mug"), skus=["lamp"])
    sets = BuyGetInput(1, 1, buy_of=LAMPS, get_of=ProductSetInput(["mug"]))
    groups = await shop.promote(sets)
    await retire(shop, "lamp")
    await retire(shop, "mug")
    await revise(shop, for_lamps, PercentageInput(2000), skus=["lamp-2", "lamp"])
    await revise(shop, mugs, GiftInput("mug", 2), skus=["lamp"])
    other = BuyGetInput(2, 1, buy_of=ProductSetInput(["lamp", "lamp-2"]), get_of=ProductSetInput(["mug"]))
    await revise(shop, groups, other)
    for promotion in (for_lamps, mugs, groups):
        with pytest.raises(UnknownSku):
            await revise(shop, promotion, OFF, skus=["lamp-3"])


async def test_a_bundle_is_made_of_what_somebody_sells(shop_of_two: Shop) -> None:
    with pytest.raises(UnknownSku) as told:
        command = ComposeBundle([Component("mug"), Component("lmap")])
        await compose_bundle(shop_of_two.pool, "lamp", command, CAUSE)
    assert told.value.facts == {"sku": "lmap", "skus": ["lmap"], "pointer": "/components/1/sku"}
