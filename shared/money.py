"""Money: integer minor units with a currency, never a float."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

# ISO 4217 currencies that a price list may name, with the number of digits behind the point.
EXPONENTS = {
    "AUD": 2, "BGN": 2, "CAD": 2, "CHF": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HUF": 2,
    "JPY": 0, "NOK": 2, "NZD": 2, "PLN": 2, "RON": 2, "SEK": 2, "USD": 2,
}  # fmt: skip

# The least that a payment provider charges, in minor units: what Stripe documents for each of them
# (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
_LEAST_CHARGES = {
    "AUD": 50, "BGN": 100, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HUF": 17500,
    "JPY": 50, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "USD": 50,
}  # fmt: skip

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217 code")]
MinorUnits = Annotated[int, Meta(ge=0, le=10**12, description="integer minor units, for EUR cents")]


class Money(Struct, frozen=True):
    """An amount in minor units of its currency: `{"amount_minor": 1999, "currency": "EUR"}`."""

    amount_minor: int
    currency: Currency


def is_known(currency: str) -> bool:
    """Whether prices in this currency can be kept."""
    return currency in EXPONENTS


def least_charge(currency: str) -> int:
    """The least that is charged by card in a currency that we know, in minor units."""
    return _LEAST_CHARGES[currency]


def rounded_share(amount_minor: int, basis_points: int) -> int:
    """`amount_minor` × `basis_points` / 10,000, half rounded up, in integers (the rule for taxes and
    percentages)."""
    return half_up(amount_minor * basis_points, 10_000)


def half_up(dividend: int, divisor: int) -> int:
    """Their quotient, half rounded up, in integers."""
    return (2 * dividend + divisor) // (2 * divisor)


def allocated(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts by weight that add up to it to the last minor unit, none greater than its weight if the amount
    is not greater than their sum: largest remainders first (Hamilton's method), ties to the earlier part."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    parts = [amount_minor * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(amount_minor * weights[n] % total), n))
    for n in by_remainder[: amount_minor - sum(parts)]:
        parts[n] += 1
    return parts


def display(amount_minor: int, currency: str) -> str:
    """For the terminal: `19.99 EUR`, `1200 JPY`."""
    digits, sign = EXPONENTS[currency], "-" if amount_minor < 0 else ""
    if not digits:
        return f"{amount_minor} {currency}"
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d} {currency}"
