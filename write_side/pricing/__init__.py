"""Prices: what other contexts may ask of them."""

from write_side.pricing.domain import PricedVariant, SetPrice, UnknownCurrency, check_currency, evolve, set_prices
from write_side.pricing.store import all_priced, find_priced, prices_of, rewrite_prices, save_prices

__all__ = [
    "PricedVariant",
    "SetPrice",
    "UnknownCurrency",
    "all_priced",
    "check_currency",
    "evolve",
    "find_priced",
    "prices_of",
    "rewrite_prices",
    "save_prices",
    "set_prices",
]
