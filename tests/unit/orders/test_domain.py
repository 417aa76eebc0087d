"""Prices, quotes and the fold of an order, with data."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import OrderCancelled, OrderClosing, OrderConfirmed, OrderExpired, OrderExtended, Shipping
from shared.events.taxes import Tax, TaxRules
from shared.ids import uuid7
from write_side.orders import costing, domain
from write_side.orders.bundling import Offer
from write_side.orders.costing import MOST_TOTAL, Goods, Priced, Where
from write_side.orders.domain import Quote
from write_side.orders.numbering import spoken_number
from write_side.orders.refusals import CartEmpty, NotSellable, QuoteExpired, QuoteStale, TotalOutOfRange
from write_side.pricing import UnitPrice
from write_side.taxes import computing

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
PARCEL = Shipping("standard", "Parcel", 490)
ID = UUID(int=1)


def offer(price: int, *, included: bool = False) -> Offer:
    return Offer(ID, ID, "A thing", UnitPrice(price, tax_included=included))


def goods(wanted: dict[str, int], offers: dict[str, Offer], shipping: Shipping = PARCEL) -> Goods:
    return costing.goods_of(wanted, offers, shipping, "EUR")


def priced(goods: Goods, tax: int = 190_000) -> Priced:
    question = costing.question_of(goods, Where("DE"))
    return costing.price(goods, computing.answered(TaxRules([Tax("VAT", {"standard": tax})]), question))


def quote_of(priced: Priced, *, cart_version: int = 3) -> Quote:
    soon = NOW + timedelta(minutes=15)
    return Quote(
        ID, ID, cart_version, ID, "sealed", "sealed", "DE", 0, priced.lines, priced.totals, soon, shipping=PARCEL
    )


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5), st.tuples(st.integers(1, 99), st.integers(0, 9_999)), min_size=1, max_size=12
    ),
    st.integers(0, 1_000_000),
    st.integers(0, 5_000),
    st.booleans(),
)
def test_lines_shipping_and_tax_are_the_total_whatever_is_bought(
    lines: dict[str, tuple[int, int]], tax: int, shipping: int, included: bool
) -> None:
    wanted = {sku: quantity for sku, (quantity, _) in lines.items()}
    offers = {sku: offer(price, included=included) for sku, (_, price) in lines.items()}
    sent = Shipping("standard", "Parcel", shipping, tax_included=included)
    try:
        found = priced(goods(wanted, offers, sent), tax)
    except TotalOutOfRange:
        return
    totals = found.totals
    assert totals.lines_minor == sum(line.unit_price_minor * line.quantity for line in found.lines)
    assert totals.tax_minor == (0 if included else sum(each.tax_minor for each in found.taxes))
    assert totals.total_minor == totals.lines_minor + totals.shipping_minor + totals.tax_minor <= MOST_TOTAL
    [of_it] = found.taxes
    assert of_it.base_minor + of_it.tax_minor == totals.total_minor


def test_nothing_wanted_is_no_quote() -> None:
    with pytest.raises(CartEmpty):
        goods({}, {})


def test_every_line_that_is_not_sold_is_named() -> None:
    with pytest.raises(NotSellable) as refused:
        goods({"a": 1, "b": 1, "c": 1}, {"b": offer(1)})
    assert refused.value.facts["skus"] == ["a", "c"]


@pytest.mark.parametrize(("price", "shipping"), [(0, 0), (10, 5), (MOST_TOTAL, 0)])
def test_a_total_that_cannot_be_charged_is_refused(price: int, shipping: int) -> None:
    with pytest.raises(TotalOutOfRange):
        priced(goods({"a": 2}, {"a": offer(price)}, Shipping("standard", "Parcel", shipping)), 0)


TWO = goods({"a": 2}, {"a": offer(1000)})


def test_a_quote_holds_while_nothing_has_changed() -> None:
    domain.check_quote(quote_of(priced(TWO)), 3, TWO, NOW)


def test_a_quote_holds_though_the_tax_has_changed() -> None:
    quote = quote_of(priced(TWO, 160_000))
    domain.check_quote(quote, 3, TWO, NOW)
    assert quote.totals.tax_minor == 320 + 78


def test_a_quote_expires_to_the_instant() -> None:
    quote = quote_of(priced(TWO))
    with pytest.raises(QuoteExpired):
        domain.check_quote(quote, 3, TWO, quote.expires_at)


def test_another_cart_version_makes_it_stale() -> None:
    with pytest.raises(QuoteStale):
        domain.check_quote(quote_of(priced(TWO)), 4, TWO, NOW)


@pytest.mark.parametrize("now", [offer(1001), offer(1000, included=True)], ids=["dearer", "now with tax in it"])
def test_what_has_changed_is_told(now: Offer) -> None:
    with pytest.raises(QuoteStale) as refused:
        domain.check_quote(quote_of(priced(TWO)), 3, goods({"a": 2}, {"a": now}), NOW)
    asked = now.price.amount_minor
    assert refused.value.facts["changes"] == [{"what": "price", "sku": "a", "was_minor": 1000, "now_minor": asked}]


@given(st.binary(min_size=8, max_size=8))
def test_a_spoken_number_has_nothing_that_is_mistaken(random: bytes) -> None:
    number = spoken_number(random)
    assert len(number) == 9
    assert number[4] == "-"
    assert not set(number) & set("01ILO")


@pytest.mark.parametrize(
    ("placed_ago", "left", "held"),  # minutes
    [(25, 5, 10), (25, 9.5, None), (30, -1, 10), (55, 2, 5), (59, 0.5, None), (90, 1, None)],
)
def test_stock_is_held_ten_minutes_for_whoever_is_at_their_bank_and_an_hour_at_most(
    placed_ago: float, left: float, held: float | None
) -> None:
    millis = int((NOW - timedelta(minutes=placed_ago)).timestamp() * 1000)
    quote = quote_of(priced(TWO))
    placed = domain.place(quote, [], UUID(int=millis << 80), uuid7(), "7F3K-29QM", NOW + timedelta(minutes=left))
    until = domain.extended(domain.evolve(None, placed, 1), NOW)
    assert until == (None if held is None else NOW + timedelta(minutes=held))


def test_the_fold_of_an_order() -> None:
    placed = domain.place(quote_of(priced(TWO)), [], uuid7(), uuid7(), "7F3K-29QM", NOW)
    order = domain.evolve(None, placed, 1)
    assert (order.state, order.deducted) == ("pending_payment", False)
    assert domain.evolve(order, OrderExtended(order.id, NOW + timedelta(hours=1)), 2).expires_at == NOW + timedelta(
        hours=1
    )
    confirmed = domain.evolve(order, OrderConfirmed(order.id, order.payment_id), 2)
    assert (confirmed.state, confirmed.deducted) == ("confirmed", True)
    closing = domain.evolve(confirmed, OrderClosing(order.id, "cancelled"), 3)
    assert (closing.state, closing.deducted, closing.closing_reason) == ("closing", True, "cancelled")
    cancelled = domain.evolve(closing, OrderCancelled(order.id, "cancelled"), 4)
    assert (cancelled.state, cancelled.deducted, cancelled.version) == ("cancelled", False, 4)
    expired = domain.evolve(domain.evolve(order, OrderClosing(order.id, "expired"), 2), OrderExpired(order.id), 3)
    assert (expired.state, expired.closing_reason) == ("expired", "expired")
