"""Each refund tells its taxes by rate as it is asked for, and never more in all than its order was charged, whatever
fails."""

from collections import Counter
from collections.abc import Sequence

from shared.events.orders import OrderTax
from shared.events.refunds import AmountReleased, RefundRequested
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_exchanges import replacement, swap
from tests.integration.checkout.test_refunds_made_outside import in_the_dashboard, tell
from tests.integration.checkout.test_releases import authorized, release
from tests.integration.checkout.test_returns import lamps, receive, shipped
from tests.integration.checkout.test_reverse_charge import VIENNA, quoted
from write_side.orders.handlers import OrderState


async def asked(shop: Shop, order: OrderState) -> list[RefundRequested]:
    return [event for event in await shop.told(order, RefundRequested) if isinstance(event, RefundRequested)]


async def by_card(shop: Shop) -> OrderState:
    """Two lamps at 19 %, a book at 7 %, shipping of 4.90 shared out between both."""
    await shop.stock("lamp", 10, 1000)
    await shop.stock("book", 10, 2000, tax_class="reduced")
    return await shop.captured(lamp=2, book=1)


def vat(rate: int, base: int, tax: int) -> OrderTax:
    return OrderTax("VAT", rate * 10_000, base, tax, included=False)


def all_of(events: Sequence[RefundRequested]) -> list[OrderTax]:
    bases, shares = Counter[int](), Counter[int]()
    for tax in (tax for event in events for tax in event.taxes):
        bases[tax.rate_ppm] += tax.base_minor
        shares[tax.rate_ppm] += tax.tax_minor
    return [OrderTax("VAT", rate, bases[rate], shares[rate], included=False) for rate in sorted(bases, reverse=True)]


async def test_lines_amounts_and_shipping_tell_their_rates_and_all_of_them_those_of_the_order(shop: Shop) -> None:
    order = await by_card(shop)
    await shop.refund(order, lines=[{"sku": "book", "quantity": 1}])
    await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}])
    await shop.refund(order, reason="goodwill", amount_minor=500)
    await shop.refund(order)
    events = await asked(shop, order)
    assert [events[0].taxes, events[1].taxes] == [[vat(7, 2000, 140)], [vat(19, 1000, 190)]]
    assert [event.tax_minor for event in events] == [sum(tax.tax_minor for tax in event.taxes) for event in events]
    assert all_of(events) == (await shop.now(order)).taxes
    await nothing_is_wrong(shop)


async def test_what_failed_tells_nothing_that_another_may_not_tell_again(shop: Shop) -> None:
    order = await by_card(shop)
    book = await shop.refund(order, lines=lamps(1, "book"))
    await shop.refund(order, reason="goodwill", amount_minor=500)  # of the lamps: next to nothing else is left
    await shop.refund_work()
    failed = next(each for each in await shop.refunds(order) if each.id == book.id)
    await shop.refund_settled(order, failed.provider_id, "fail")
    await shop.refund(order)
    stands = [each.id for each in await shop.refunds(order) if each.state != "failed"]
    events = [event for event in await asked(shop, order) if event.refund_id in stands]
    assert all_of(events) == (await shop.now(order)).taxes


async def test_what_was_made_outside_tells_none_and_the_rest_no_more_than_is_left(shop: Shop) -> None:
    order = await by_card(shop)
    await tell(shop, order, await in_the_dashboard(shop, order, 500))
    await shop.refund(order)
    outside, rest = await asked(shop, order)
    assert (outside.tax_minor, outside.taxes) == (None, [])
    [lamp, book] = (await shop.now(order)).taxes
    [lamps_left, books_left] = rest.taxes
    assert 0 < lamps_left.tax_minor < lamp.tax_minor
    assert 0 < books_left.tax_minor < book.tax_minor


async def test_what_gift_cards_get_back_is_taxed_as_what_a_card_gets(shop: Shop) -> None:
    await shop.stock("lamp", 10, 1000)
    card = await shop.gift_card(700)
    basket = await shop.basket(lamp=1)
    order = await shop.place(basket, (await shop.quote(basket, gifts=[card.code])).id)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    await shop.refund(order)
    [event] = await asked(shop, order)
    assert sum(part.amount_minor for part in event.gift_cards) == 700
    assert event.taxes == (await shop.now(order)).taxes


async def test_what_pays_for_other_goods_is_taxed_once_with_each_of_both(shop: Shop) -> None:
    await shop.stock("lamp", 10, 1000)
    await shop.stock("shade", 10, 1500)
    order = await shipped(shop)
    instead = await replacement(shop, await receive(shop, await swap(shop, order, 1, shade=1)))
    [event] = await asked(shop, order)
    assert (event.moved_minor, event.taxes) == (1190, [vat(19, 1000, 190)])
    assert sum(tax.tax_minor for tax in (await shop.now(instead)).taxes) == 285


async def test_where_the_buyer_owes_the_tax_it_is_told_what_that_was_on(shop: Shop) -> None:
    await shop.stock("lamp", 10, 1000)
    _, order = await quoted(shop, VIENNA)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    await shop.refund(order, lines=lamps(1))
    [event] = await asked(shop, order)
    assert event.tax_minor == 0
    assert event.taxes == [OrderTax("VAT", 0, 1000, 0, included=False, note="reverse_charge")]


async def test_a_release_tells_its_taxes_too_and_what_is_refunded_then_the_rest(shop: Shop) -> None:
    order = await authorized(shop)
    gone = await release(shop, order, lines=lamps(1))
    await shop.work()
    await shop.refund(order)
    [released] = await shop.told(order, AmountReleased)
    assert isinstance(released, AmountReleased)
    [rest] = await asked(shop, order)
    [charged] = (await shop.now(order)).taxes
    assert sum(tax.base_minor + tax.tax_minor for tax in released.taxes) == gone
    assert (released.tax_minor or 0) + (rest.tax_minor or 0) == charged.tax_minor
    await nothing_is_wrong(shop)
