"""Destinations."""

from uuid import UUID

import pytest

from shared.money import is_known
from write_side.shipping import domain
from write_side.shipping.domain import SEED, Destination, Terms, UnknownCurrency, UnknownDestination

ID = UUID(int=1)


def test_the_present_terms_are_no_event() -> None:
    terms = Terms(1900, {"EUR": 490})
    assert domain.set_terms(Destination(ID, "DE", 1900, {"EUR": 490}, 1), "DE", terms, ID) is None


def test_a_rate_needs_a_currency_we_know() -> None:
    with pytest.raises(UnknownCurrency):
        domain.set_terms(None, "DE", Terms(1900, {"XXX": 1}), ID)


def test_without_a_rate_in_its_currency_an_order_goes_nowhere() -> None:
    with pytest.raises(UnknownDestination):
        Destination(ID, "DE", 1900, {"EUR": 490}, 1).shipping_in("JPY")


def test_the_first_destinations_are_sound() -> None:
    assert {"DE", "AT", "FR", "NL", "IT", "ES", "PL", "GB", "US", "CH"} <= SEED.keys()
    assert all(is_known(currency) for terms in SEED.values() for currency in terms.rates)
