"""Prices: what other contexts may ask of them."""

from write_side.pricing.choosing import Asked, PriceBook, UnitPrice
from write_side.pricing.domain import (
    PricedVariant,
    Repriced,
    SetPrice,
    UnknownCurrency,
    check_currency,
    evolve,
    own_prices,
    own_prices_set,
    set_prices,
)
from write_side.pricing.lists.domain import PriceList
from write_side.pricing.store import (
    all_priced,
    book_of,
    currencies_in_use,
    find_priced,
    open_book,
    rewrite_prices,
    save_prices,
)

__all__ = [
    "Asked", "PriceBook", "PriceList", "PricedVariant", "Repriced", "SetPrice",
    "UnitPrice", "UnknownCurrency", "all_priced", "book_of", "check_currency", "currencies_in_use", "evolve",
    "find_priced", "open_book", "own_prices", "own_prices_set", "rewrite_prices", "save_prices", "set_prices",
]  # fmt: skip
