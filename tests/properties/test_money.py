"""Money adds up: whatever is bought, lines + shipping + tax is the total, to the minor unit, and the total is asked."""

from datetime import UTC, datetime
from fractions import Fraction
from math import floor
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.orders import Allocation, Shipping
from shared.events.payments import PaymentRequested
from shared.events.taxes import Tax, TaxRules
from shared.money import EXPONENTS, display, rounded_share
from tests.properties.values import BOUNDED, MOMENTS
from write_side.carts.domain import MOST_OF_ONE
from write_side.inventory.allocating import allocate, summed
from write_side.inventory.domain import Demand, OutOfStock, StockItem, UnknownStock
from write_side.orders import bundling
from write_side.orders import domain as orders
from write_side.orders.bundling import Offer, Part
from write_side.orders.costing import (
    LEAST_TOTAL,
    MOST_TOTAL,
    Goods,
    Priced,
    Where,
    goods_of,
    price,
    question_of,
)
from write_side.orders.domain import Quote, check_quote
from write_side.orders.refusals import QuoteExpired, QuoteStale, TotalOutOfRange
from write_side.payments import Payment
from write_side.pricing import UnitPrice
from write_side.pricing.domain import LARGEST
from write_side.promotions import Offered, Promotion, Spare
from write_side.promotions.domain import BuyGetInput, GiftInput, PercentageInput, PromotionInput, terms_of
from write_side.promotions.sets import ProductSetInput
from write_side.refunds.domain import Bought, NewRefund, Refund
from write_side.refunds.requesting import Parts, parts_of
from write_side.taxes.computing import answered

ID = UUID(int=7)
AMOUNTS = st.integers(0, LARGEST)
POINTS = st.integers(0, 10_000)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))
PRICES = st.one_of(st.integers(0, 5_000), AMOUNTS)
SKUS = st.text("abcdef", min_size=1, max_size=3)
WANTED = st.dictionaries(SKUS, st.tuples(st.integers(1, MOST_OF_ONE), PRICES), min_size=1, max_size=8)
CHEAP = st.dictionaries(SKUS, st.tuples(st.integers(1, 20), st.integers(100, 5_000)), min_size=1, max_size=5)
Wanted = dict[str, tuple[int, int]]


class Terms(NamedTuple):
    """What sending costs, and what tax there is."""

    shipping: Shipping
    rules: TaxRules


def terms(most_shipping: int) -> st.SearchStrategy[Terms]:
    rates = st.fixed_dictionaries({"standard": PARTS}, optional={"reduced": PARTS})
    taxes = st.lists(st.builds(Tax, st.sampled_from(["GST", "QST"]), rates), max_size=2, unique_by=lambda tax: tax.name)
    sent = st.builds(
        Shipping, st.just("standard"), st.just("Parcel"), st.integers(0, most_shipping), tax_included=st.booleans()
    )
    return st.builds(Terms, sent, st.builds(TaxRules, taxes, st.sampled_from(["standard", "goods", "none"])))


PARTS = st.integers(0, 1_000_000)
TERMS = terms(100_000)


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


def goods(wanted: Wanted, terms: Terms, currency: str) -> Goods:
    """Every other SKU is of a reduced class, every third has its taxes in its price, every fourth is a bundle."""
    offers = {
        sku: Offer(
            ID, ID, sku, UnitPrice(unit, tax_included=n % 3 == 0), tax_class="reduced" if n % 2 else "standard",
            parts=parts_of_bundle(unit) if n % 4 == 1 else (),
        )
        for n, (sku, (_, unit)) in enumerate(wanted.items())
    }  # fmt: skip
    quantities = {sku: quantity for sku, (quantity, _) in wanted.items()}
    return goods_of(quantities, offers, terms.shipping, currency, groups_a_third_off_and_a_gift(wanted))


def parts_of_bundle(unit: int) -> list[Part]:
    """What perhaps is in the cart by itself as well, and what is not; sold alone, or not."""
    return [
        Part("a", 3, ID, ID, "a", 700, tax_class="reduced"),
        Part("inside", 1 + unit % 3, ID, ID, "inside", unit % 5 * 100 or None),
        Part("gift", 1, ID, ID, "gift", 0),
    ]


def groups_a_third_off_and_a_gift(wanted: Wanted) -> Offered:
    """Of any five the two cheapest; for one of the first SKU some other at a third less; and one more of that SKU."""
    sku, (_, unit) = next(iter(wanted.items()))
    all_, first = ProductSetInput(list(wanted)), ProductSetInput([sku])
    said = [
        PromotionInput("Any five", BuyGetInput(3, 2, buy_of=all_, most_groups=4)),
        PromotionInput("Both", BuyGetInput(1, 1, 3_333, first, all_)),
        PromotionInput("Sale", PercentageInput(3_333)),
        PromotionInput("One more", GiftInput(sku)),
    ]
    promotions = [Promotion(UUID(int=n), terms_of(each), "running", 0, 1) for n, each in enumerate(said)]
    return Offered(promotions, [], {}, datetime(2026, 11, 27, tzinfo=UTC), {sku: Spare(unit, 1)})


def priced(goods: Goods, terms: Terms) -> Priced:
    return price(goods, answered(terms.rules, question_of(goods, Where("DE"))))


