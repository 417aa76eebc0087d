"""What percentages off everything leave of a price, and back: the index has prices as they were before them. Pure.

What such promotions leave is never less of a dearer price, and of one that is a minor unit dearer it is at most one
more. So order stays, a bound on what is left is a bound on what was, and whatever is left, some price leaves it.
"""

from collections.abc import Callable, Sequence

from shared.promotion_rule import Offer, off_one

DEAREST = 10**17  # minor units: beyond any price, and within a long


class Left:
    """What these leave of a price in a currency. Without any: all of it."""

    def __init__(self, offers: Sequence[Offer], currency: str) -> None:
        self.offers, self._currency = offers, currency
        self._each_at_least: dict[tuple[int, ...], list[int]] = {}

    def of(self, amount_minor: int) -> int:
        """Of so much."""
        if not self.offers:
            return amount_minor
        return amount_minor - off_one(self.offers, "", amount_minor, self._currency).total_minor

    def at_least(self, bound: int) -> int:
        """The lowest price before of which so much is left, or more."""
        return _first(lambda amount: self.of(amount) >= bound, bound) if self.offers else bound

    def each_at_least(self, bounds: tuple[int, ...]) -> list[int]:
        """The same of bounds that are always the same ones: worked out once."""
        if bounds not in self._each_at_least:
            self._each_at_least[bounds] = [self.at_least(bound) for bound in bounds]
        return self._each_at_least[bounds]

    def at_most(self, bound: int) -> int:
        """The highest price before of which no more than so much is left."""
        return _first(lambda amount: self.of(amount) > bound, bound) - 1 if self.offers else bound


def _first(holds: Callable[[int], bool], low: int) -> int:
    """The lowest amount from `low` on for which it holds, as it does for all above."""
    high = low
    while high < DEAREST and not holds(high):  # mostly it is near
        low, high = high + 1, min(2 * high + 1, DEAREST)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
