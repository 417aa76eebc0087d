"""What is kept of prices that were: as much as a page may have to tell, however often they change."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import UNSET, Raw, Struct

from projector.price_slots.regimes import Regime
from projector.price_slots.shown import Pricing
from projector.price_slots.turns import Content
from projector.read_models import product
from projector.read_models.price_times import MOST, times_of
from projector.read_models.product import Product
from shared.documents.prices import TOLD, ShownPrice, ShownPriceList, Step, TermsStep, VariantTimes
from shared.envelope import Recorded
from shared.events.catalog import ProductFacts, Variant
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceListTerms,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
    Tier,
)
from shared.events.promotions import Percentage, PromotionTerms
from shared.shown_prices import shown_prices

START = datetime(2026, 1, 1, tzinfo=UTC)
ID, SALE = UUID(int=1), UUID(int=2)
FACTS = ProductFacts("lamp", "Lamp", "", "", "", "active", None, {}, [], [Variant(ID, "lamp")])
TERMS = PriceListTerms("Sale", "EUR", [], [], None, None, 1)
LISTS = {str(SALE): ShownPriceList(SALE, [TermsStep(START, TERMS)])}


def folded(*told: tuple[float, Struct]) -> Product:
    """A lamp after events on days."""
    state = product.Product(0, ID, Raw(msgspec.json.encode(FACTS)))
    for position, (day, event) in enumerate(told, 1):
        at, none = START + timedelta(days=day), Raw(b"{}")
        recorded = Recorded(position, position - 1, 0, f"product:{ID}", "price", ID, 1, uuid4(), "", at, none, none)
        state = product.evolve(state, recorded, event)  # type: ignore[arg-type]
    return state


def after(*told: tuple[float, Struct]) -> VariantTimes:
    """What is kept of its prices."""
    known = product.known_of(folded(*told))
    assert known is not None
    return times_of(known).variants[0]


def costs(amount: int, since: datetime | None = None) -> PriceSet:
    return PriceSet(ID, "lamp", "EUR", amount, since)


def test_what_it_cost_before_a_long_sale_is_told_as_long_as_the_sale_lasts() -> None:
    sale = ListPriceSet(ID, "lamp", SALE, [Tier(1, 700)])
    before = (0, costs(1000)), (10, costs(900)), (15, costs(1000))
    times = after(*before, (20, sale), (40, costs(950)), (120, costs(980)))
    assert shown_prices(times, LISTS, "web", START + timedelta(days=125)) == [ShownPrice(700, "EUR", SALE, None, 900)]


def test_what_was_over_long_ago_is_forgotten_and_what_is_said_twice_is_kept_once() -> None:
    times = after((0, costs(1000)), (10, costs(900)), (20, costs(800)), (80, costs(800)), (100, costs(850)))
    assert [step.amount_minor for step in times.own["EUR"]] == [800, 850]
    coming = PriceScheduled(ID, "lamp", "EUR", 850, START + timedelta(days=200))
    early = PriceScheduled(ID, "lamp", "EUR", 700, START + timedelta(days=190))
    times = after((0, costs(1000)), (100, costs(850)), (101, coming), (102, early))
    assert [step.amount_minor for step in times.own["EUR"]] == [1000, 850, 700, 850], "what is to come may be needed"


def test_of_a_price_that_changes_all_the_time_the_lowest_of_each_day_stays() -> None:
    every_hour = [(hour / 24, costs(2000 + hour * 7 % 500)) for hour in range(24 * 50)]
    every_hour[24 * 40 + 5] = (40 + 5 / 24, costs(1500))
    lowered = (50.0, costs(1400))
    times = after(*every_hour, lowered)
    steps = times.own["EUR"]
    assert len(steps) <= MOST
    assert steps == sorted(steps)
    assert steps[-1] == Step(START + timedelta(days=50), 1400)
    [shown] = shown_prices(times, {}, "web", START + timedelta(days=51))
    assert shown == ShownPrice(1400, "EUR", lowest_30_days_minor=1500)


AT_TEN, A_BIT = START + timedelta(days=10), 0.001
TO_COME = (0, costs(1000)), (1, PriceScheduled(ID, "lamp", "EUR", 800, AT_TEN))


@pytest.mark.parametrize("late", [costs(1200), costs(700), PriceRemoved(ID, "lamp", "EUR")])
def test_what_was_said_before_a_scheduled_price_began_is_over_then_though_it_is_recorded_later(late: Struct) -> None:
    planned_before = (10 + A_BIT, late)
    written_down = (*TO_COME, planned_before, (10.1, costs(800, AT_TEN)))
    for told in (TO_COME, (*TO_COME, planned_before), written_down):
        assert after(*told).own["EUR"][1:] == [Step(AT_TEN, 800)], "which is what the checkout asks all the time"
    assert [step.amount_minor for step in after(*written_down, (10.2, costs(900))).own["EUR"]] == [1000, 800, 900]


def test_a_price_that_begins_by_a_clock_that_is_ahead_begins_when_that_is_recorded() -> None:
    early = (9.9, costs(800, AT_TEN)), (9.9 + A_BIT, costs(1200))
    assert after(*TO_COME, *early).own["EUR"][1:] == [
        Step(START + timedelta(days=9.9), 800), Step(START + timedelta(days=9.9 + A_BIT), 1200),
    ]  # fmt: skip


def test_a_price_that_is_taken_back_after_it_began_was_asked_until_then() -> None:
    times = after(*TO_COME, (10 + A_BIT, PriceUnscheduled(ID, "lamp", "EUR", AT_TEN)))
    assert [step.amount_minor for step in times.own["EUR"]] == [1000, 800, 1000]


def test_the_log_has_said_what_is_no_scheduled_price_that_waits() -> None:
    assert [after(TO_COME[0]).said_at, after(*TO_COME).said_at] == [UNSET, UNSET]
    begun = after(*TO_COME, (10 + A_BIT, costs(800, AT_TEN)))
    assert begun.said_at == AT_TEN
    assert after(*TO_COME, (3, ListPriceSet(ID, "lamp", SALE, [Tier(1, 700)]))).said_at == START + timedelta(days=3)


@pytest.mark.parametrize("told", [(TO_COME[0], (10, costs(800))), (*TO_COME, (10 + A_BIT, costs(800, AT_TEN)))])
def test_a_slot_gets_the_price_that_was_said_though_the_projector_s_clock_is_behind(
    told: Sequence[tuple[float, Struct]],
) -> None:
    half = PromotionTerms("Half", Percentage(5000), "", ["lamp"], {}, None, None, False, 1, None, None)
    behind = AT_TEN - timedelta(seconds=1)
    written = Pricing({"a": Content(Regime([(SALE, half)], []), 1)}).beside(folded(*told), behind)
    shown = msgspec.json.decode(b"{" + written.removeprefix(b",") + b"}")["shown"]
    assert shown["a"] == {"EUR": 400}


YEARS_OF_DEALS = [UUID(int=100 + n) for n in range(400)]


def deal(number: int, amount: int | None, since: datetime | None = None) -> Struct:
    """What one of many lists asks from then on."""
    id_ = YEARS_OF_DEALS[number]
    if amount is None:
        return ListPriceRemoved(ID, "lamp", id_, since)
    return ListPriceSet(ID, "lamp", id_, [Tier(1, amount)])


@pytest.mark.parametrize("last", [costs(1100), deal(399, 500), PriceRemoved(ID, "lamp", "EUR")])
def test_lists_that_asked_nothing_for_as_long_as_a_page_tells_are_forgotten_at_the_next_price(last: Struct) -> None:
    told = [((n / 10), deal(n, amount)) for n in range(390) for amount in (800, None)]
    year = TOLD.days + 40
    assert len(after((0, costs(1000)), *told).lists) == 390
    assert after((0, costs(1000)), *told, (year, last)).lists.keys() <= {str(YEARS_OF_DEALS[399])}
    assert len(after((0, costs(1000)), *told, (TOLD.days - 1, last)).lists) >= 390, "a page may have to tell them"


def test_a_list_whose_end_is_written_down_long_after_it_is_gone_with_that() -> None:
    asked, late = (0, deal(0, 800)), TOLD.days + 10
    over = START + timedelta(days=5)
    assert after(asked, (late, deal(0, None, over))).lists == {}
    early = after(asked, (20, deal(0, None, over))).lists
    assert early == {str(YEARS_OF_DEALS[0]): [Step(START, 800), Step(over, None)]}
