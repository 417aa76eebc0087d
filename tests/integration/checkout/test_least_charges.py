"""What is charged by card is never less than can be charged in its currency: such an order could not be paid."""

import pytest

from doorbuster.simulators.stripe.intents import LEAST
from shared.money import EXPONENTS, Money, least_charge
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Basket, Shop
from tests.integration.checkout.test_over_http import BUYER
from write_side.app import create_app
from write_side.carts import handlers as carts
from write_side.carts.domain import AddLine, NewCart
from write_side.catalog import handlers as catalog
from write_side.catalog.domain import ProductInput, VariantInput
from write_side.orders.costing import check_charged
from write_side.orders.refusals import TotalOutOfRange
from write_side.pricing import handlers as pricing
from write_side.pricing.domain import NewPrice


async def _basket(shop: Shop, currency: str, price_minor: int) -> Basket:
    """A gift card at this price in a cart: nothing has to be sent, whatever the currency."""
    product = ProductInput("Gift card", [VariantInput("CARD")], tax_class="gift-card")
    await catalog.create_product(shop.pool, product, CAUSE, None)
    await pricing.set_price(shop.pool, "CARD", currency, NewPrice(price_minor), CAUSE, new_call())
    basket = shop.basket_of(await carts.open_cart(shop.pool, NewCart(currency), CAUSE))
    await carts.add_line(shop.pool, basket.id, basket.secret, AddLine("CARD", 1), CAUSE, None)
    return basket


@pytest.mark.parametrize("currency", ["HUF", "CZK", "EUR"])
async def test_what_no_card_can_pay_is_not_quoted_and_the_least_is_paid(shop: Shop, currency: str) -> None:
    least = least_charge(currency)
    basket = await _basket(shop, currency, least - 1)
    async with client_of(create_app(shop.settings)) as api:
        headers = {"Cart-Secret": basket.secret}
        answer = await api.post(f"/v1/carts/{basket.id}/quotes", json=BUYER, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "total_out_of_range")
    await pricing.set_price(shop.pool, "CARD", currency, NewPrice(least), CAUSE, new_call())
    order = await shop.place(basket, (await shop.quote(basket)).id)
    assert order.payment.amount == Money(least, currency)
    await shop.work()
    assert await shop.pay(order) == "requires_capture"


def test_the_least_is_what_stripe_says() -> None:
    assert {currency: least_charge(currency) for currency in EXPONENTS} == {
        currency: LEAST[currency.lower()] for currency in EXPONENTS
    }


def test_what_is_on_credit_or_paid_already_need_not_be_chargeable() -> None:
    check_charged(Money(9_000, "HUF"), on_credit=True)
    check_charged(Money(0, "HUF"), on_credit=False)
    with pytest.raises(TotalOutOfRange):
        check_charged(Money(17_499, "HUF"), on_credit=False)
