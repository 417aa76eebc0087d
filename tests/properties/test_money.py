"""Money adds up: whatever is bought, lines + shipping + tax is the total, to the minor unit, and the total is asked."""

from fractions import Fraction
from math import floor
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.orders import Allocation, Shipping
from shared.events.payments import PaymentRequested
from shared.money import EXPONENTS, display, rounded_share
from tests.properties.values import BOUNDED, MOMENTS
from write_side.carts.domain import MOST_OF_ONE
from write_side.inventory.allocating import allocate, summed
from write_side.inventory.domain import Demand, OutOfStock, StockItem, UnknownStock
from write_side.orders import domain as orders
from write_side.orders.domain import LEAST_TOTAL, MOST_TOTAL, Offer, Priced, Quote, Terms, check_quote, price
from write_side.orders.refusals import QuoteExpired, QuoteStale, TotalOutOfRange
from write_side.pricing import UnitPrice
from write_side.pricing.domain import LARGEST

ID = UUID(int=7)
AMOUNTS = st.integers(0, LARGEST)
POINTS = st.integers(0, 10_000)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))
PRICES = st.one_of(st.integers(0, 5_000), AMOUNTS)
SKUS = st.text("abcdef", min_size=1, max_size=3)
WANTED = st.dictionaries(SKUS, st.tuples(st.integers(1, MOST_OF_ONE), PRICES), min_size=1, max_size=8)
SENT = st.integers(0, 100_000).map(lambda price: Shipping("standard", "Parcel", price))
TERMS = st.builds(Terms, st.just("DE"), POINTS, SENT)


@given(AMOUNTS, POINTS)
@example(1, 5_000)
@BOUNDED
def test_a_share_is_rounded_half_up_and_never_off_by_more_than_half(amount: int, points: int) -> None:
    exact = Fraction(amount * points, 10_000)
    share = rounded_share(amount, points)
    assert share == floor(exact + Fraction(1, 2))
    assert abs(share - exact) <= Fraction(1, 2)
    assert 0 <= share <= amount


@given(AMOUNTS, AMOUNTS, POINTS)
@BOUNDED
def test_more_is_never_taxed_less(one: int, other: int, points: int) -> None:
    less, more = sorted((one, other))
    assert rounded_share(less, points) <= rounded_share(more, points)


@given(AMOUNTS, CURRENCIES)
@BOUNDED
def test_what_is_shown_is_what_is_meant(amount: int, currency: str) -> None:
    number, shown = display(amount, currency).split(" ")
    assert shown == currency
    assert Fraction(number) * 10 ** EXPONENTS[currency] == amount


def priced(wanted: dict[str, tuple[int, int]], terms: Terms, currency: str) -> Priced:
    offers = {sku: Offer(ID, ID, sku, UnitPrice(unit)) for sku, (_, unit) in wanted.items()}
    return price({sku: quantity for sku, (quantity, _) in wanted.items()}, offers, terms, currency)


@given(WANTED, TERMS, CURRENCIES)
@BOUNDED
def test_lines_shipping_and_tax_are_the_total_and_a_total_is_what_can_be_charged(
    wanted: dict[str, tuple[int, int]], terms: Terms, currency: str
) -> None:
    net = sum(quantity * unit for quantity, unit in wanted.values())
    tax = rounded_share(terms.shipping_minor, terms.tax_basis_points)
    tax += sum(rounded_share(quantity * unit, terms.tax_basis_points) for quantity, unit in wanted.values())
    try:
        totals = priced(wanted, terms, currency).totals
    except TotalOutOfRange:
        assert not LEAST_TOTAL <= net + terms.shipping_minor + tax <= MOST_TOTAL
        return
    assert (totals.lines_minor, totals.tax_minor, totals.currency) == (net, tax, currency)
    assert totals.lines_minor + totals.shipping_minor + totals.tax_minor == totals.total_minor
    assert LEAST_TOTAL <= totals.total_minor <= MOST_TOTAL


CHEAP = st.dictionaries(SKUS, st.tuples(st.integers(1, 20), st.integers(100, 5_000)), min_size=1, max_size=5)
CHEAPLY = st.integers(0, 1_000).map(lambda price: Shipping("standard", "Parcel", price))
SMALL_TERMS = st.builds(Terms, st.just("DE"), POINTS, CHEAPLY)


