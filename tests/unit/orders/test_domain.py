"""Prices, quotes and the fold of an order, with data."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import OrderCancelled, OrderClosing, OrderConfirmed, OrderExpired, Shipping
from shared.ids import uuid7
from shared.money import rounded_share
from write_side.orders import domain
from write_side.orders.domain import MOST_TOTAL, Offer, Priced, Quote, Terms
from write_side.orders.refusals import CartEmpty, NotSellable, QuoteExpired, QuoteStale, TotalOutOfRange
from write_side.pricing import UnitPrice

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
GERMANY = Terms("DE", 1900, Shipping("standard", "Parcel", 490))
ID = UUID(int=1)


def offer(price: int) -> Offer:
    return Offer(ID, ID, "A thing", UnitPrice(price))


def quote_of(priced: Priced, *, cart_version: int = 3) -> Quote:
    soon = NOW + timedelta(minutes=15)
    return Quote(
        ID, ID, cart_version, ID, "sealed", "sealed", "DE", GERMANY.tax_basis_points, priced.lines, priced.totals, soon
    )


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5), st.tuples(st.integers(1, 99), st.integers(0, 9_999)), min_size=1, max_size=12
    ),
    st.integers(0, 10_000),
    st.integers(0, 5_000),
)
def test_lines_shipping_and_tax_are_the_total_whatever_is_bought(
    lines: dict[str, tuple[int, int]], tax: int, shipping: int
) -> None:
    wanted = {sku: quantity for sku, (quantity, _) in lines.items()}
    offers = {sku: offer(price) for sku, (_, price) in lines.items()}
    try:
        priced = domain.price(wanted, offers, Terms("DE", tax, Shipping("standard", "Parcel", shipping)), "EUR")
    except TotalOutOfRange:
        return
    totals = priced.totals
    assert totals.lines_minor == sum(line.unit_price_minor * line.quantity for line in priced.lines)
    assert totals.tax_minor == sum(line.tax_minor for line in priced.lines) + rounded_share(shipping, tax)
    assert totals.total_minor == totals.lines_minor + totals.shipping_minor + totals.tax_minor <= MOST_TOTAL


def test_nothing_wanted_is_no_quote() -> None:
    with pytest.raises(CartEmpty):
        domain.price({}, {}, GERMANY, "EUR")


def test_every_line_that_is_not_sold_is_named() -> None:
    with pytest.raises(NotSellable) as refused:
        domain.price({"a": 1, "b": 1, "c": 1}, {"b": offer(1)}, GERMANY, "EUR")
    assert refused.value.facts["skus"] == ["a", "c"]


@pytest.mark.parametrize(("price", "shipping"), [(0, 0), (10, 5), (MOST_TOTAL, 0)])
def test_a_total_that_cannot_be_charged_is_refused(price: int, shipping: int) -> None:
    with pytest.raises(TotalOutOfRange):
        domain.price({"a": 2}, {"a": offer(price)}, Terms("DE", 0, Shipping("standard", "Parcel", shipping)), "EUR")


def test_a_quote_holds_while_nothing_has_changed() -> None:
    priced = domain.price({"a": 2}, {"a": offer(1000)}, GERMANY, "EUR")
    domain.check_quote(quote_of(priced), 3, priced, NOW)


def test_a_quote_expires_to_the_instant() -> None:
    priced = domain.price({"a": 2}, {"a": offer(1000)}, GERMANY, "EUR")
    quote = quote_of(priced)
    with pytest.raises(QuoteExpired):
        domain.check_quote(quote, 3, priced, quote.expires_at)


def test_another_cart_version_makes_it_stale() -> None:
    priced = domain.price({"a": 2}, {"a": offer(1000)}, GERMANY, "EUR")
    with pytest.raises(QuoteStale):
        domain.check_quote(quote_of(priced), 4, priced, NOW)


@pytest.mark.parametrize(
    ("price", "terms", "change"),
    [
        (1001, GERMANY, {"what": "price", "sku": "a", "was_minor": 1000, "now_minor": 1001}),
        (1000, Terms("DE", 2000, GERMANY.shipping), {"what": "tax", "was_minor": 473, "now_minor": 498}),
    ],
)
def test_what_has_changed_is_told(price: int, terms: Terms, change: dict[str, object]) -> None:
    was = domain.price({"a": 2}, {"a": offer(1000)}, GERMANY, "EUR")
    now = domain.price({"a": 2}, {"a": offer(price)}, terms, "EUR")
    with pytest.raises(QuoteStale) as refused:
        domain.check_quote(quote_of(was), 3, now, NOW)
    assert refused.value.facts["changes"] == [change]


@given(st.binary(min_size=8, max_size=8))
def test_a_spoken_number_has_nothing_that_is_mistaken(random: bytes) -> None:
    number = domain.spoken_number(random)
    assert len(number) == 9
    assert number[4] == "-"
    assert not set(number) & set("01ILO")


def test_the_fold_of_an_order() -> None:
    priced = domain.price({"a": 2}, {"a": offer(1000)}, GERMANY, "EUR")
    placed = domain.place(quote_of(priced), [], uuid7(), uuid7(), "7F3K-29QM", NOW)
    order = domain.evolve(None, placed, 1)
    assert (order.state, order.deducted) == ("pending_payment", False)
    confirmed = domain.evolve(order, OrderConfirmed(order.id, order.payment_id), 2)
    assert (confirmed.state, confirmed.deducted) == ("confirmed", True)
    closing = domain.evolve(confirmed, OrderClosing(order.id, "cancelled"), 3)
    assert (closing.state, closing.deducted, closing.closing_reason) == ("closing", True, "cancelled")
    cancelled = domain.evolve(closing, OrderCancelled(order.id, "cancelled"), 4)
    assert (cancelled.state, cancelled.deducted, cancelled.version) == ("cancelled", False, 4)
    expired = domain.evolve(domain.evolve(order, OrderClosing(order.id, "expired"), 2), OrderExpired(order.id), 3)
    assert (expired.state, expired.closing_reason) == ("expired", "expired")
