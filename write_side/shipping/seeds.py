"""The zones a new shop begins with; it sets its own by PUT /v1/shipping-zones/{code}."""

from collections.abc import Mapping

from write_side.shipping.domain import BracketInput, MethodInput, PlaceInput, ZoneInput


def _zone(name: str, countries: str, rates: Mapping[str, int]) -> ZoneInput:
    prices = {currency: [BracketInput(price)] for currency, price in rates.items()}
    parcel = MethodInput("standard", "Parcel", prices, min_days=2, max_days=5)
    return ZoneInput(name, [PlaceInput(country) for country in countries.split()], [parcel])


def of_rates(flat: Mapping[str, Mapping[str, int]]) -> dict[str, ZoneInput]:
    """A zone for each country, where shipping costs what it did: country → currency → minor units."""
    return {country.lower(): _zone(country, country, rates) for country, rates in flat.items()}


ZONES = {
    "germany": _zone("Germany", "DE", {"EUR": 490, "CHF": 590, "GBP": 490, "USD": 690}),
    "neighbours": _zone("Neighbours", "AT BE FR NL", {"EUR": 690, "CHF": 790, "GBP": 690, "USD": 890}),
    "europe": _zone("Europe", "ES IE IT", {"EUR": 890, "CHF": 990, "GBP": 890, "USD": 1090}),
    "czechia": _zone("Czechia", "CZ", {"EUR": 790, "CHF": 890, "CZK": 19_900, "GBP": 790, "USD": 990}),
    "denmark": _zone("Denmark", "DK", {"EUR": 890, "CHF": 990, "DKK": 6900, "GBP": 890, "USD": 1090}),
    "poland": _zone("Poland", "PL", {"EUR": 790, "CHF": 890, "GBP": 790, "PLN": 3490, "USD": 990}),
    "sweden": _zone("Sweden", "SE", {"EUR": 990, "CHF": 1090, "GBP": 990, "SEK": 9900, "USD": 1190}),
    "switzerland": _zone("Switzerland", "CH", {"CHF": 990, "EUR": 990, "GBP": 990, "USD": 1190}),
    "britain": _zone("Britain", "GB", {"GBP": 790, "EUR": 990, "CHF": 1090, "USD": 1190}),
    "america": _zone("United States", "US", {"USD": 1490, "EUR": 1490, "CHF": 1490, "GBP": 1290}),
}