def quote_of(offer: Priced, terms: Terms, expires_at: object) -> Quote:
    return Quote(ID, ID, 1, ID, "s1", "s1", "DE", terms.tax_basis_points, offer.lines, offer.totals, expires_at)  # type: ignore[arg-type]


@given(CHEAP, SMALL_TERMS, CURRENCIES, MOMENTS)
@BOUNDED
def test_the_payment_asks_for_the_total_that_was_quoted(
    wanted: dict[str, tuple[int, int]], terms: Terms, currency: str, now: object
) -> None:
    offer = priced(wanted, terms, currency)
    placed = orders.place(quote_of(offer, terms, now), [], ID, ID, "7F3K-29QM", now)  # type: ignore[arg-type]
    order = orders.evolve(None, placed, 1)
    asked = PaymentRequested(order.payment_id, order.id, placed.totals.total_minor, placed.totals.currency)
    assert (asked.amount_minor, asked.currency) == (offer.totals.total_minor, currency)
    assert order.totals == offer.totals
    assert order.lines == offer.lines


@given(CHEAP, SMALL_TERMS, st.data(), MOMENTS)
@BOUNDED
def test_a_quote_holds_at_its_own_prices_and_at_no_other(
    wanted: dict[str, tuple[int, int]], terms: Terms, data: st.DataObject, now: object
) -> None:
    offer = priced(wanted, terms, "EUR")
    sku = data.draw(st.sampled_from(sorted(wanted)))
    dearer = wanted | {sku: (wanted[sku][0], wanted[sku][1] + data.draw(st.integers(1, 100)))}
    much_later = quote_of(offer, terms, _after(now))
    check_quote(much_later, 1, offer, now)  # type: ignore[arg-type]
    with pytest.raises(QuoteStale):
        check_quote(much_later, 1, priced(dearer, terms, "EUR"), now)  # type: ignore[arg-type]
    with pytest.raises(QuoteStale):
        check_quote(much_later, 2, offer, now)  # type: ignore[arg-type]
    with pytest.raises(QuoteExpired):
        check_quote(quote_of(offer, terms, now), 1, offer, now)  # type: ignore[arg-type]


def _after(moment: object) -> object:
    return moment.replace(year=9999, month=12, day=31)  # type: ignore[attr-defined]


def stock(sku: str, warehouse: str, on_hand: int, reserved: int) -> StockItem:
    return StockItem(ID, sku, warehouse, ID, on_hand, min(reserved, on_hand), 5, 1)


FEW = st.integers(0, 50)
ITEMS = st.lists(
    st.builds(stock, st.sampled_from("abc"), st.sampled_from(["BER", "PAR", "ROM"]), FEW, FEW),
    unique_by=lambda item: (item.sku, item.warehouse),
)
DEMAND = st.lists(st.builds(Demand, st.sampled_from("abcd"), st.integers(1, 60)), min_size=1, max_size=6)


@given(DEMAND, ITEMS)
@BOUNDED
def test_what_is_allocated_is_what_was_asked_and_never_more_than_there_is(
    demand: list[Demand], items: list[StockItem]
) -> None:
    wanted = summed(demand)
    assert sum(wanted.values()) == sum(line.quantity for line in demand)
    left = {sku: sum(item.available for item in items if item.sku == sku) for sku in wanted}
    try:
        chosen = [allocation for allocation, _ in allocate(wanted, items)]
    except UnknownStock:
        assert any(not any(item.sku == sku for item in items) for sku in wanted)
        return
    except OutOfStock as refused:
        lacking = {line["sku"]: (line["wanted"], line["available"]) for line in refused.facts["lines"]}
        assert lacking == {sku: (wanted[sku], left[sku]) for sku in wanted if left[sku] < wanted[sku]}
        return
    assert {sku: _sum(chosen, sku) for sku in wanted} == wanted
    available = {(item.sku, item.warehouse): item.available for item in items}
    assert all(0 < part.quantity <= available[part.sku, part.warehouse] for part in chosen)
    assert len({(part.sku, part.warehouse) for part in chosen}) == len(chosen)
    for sku in wanted:  # one parcel where one warehouse has enough
        if any(item.available >= wanted[sku] for item in items if item.sku == sku):
            assert sum(part.sku == sku for part in chosen) == 1


def _sum(chosen: list[Allocation], sku: str) -> int:
    return sum(part.quantity for part in chosen if part.sku == sku)


