"""Price bounds as they were before a percentage off everything: prices in the index are those before it. Pure.

What such promotions leave of a price is never less for a dearer one, so order stays, and a bound on what is left is a
bound on what was.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import structs

from read_side.prices.promotions import Known
from read_side.search.parameters import SearchRequest
from shared.documents.price_slots import Counting
from shared.promotion_rule import Offer, is_for_everything_alike, off_one

DEAREST = 10**17  # minor units: beyond any price, and within a long


class Left:
    """What the promotions in force leave of a price in a currency. Without any: all of it."""

    def __init__(self, offers: Sequence[Offer], currency: str) -> None:
        self._offers, self._currency = offers, currency

    def of(self, amount_minor: int) -> int:
        """Of so much."""
        if not self._offers:
            return amount_minor
        return amount_minor - off_one(self._offers, "", amount_minor, self._currency).total_minor

    def translated(self, asked: SearchRequest, field: str) -> SearchRequest:
        """A search by this field, its bounds as they were before."""
        return structs.replace(
            asked,
            priced_by=field,
            price_min=None if asked.price_min is None else self.at_least(asked.price_min),
            price_max=None if asked.price_max is None else self.at_most(asked.price_max),
        )

    def at_least(self, bound: int) -> int:
        """The lowest price before of which so much is left, or more."""
        return _first(lambda amount: self.of(amount) >= bound) if self._offers else bound

    def at_most(self, bound: int) -> int:
        """The highest price before of which no more than so much is left."""
        return _first(lambda amount: self.of(amount) > bound) - 1 if self._offers else bound


def left_by(promoted: Known, counting: Counting, currency: str) -> Left:
    """What is left of the prices that count; of prices with promotions taken off already all is."""
    offers = [] if counting.promoted else promoted.offers(datetime.now(UTC))
    return Left(offers if all(is_for_everything_alike(offer.terms) for offer in offers) else [], currency)


def _first(holds: Callable[[int], bool]) -> int:
    """The lowest amount for which it holds, as it does for all above."""
    low, high = 0, DEAREST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
