from datetime import UTC, datetime

import pytest

from shared.events.pricing import PriceRemoved, PriceSet
from shared.ids import uuid7
from write_side.pricing import domain
from write_side.pricing.domain import BrokenAmount, PricedVariant, SetPrice, UnknownCurrency

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
