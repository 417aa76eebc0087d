"""The lowest price of the 30 days before a price was lowered."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from read_side.prices.choosing import Place, shown_price
from shared.documents.prices import ShownPrice, ShownPriceList, Step, TermsStep, VariantTimes
from shared.events.pricing import PriceListTerms

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
