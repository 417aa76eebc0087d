"""Destinations, pure: one tax and one flat shipping rate per country and currency."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.events.shipping import DestinationSet
from shared.money import MinorUnits, is_known
from write_side.errors import Invalid, Refusal


class UnknownDestination(Refusal):
    """Nothing is shipped to this country, or not in this currency."""

    status = 422
    code = "unknown_destination"


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"tax_basis_points": 1900, "rates": {"EUR": 490}}`: 19 % tax, 4.90 EUR flat."""

    tax_basis_points: Annotated[int, Meta(ge=0, le=10_000)]
    rates: dict[str, MinorUnits]


class Destination(Struct, frozen=True):
    """A country that orders may go to."""

    id: UUID
    country: str
    tax_basis_points: int
    rates: dict[str, int]
    version: int

    def shipping_in(self, currency: str) -> int:
        """The flat rate in minor units; raises `UnknownDestination` where none is set."""
        rate = self.rates.get(currency)
        if rate is None:
            detail = f"orders in {currency} do not go to {self.country}"
            raise UnknownDestination(detail, country=self.country, currency=currency)
        return rate


# Standard rates as of this writing; a shop sets its own by PUT /v1/destinations/{country}.
SEED = {
    "AT": Terms(2000, {"EUR": 690, "CHF": 790, "GBP": 690, "USD": 890}),
    "BE": Terms(2100, {"EUR": 690, "CHF": 790, "GBP": 690, "USD": 890}),
    "CH": Terms(810, {"CHF": 990, "EUR": 990, "GBP": 990, "USD": 1190}),
    "CZ": Terms(2100, {"EUR": 790, "CHF": 890, "CZK": 19_900, "GBP": 790, "USD": 990}),
    "DE": Terms(1900, {"EUR": 490, "CHF": 590, "GBP": 490, "USD": 690}),
    "DK": Terms(2500, {"EUR": 890, "CHF": 990, "DKK": 6900, "GBP": 890, "USD": 1090}),
    "ES": Terms(2100, {"EUR": 890, "CHF": 990, "GBP": 890, "USD": 1090}),
    "FR": Terms(2000, {"EUR": 690, "CHF": 790, "GBP": 690, "USD": 890}),
    "GB": Terms(2000, {"GBP": 790, "EUR": 990, "CHF": 1090, "USD": 1190}),
    "IE": Terms(2300, {"EUR": 890, "CHF": 990, "GBP": 890, "USD": 1090}),
    "IT": Terms(2200, {"EUR": 890, "CHF": 990, "GBP": 890, "USD": 1090}),
    "NL": Terms(2100, {"EUR": 690, "CHF": 790, "GBP": 690, "USD": 890}),
    "PL": Terms(2300, {"EUR": 790, "CHF": 890, "GBP": 790, "PLN": 3490, "USD": 990}),
    "SE": Terms(2500, {"EUR": 990, "CHF": 1090, "GBP": 990, "SEK": 9900, "USD": 1190}),
    "US": Terms(0, {"USD": 1490, "EUR": 1490, "CHF": 1490, "GBP": 1290}),
}


def set_terms(
    existing: Destination | None, country: str, terms: Terms, destination_id: UUID
) -> DestinationSet | None:
    """The event of new terms, None if they are the present ones; raises `UnknownCurrency`."""
    for currency in terms.rates:
        if not is_known(currency):
            raise UnknownCurrency(f"{currency} is no currency we know", pointer=f"/rates/{currency}")
    if existing is not None and (existing.tax_basis_points, existing.rates) == (terms.tax_basis_points, terms.rates):
        return None
    known_id = existing.id if existing is not None else destination_id
    return DestinationSet(known_id, country, terms.tax_basis_points, terms.rates)


def evolve(event: DestinationSet, version: int) -> Destination:
    """A destination after an event, which says all of it."""
    return Destination(event.destination_id, event.country, event.tax_basis_points, event.rates, version)
