"""The lowest price of the 30 days before a price was lowered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.documents.prices import ShownPrice, ShownPriceList, Step, TermsStep, VariantTimes
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import Percentage, PromotionTerms
from shared.shown_prices import Place, shown_price
from shared.shown_promotions import Promotions

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
WEB = Place("EUR", "web")
SALE = UUID(int=9)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def own(*steps: tuple[float, int | None]) -> ShownPrice | None:
    times = VariantTimes("lamp", {"EUR": [Step(ago(days), amount) for days, amount in steps]})
    return shown_price(times, {}, WEB, NOW)


@pytest.mark.parametrize(
    ("steps", "lowest"),
    [
        ([(90, 1000)], None),
        ([(90, 1000), (1, 1200)], None),  # a price that went up is no reduction
        ([(90, 1000), (1, 800)], 1000),
        ([(90, 1000), (20, 700), (15, 1000), (1, 800)], 700),  # raised before, so that it could be lowered
        ([(90, 1000), (40, 500), (35, 1000), (1, 800)], 1000),  # longer ago than 30 days before
        ([(90, 1000), (45, 500), (30, 1000), (1, 800)], 500),  # still asked in the window's first hours
        ([(90, 1000), (31, 800)], None),  # lowered so long ago that it is simply the price
        ([(90, 1000), (30, 800)], 1000),
        ([(90, 1000), (20, 800), (10, 800)], 1000),  # said twice: it began with the first
        ([(90, 1000), (20, None), (1, 800)], None),  # it was not sold in between: nothing was lowered
        ([(90, 1000), (1, 800), (-1, 100)], 1000),  # what is to come is nobody's business
    ],
)
def test_the_lowest_of_the_30_days_before(steps: list[tuple[float, int | None]], lowest: int | None) -> None:
    shown = own(*steps)
    assert shown is not None
    assert (shown.amount_minor, shown.lowest_30_days_minor) == (shown.amount_minor, lowest)


def test_a_list_s_price_is_told_as_lowered_for_as_long_as_it_is_asked_and_says_until_when() -> None:
    terms = PriceListTerms("Sale", "EUR", [], [], ago(40), ago(-3), 1)
    times = VariantTimes("lamp", {"EUR": [Step(ago(90), 1000)]}, {str(SALE): [Step(ago(50), 700)]})
    lists = {str(SALE): ShownPriceList(SALE, [TermsStep(ago(60), terms)])}
    assert shown_price(times, lists, WEB, NOW) == ShownPrice(700, "EUR", SALE, ago(-3), 1000)
    assert shown_price(times, lists, WEB, ago(-3)) == ShownPrice(1000, "EUR")
    assert shown_price(times, {}, WEB, NOW) == ShownPrice(1000, "EUR"), "a list that nobody knows asks nothing"
    assert shown_price(times, lists, Place("CHF", "web"), NOW) is None


def test_a_list_s_price_with_its_tax_in_it_says_so_and_is_compared_with_its_own_kind_alone() -> None:
    def at(now: datetime, *asked: tuple[float, int | None]) -> ShownPrice | None:
        terms = PriceListTerms("Gross", "EUR", [], [], None, None, 1, tax_included=True)
        listed = [Step(ago(days), amount) for days, amount in asked]
        times = VariantTimes("lamp", {"EUR": [Step(ago(90), 1100)]}, {str(SALE): listed})
        return shown_price(times, {str(SALE): ShownPriceList(SALE, [TermsStep(ago(90), terms)])}, WEB, now)

    assert at(NOW, (1, 1071)) == ShownPrice(1071, "EUR", SALE, tax_included=True), "dearer than 1100 without tax"
    assert at(NOW, (20, 1309), (1, 1071)) == ShownPrice(1071, "EUR", SALE, None, 1309, tax_included=True)
    lowered = ShownPrice(1000, "EUR", SALE, None, 1190, tax_included=True)
    assert at(NOW, (29, 1000), (28, None), (25, 1190), (1, 1000)) == structs.replace(lowered, lowest_30_days_minor=1000)
    assert at(NOW, (28, None), (25, 1190), (1, 1000)) == lowered, "1100 without tax would be less than it was"
    assert at(NOW, (20, 1309), (1, None)) == ShownPrice(1100, "EUR"), "an own price after one with tax is not lowered"
    assert at(NOW, (20, 1100), (1, None)) == ShownPrice(1100, "EUR")


class Counted(list[Any]):
    """Tells how often something was looked at in it."""

    looks = 0

    def __iter__(self) -> Iterator[Any]:
        for each in super().__iter__():
            Counted.looks += 1
            yield each

    def __reversed__(self) -> Iterator[Any]:
        for each in super().__reversed__():
            Counted.looks += 1
            yield each


def test_many_steps_are_passed_a_few_times_each_and_not_once_for_each_other() -> None:
    many = 600
    steps = Counted(Step(ago(30 - n / many), 1000 + n % 7) for n in range(many))
    listed = Counted(Step(ago(29.9 - n / many), 900 + n % 5) for n in range(many))
    lists = {str(SALE): ShownPriceList(SALE, [TermsStep(ago(90), PriceListTerms("S", "EUR", [], [], None, None, 1))])}
    listed.append(Step(ago(1), 800))
    shown = shown_price(VariantTimes("lamp", {"EUR": steps}, {str(SALE): listed}), lists, WEB, NOW)
    assert shown == ShownPrice(800, "EUR", SALE, None, 900)
    assert Counted.looks <= 5 * 2 * many


def test_promotions_take_nothing_off_a_gift_card() -> None:
    terms = PromotionTerms("Sale", Percentage(1000), "", [], {}, None, None, False, 1, None, None)
    said = Promotions([ShownPromotion(SALE, [PromotionStep(ago(1), terms)])])
    times = VariantTimes("card", {"EUR": [Step(ago(90), 5000)]})
    shown = [shown_price(each, {}, WEB, NOW, said) for each in (times, structs.replace(times, gift_card=True))]
    assert [each and each.amount_minor for each in shown] == [4500, 5000]


def test_what_was_said_has_happened_though_the_clock_of_whoever_asks_is_behind() -> None:
    """The steps before `said_at` are of the log's clock; those to come go by the reader's."""
    steps = [Step(ago(90), 1000), Step(ago(-1), 800), Step(ago(-2), 600)]
    times = VariantTimes("lamp", {"EUR": steps}, said_at=ago(-1))
    assert shown_price(times, {}, WEB, NOW) == ShownPrice(800, "EUR", lowest_30_days_minor=1000)
    assert shown_price(structs.replace(times, said_at=ago(90)), {}, WEB, NOW) == ShownPrice(1000, "EUR")


def test_terms_that_were_said_hold_though_the_clock_of_whoever_asks_is_behind() -> None:
    terms = PriceListTerms("Sale", "EUR", [], [], None, None, 1)
    listed = {str(SALE): ShownPriceList(SALE, [TermsStep(ago(-0.1), terms)])}
    times = VariantTimes("lamp", {"EUR": [Step(ago(90), 1000)]}, {str(SALE): [Step(ago(1), 700)]}, said_at=ago(1))
    assert shown_price(times, listed, WEB, NOW) == ShownPrice(700, "EUR", SALE, None, 1000)
    half = PromotionTerms("Half", Percentage(5000), "", [], {}, None, None, False, 1, None, None)
    shown = shown_price(times, {}, WEB, NOW, Promotions([ShownPromotion(SALE, [PromotionStep(ago(-0.1), half)])]))
    assert shown is not None and shown.amount_minor == 500
