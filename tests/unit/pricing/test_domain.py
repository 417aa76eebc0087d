from datetime import UTC, datetime, timedelta

import pytest

from shared.events.pricing import PriceRemoved, PriceScheduled, PriceSet, PriceUnscheduled
from shared.ids import uuid7
from write_side.pricing import domain
from write_side.pricing.domain import (
    BrokenAmount,
    PricedVariant,
    Scheduled,
    SetPrice,
    StartsInThePast,
    TooManyScheduled,
    UnknownCurrency,
)

VARIANT, PRODUCT = uuid7(), uuid7()
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def asked(amount: int, currency: str = "EUR") -> SetPrice:
    return SetPrice(VARIANT, PRODUCT, "LAMP", currency, amount)


def test_prices_of_currencies_stand_beside_each_other_under_one_version() -> None:
    priced: PricedVariant | None = None
    for version, (currency, amount) in enumerate([("EUR", 1999), ("JPY", 3000), ("EUR", 0)], start=1):
        event = domain.set_price(priced, asked(amount, currency))
        assert event == PriceSet(PRODUCT, "LAMP", currency, amount)
        priced = domain.evolve(priced, VARIANT, version, event)
    assert priced == PricedVariant(VARIANT, 3, PRODUCT, "LAMP", {"EUR": 0, "JPY": 3000})


def test_the_old_price_is_no_event() -> None:
    priced = PricedVariant(VARIANT, 1, PRODUCT, "LAMP", {"EUR": 1999})
    assert domain.set_price(priced, asked(1999)) is None
    assert domain.set_prices({"LAMP": priced}, [asked(1999)], NOW) == []
    [(after, _)] = domain.set_prices({"LAMP": priced}, [asked(1899)], NOW)
    assert (after.version, after.prices) == (2, {"EUR": 1899})


def test_a_removed_price_is_gone_and_removing_it_again_is_no_event() -> None:
    priced = PricedVariant(VARIANT, 1, PRODUCT, "LAMP", {"EUR": 1999, "USD": 2100})
    event = domain.remove_price(priced, "EUR")
    assert event == PriceRemoved(PRODUCT, "LAMP", "EUR")
    after = domain.evolve(priced, VARIANT, 2, event)
    assert after.prices == {"USD": 2100}
    assert domain.remove_price(after, "EUR") is None
    assert domain.remove_price(None, "EUR") is None


@pytest.mark.parametrize("currency", ["XXX", "eur", "", "BTC" * 9])
def test_unknown_currencies_are_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        domain.set_price(None, asked(1, currency))
    with pytest.raises(UnknownCurrency):
        domain.remove_price(None, currency)


@pytest.mark.parametrize("amount", [-1, 10**12 + 1])
def test_amounts_have_their_bounds(amount: int) -> None:
    with pytest.raises(BrokenAmount):
        domain.set_price(None, asked(amount))


HOUR = timedelta(hours=1)
LAMP = PricedVariant(VARIANT, 3, PRODUCT, "LAMP", {"EUR": 1000})


def test_a_price_is_scheduled_once_replaced_and_taken_back() -> None:
    event = domain.schedule_price(LAMP, asked(900), NOW + HOUR, NOW)
    assert event == PriceScheduled(PRODUCT, "LAMP", "EUR", 900, NOW + HOUR)
    scheduled = domain.evolve(LAMP, VARIANT, 4, event)
    assert domain.schedule_price(scheduled, asked(900), NOW + HOUR, NOW) is None
    other = domain.schedule_price(scheduled, asked(800), NOW + HOUR, NOW)
    assert other is not None
    replaced = domain.evolve(scheduled, VARIANT, 5, other)
    assert (replaced.prices, replaced.scheduled) == ({"EUR": 1000}, [Scheduled("EUR", NOW + HOUR, 800)])
    back = domain.unschedule_price(replaced, "EUR", NOW + HOUR)
    assert back == PriceUnscheduled(PRODUCT, "LAMP", "EUR", NOW + HOUR)
    assert domain.evolve(replaced, VARIANT, 6, back).scheduled == []
    assert domain.unschedule_price(LAMP, "EUR", NOW + HOUR) is None


def test_what_has_begun_is_written_down_in_its_order_before_anything_else_is_decided() -> None:
    come = [Scheduled("EUR", NOW - HOUR, 900), Scheduled("EUR", NOW, 800), Scheduled("EUR", NOW + HOUR, 700)]
    lamp = PricedVariant(VARIANT, 3, PRODUCT, "LAMP", {"EUR": 1000}, come)
    [(after, events)] = domain.set_prices({"LAMP": lamp}, [asked(850)], NOW)
    begun = [PriceSet(PRODUCT, "LAMP", "EUR", 900, NOW - HOUR), PriceSet(PRODUCT, "LAMP", "EUR", 800, NOW)]
    assert events == (*begun, PriceSet(PRODUCT, "LAMP", "EUR", 850))
    assert (after.version, after.prices, after.scheduled) == (6, {"EUR": 850}, come[2:])
    [(after, events)] = domain.set_prices({"LAMP": lamp}, [asked(800)], NOW)
    assert (events, after.version) == (tuple(begun), 5), "it costs so already, by what has begun"


def test_what_can_not_be_scheduled_is_refused() -> None:
    with pytest.raises(StartsInThePast):
        domain.schedule_price(LAMP, asked(900), NOW, NOW)
    with pytest.raises(UnknownCurrency):
        domain.schedule_price(LAMP, asked(900, "XXX"), NOW + HOUR, NOW)
    with pytest.raises(BrokenAmount):
        domain.schedule_price(LAMP, asked(-1), NOW + HOUR, NOW)
    come = [Scheduled("EUR", NOW + n * HOUR, n) for n in range(1, domain.MOST_SCHEDULED + 1)]
    full = PricedVariant(VARIANT, 3, PRODUCT, "LAMP", {}, come)
    with pytest.raises(TooManyScheduled):
        domain.schedule_price(full, asked(900), NOW + timedelta(days=99), NOW)
