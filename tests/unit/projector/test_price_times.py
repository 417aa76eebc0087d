"""What is kept of prices that were: as much as a page may have to tell, however often they change."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Raw, Struct

from projector.read_models import product
from projector.read_models.price_times import MOST
from shared.documents.prices import ShownPrice, ShownPriceList, Step, TermsStep, VariantTimes
from shared.envelope import Recorded
from shared.events.pricing import ListPriceSet, PriceListTerms, PriceScheduled, PriceSet, Tier
from shared.shown_prices import shown_prices

START = datetime(2026, 1, 1, tzinfo=UTC)
ID, SALE = UUID(int=1), UUID(int=2)
TERMS = PriceListTerms("Sale", "EUR", [], [], None, None, 1)
LISTS = {str(SALE): ShownPriceList(SALE, [TermsStep(START, TERMS)])}


def after(*told: tuple[float, Struct]) -> VariantTimes:
    """What is kept of a lamp's prices after events on days."""
    state = product.Product(0, ID)
    for position, (day, event) in enumerate(told, 1):
        at, none = START + timedelta(days=day), Raw(b"{}")
        recorded = Recorded(position, position - 1, 0, f"product:{ID}", "price", ID, 1, uuid4(), "", at, none, none)
        state = product.evolve(state, recorded, event)  # type: ignore[arg-type]
    return VariantTimes("lamp", dict(state.own.get("lamp", {})), dict(state.lists.get("lamp", {})))


def costs(amount: int) -> PriceSet:
    return PriceSet(ID, "lamp", "EUR", amount)


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
