"""Price bounds as they were before a percentage off everything: prices in the index are those before it. Pure.

What such promotions leave of a price is never less for a dearer one, so order stays, and a bound on what is left is a
bound on what was.
"""

from collections.abc import Callable, Sequence

from msgspec import structs

from read_side.search.parameters import SearchRequest
from shared.documents.price_slots import Counting
from shared.promotion_rule import Offer, is_for_everything_alike, off_one

DEAREST = 10**17  # minor units: beyond any price, and within a long


class Left:
    """What the promotions in force leave of a price in a currency. Without any: all of it."""

    def __init__(self, offers: Sequence[Offer], currency: str) -> None:
        self.offers, self._currency = offers, currency
        self._each_at_least: dict[tuple[int, ...], list[int]] = {}

    def of(self, amount_minor: int) -> int:
        """Of so much."""
        if not self.offers:
            return amount_minor
        return amount_minor - off_one(self.offers, "", amount_minor, self._currency).total_minor

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
        return _first(lambda amount: self.of(amount) >= bound) if self.offers else bound

    def each_at_least(self, bounds: tuple[int, ...]) -> list[int]:
        """The same of bounds that are always the same ones: worked out once."""
        if bounds not in self._each_at_least:
            self._each_at_least[bounds] = [self.at_least(bound) for bound in bounds]
        return self._each_at_least[bounds]

    def at_most(self, bound: int) -> int:
        """The highest price before of which no more than so much is left."""
        return _first(lambda amount: self.of(amount) > bound) - 1 if self.offers else bound


class Lefts:
    """What is left in each currency, kept while the same promotions are in force."""

    def __init__(self) -> None:
        self._kept: dict[str, Left] = {}

    def by(self, offers: Sequence[Offer], counting: Counting, currency: str) -> Left:
        """What these leave of the prices that count; of prices with promotions taken off already all is left."""
        alike = not counting.promoted and all(is_for_everything_alike(offer.terms) for offer in offers)
        taking, kept = offers if alike else [], self._kept.get(currency)
        if kept is None or kept.offers != taking:
            kept = self._kept[currency] = Left(taking, currency)
        return kept


def _first(holds: Callable[[int], bool]) -> int:
    """The lowest amount for which it holds, as it does for all above."""
    low, high = 0, DEAREST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
