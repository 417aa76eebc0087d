"""Taxes are asked with the quote, by class and place, in prices or on top of them, and hold as long as it does."""

import asyncio

import pytest

from shared.events.orders import OrderTax
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import ADDRESS, MAIL, Shop
from tests.integration.checkout.test_price_lists import a_list
from write_side import catalog, customers
from write_side.carts import handlers as carts
from write_side.catalog import handlers as catalog_handlers
from write_side.catalog.domain import ProductInput, VariantInput
from write_side.errors import VersionConflict
from write_side.orders import quoting
from write_side.outside import NoAnswer
from write_side.taxes import Question, Taxes, TaxesUnavailable
from write_side.taxes import handlers as taxes
from write_side.taxes.domain import TaxesInput, TaxInput


async def test_classes_and_prices_with_tax_in_them_are_told_apart_from_quote_to_order(shop: Shop) -> None:
    await shop.stock("lamp", 10, 1000)
    await shop.stock("book", 10, 2000, tax_class="books")
    async with shop.pool.acquire() as conn:
        product_id = await catalog.product_of(conn, "book")
    read = ProductInput("Book", [VariantInput("book", tax_class="reduced")], tax_class="books")
    await catalog_handlers.replace_product(shop.pool, product_id, read, 1, CAUSE, None)
    await shop.stock("mug", 10, 500)
    await a_list(shop, {1: 1190}, "mug", tax_included=True)
    basket = await shop.basket(lamp=1, book=1, mug=1)
    cart = await carts.show_cart(shop.pool, basket.id, basket.secret)
    assert [line.tax_included for line in cart.lines] == [False, False, True]
    quote = await shop.quote(basket)
    # Shipping, 4.90, is taxed like the goods: 117 + 139 of it at 19 %, by 1000 and 1190 of 4190, and 234 at 7 %.
    assert quote.taxes == [
        OrderTax("VAT", 190_000, 1000 + 256, 190 + 49, False), OrderTax("VAT", 70_000, 2000 + 234, 140 + 16, False),
        OrderTax("VAT", 190_000, 1000, 190, True),
    ]  # fmt: skip
    [lamp, book, mug] = [(line.tax_minor, line.included_tax_minor) for line in quote.lines]
    assert (lamp, book, mug) == ((190, 0), (140, 0), (0, 190))
    assert quote.totals.tax.amount_minor == 190 + 49 + 140 + 16
    assert quote.totals.total.amount_minor == 1000 + 2000 + 1190 + 490 + 190 + 49 + 140 + 16
    await taxes.set_taxes(shop.pool, "DE", TaxesInput([TaxInput("VAT", {"standard": 160_000})]), None, CAUSE)
    order = await shop.place(basket, quote.id)
    placed = await shop.now(order)
    assert (placed.totals.total_minor, placed.taxes, placed.lines) == (
        quote.totals.total.amount_minor, quote.taxes, quote.lines,
    )  # fmt: skip


class Slow:
    """Somebody who never answers."""

    async def taxes(self, question: Question) -> Taxes:
        await asyncio.Event().wait()
        raise AssertionError


class Broken:
    """Somebody who can't."""

    async def taxes(self, question: Question) -> Taxes:
        raise NoAnswer("no idea")


class Wrong:
    """Somebody who answers something else."""

    async def taxes(self, question: Question) -> Taxes:
        return Taxes([], [])


@pytest.mark.parametrize("rates", [Slow(), Broken(), Wrong()], ids=["slow", "broken", "wrong"])
async def test_taxes_that_cannot_be_had_refuse_the_quote_and_hold_nobody_up(
    shop: Shop, rates: Slow | Broken | Wrong
) -> None:
    await shop.stock("lamp", 100)
    basket = await shop.basket(lamp=1)
    quote, contact = await shop.quote(basket), customers.contact(MAIL, ADDRESS)
    outside = shop.outside._replace(taxes=rates, taxes_seconds=0.05)
    with pytest.raises(TaxesUnavailable) as refused:
        await quoting.issue_quote(shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, outside, CAUSE)
    assert (refused.value.status, refused.value.facts["retry_after"]) == (503, 2)
    await shop.place(basket, quote.id)  # asks nobody


async def test_nobody_overwrites_taxes_unseen(shop: Shop) -> None:
    said = TaxesInput([TaxInput("VAT", {"standard": 160_000})])
    await taxes.set_taxes(shop.pool, "DE", said, 1, CAUSE)
    with pytest.raises(VersionConflict):
        await taxes.set_taxes(shop.pool, "DE", TaxesInput([]), 1, CAUSE)