@given(WANTED, TERMS, CURRENCIES)
@BOUNDED
def test_lines_shipping_discount_and_tax_are_the_total_and_a_total_is_what_can_be_charged(
    wanted: Wanted, terms: Terms, currency: str
) -> None:
    found = goods(wanted, terms, currency)
    try:
        quoted = priced(found, terms)
    except TotalOutOfRange:
        return
    totals, lines = quoted.totals, quoted.lines
    one_more = next(unit for _, unit in wanted.values())
    assert totals.lines_minor == sum(quantity * unit for quantity, unit in wanted.values()) + one_more
    assert sum(line.gift_quantity for line in lines) == 1
    assert totals.discount_minor >= one_more
    assert totals.lines_minor + totals.shipping_minor - totals.discount_minor + totals.tax_minor == totals.total_minor
    assert LEAST_TOTAL <= totals.total_minor <= MOST_TOTAL
    on_top = sum(tax.tax_minor for tax in quoted.taxes if not tax.included)
    assert totals.tax_minor == on_top
    within = sum(tax.tax_minor for tax in quoted.taxes if tax.included)
    assert within >= sum(line.included_tax_minor for line in lines)
    assert all(line.included_tax_minor <= line.total_minor - line.discount_minor for line in lines)
    assert all(line.unit_price_minor * line.quantity == line.total_minor for line in [*lines, *quoted.bundles])
    assert all(0 <= line.discount_minor <= line.total_minor for line in lines)


@given(WANTED, TERMS, CURRENCIES)
@BOUNDED
def test_what_is_in_a_bundle_costs_what_the_bundle_costs(wanted: Wanted, terms: Terms, currency: str) -> None:
    found = goods(wanted, terms, currency)
    try:
        quoted = priced(found, terms)
    except TotalOutOfRange:
        return
    assert {line.sku for line in quoted.bundles} == {sku for sku in wanted if found.offers[sku].parts}
    for bundle in quoted.bundles:
        within = [line for line in quoted.lines if line.bundle == bundle.sku]
        for name in ("total_minor", "discount_minor", "tax_minor", "included_tax_minor"):
            assert sum(getattr(line, name) for line in within) == getattr(bundle, name)
        units = summed(within)
        assert units == {part.sku: part.quantity * bundle.quantity for part in found.offers[bundle.sku].parts}
    sold = bundling.sold(quoted.lines, quoted.bundles)
    bought = [(line.sku, line.quantity - line.gift_quantity) for line in sold]
    assert bought == [(sku, quantity) for sku, (quantity, _) in wanted.items()]


@given(CHEAP, terms(1_000), CURRENCIES)
@BOUNDED
def test_what_is_charged_is_what_can_be_refunded_line_by_line(wanted: Wanted, terms: Terms, currency: str) -> None:
    try:
        quoted = priced(goods(wanted, terms, currency), terms)
    except TotalOutOfRange:
        return
    total = quoted.totals.total_minor
    payment = Payment(ID, ID, total, currency, "captured", "pi_1", 1)
    bought = Bought(quoted.lines, quoted.totals, [], payment, {})
    back: list[Refund] = []
    for sku, ordered in summed(quoted.lines).items():
        for quantity in {1, ordered - 1} - {0}:
            wanted_back = NewRefund("returned", lines=[Demand(sku, quantity)])
            back.append(refund(parts_of(bought, back, wanted_back), currency))
    back.append(refund(parts_of(bought, back, NewRefund("returned")), currency))
    assert sum(each.amount_minor for each in back) == total
    assert min(each.amount_minor for each in back) >= 0


def refund(parts: Parts, currency: str) -> Refund:
    return Refund(
        ID, ID, ID, "pi_1", parts.amount_minor, currency, "returned", parts.lines, parts.shipping_minor, [],
        "succeeded", None, None, 1,
    )  # fmt: skip


SMALL_TERMS = terms(1_000)


def quote_of(offer: Priced, terms: Terms, expires_at: object) -> Quote:
    return Quote(
        ID, ID, 1, ID, "s1", "s1", "DE", 0, offer.lines, offer.totals, expires_at,  # type: ignore[arg-type]
        discounts=offer.discounts, shipping=terms.shipping, bundles=offer.bundles,
    )  # fmt: skip


@given(CHEAP, SMALL_TERMS, CURRENCIES, MOMENTS)
@BOUNDED
def test_the_payment_asks_for_the_total_that_was_quoted(
    wanted: Wanted, terms: Terms, currency: str, now: object
) -> None:
    offer = priced(goods(wanted, terms, currency), terms)
    placed = orders.place(quote_of(offer, terms, now), [], ID, ID, "7F3K-29QM", now)  # type: ignore[arg-type]
    order = orders.evolve(None, placed, 1)
    asked = PaymentRequested(order.payment_id, order.id, placed.totals.total_minor, placed.totals.currency)
    assert (asked.amount_minor, asked.currency) == (offer.totals.total_minor, currency)
    assert order.totals == offer.totals
    assert order.lines == offer.lines


@given(CHEAP, SMALL_TERMS, st.data(), MOMENTS)
@BOUNDED
def test_a_quote_holds_at_its_own_prices_and_at_no_other(
    wanted: Wanted, terms: Terms, data: st.DataObject, now: object
) -> None:
    found = goods(wanted, terms, "EUR")
    offer = priced(found, terms)
    sku = data.draw(st.sampled_from(sorted(wanted)))
    dearer = wanted | {sku: (wanted[sku][0], wanted[sku][1] + data.draw(st.integers(1, 100)))}
    much_later = quote_of(offer, terms, _after(now))
    check_quote(much_later, 1, found, now)  # type: ignore[arg-type]
    with pytest.raises(QuoteStale):
        check_quote(much_later, 1, goods(dearer, terms, "EUR"), now)  # type: ignore[arg-type]
    with pytest.raises(QuoteStale):
        check_quote(much_later, 2, found, now)  # type: ignore[arg-type]
    with pytest.raises(QuoteExpired):
        check_quote(quote_of(offer, terms, now), 1, found, now)  # type: ignore[arg-type]


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


