"""A day on which is sold in every way that is paid at once."""

from msgspec import structs

from tests.fixtures.write_side import CAUSE
from tests.integration.analysts.claiming import refused_by_the_bank
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_price_lists import a_list
from tests.integration.checkout.test_refunds_made_outside import in_the_dashboard, tell
from tests.integration.checkout.test_retries import STOLEN
from tests.integration.checkout.test_returns import receive, shipped
from tests.integration.checkout.test_reverse_charge import VIENNA, quoted
from tests.integration.inventory.test_transfers import dispatched, planned, received
from write_side.catalog import handlers as catalog
from write_side.catalog.domain import ProductInput, VariantInput
from write_side.orders import closing
from write_side.orders.handlers import OrderState
from write_side.promotions.domain import PercentageInput as Percentage
from write_side.returns import replacing


async def busy_day(shop: Shop) -> None:
    """Orders that were paid, declined, paid at a second try, given back in part, never paid, cancelled, and taxed
    nowhere."""
    await shop.stock("lamp", 20, price=1000)
    await shop.stock("bulb", 50, price=333)
    await shop.stock("rug", 9, price=2550)
    await a_list(shop, {1: 400}, "bulb", tax_included=True)
    await shop.promote(Percentage(1500), code="SUMMER-15")
    basket = await shop.basket(lamp=2, bulb=3)
    await paid(shop, await shop.place(basket, (await shop.quote(basket, codes=["SUMMER-15"])).id))
    basket, card = await shop.basket(lamp=1), await shop.gift_card(150)
    kept = await shop.place(basket, (await shop.quote(basket, gifts=[card.code])).id)
    await paid(shop, kept)
    await refused_by_the_bank(shop, kept)
    returned, odd = await shop.captured(lamp=3), await shop.captured(bulb=7)
    await shop.refund(returned, lines=[{"sku": "lamp", "quantity": 2}], restock=True)
    await shop.refund(odd, amount_minor=101, reason="goodwill")
    await shop.refund_work()
    await tell(shop, odd, await in_the_dashboard(shop, odd, 50))
    await never_exchanged(shop)
    await shop.refund(returned, lines=[{"sku": "lamp", "quantity": 1}])  # asked for, not made
    await paid(shop, await shop.order(rug=1), captured=False)
    second = await declined(shop, lamp=1)
    await declined(shop, rug=2)
    await paid(shop, second)
    await shop.order(rug=1)
    _, exported = await quoted(shop, VIENNA)
    await paid(shop, exported)
    await fall_through(shop, await shop.order(rug=1), "cancelled after it was paid")
    await sold_a_gift_card(shop)
    await shop.stock("lamp", 0, warehouse="HAM")
    await received(shop.pool, await dispatched(shop.pool, lamp=6), lamp=2)
    await planned(shop.pool, lamp=1)  # nothing of it is on the road


async def never_exchanged(shop: Shop) -> None:
    """What is wished instead of a lamp is dearer, and nobody pays the difference."""
    each = await swap(shop, await shipped(shop, 1), 1, rug=1)
    at_once = structs.replace(shop.settings, exchange_payment_days=0)
    await receive(Shop(shop.pool, shop.keyring, shop.providers, at_once), each)
    await closing.close_expired(shop.pool)
    await shop.work()
    assert await replacing.work_off(shop.pool) == 1
    await shop.refund_work()


async def sold_a_gift_card(shop: Shop) -> None:
    product = ProductInput("Gift card", [VariantInput("CARD-50")], tax_class="gift-card")
    await catalog.create_product(shop.pool, product, CAUSE, None)
    await shop.price("CARD-50", 5000)
    await paid(shop, await shop.order(**{"CARD-50": 1}))


async def paid(shop: Shop, order: OrderState, *, captured: bool = True) -> None:
    assert await shop.pay(order) == "requires_capture"
    await shop.complete(order)
    if captured:
        await shop.work()
        assert (await shop.payment(order)).state == "captured"


async def declined(shop: Shop, **lines: int) -> OrderState:
    order = await shop.order(**lines)
    await shop.pay(order, STOLEN)
    await shop.complete(order)
    return order
