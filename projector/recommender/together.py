"""Bought together, pure: how close two products are by the baskets they share, and what is popular in a category.

Closeness is the cosine of two products over paid baskets (item-to-item collaborative filtering: Linden, Smith and York,
Amazon.com Recommendations, IEEE Internet Computing 2003), where a basket weighs 1/size, since a long one says little
of each pair, and half as much every 90 days. Both were chosen on months before those they were measured on
(docs/recommendations.md).
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import sqrt
from uuid import UUID

from shared.documents.recommendations import EVERYWHERE, Neighbour

HALF_LIFE_DAYS = 90.0
POPULAR_HALF_LIFE_DAYS = 14.0
MOST_IN_BASKET = 100  # a longer one is a wholesaler's list: its pairs say nothing, and are many
NEIGHBOURS = 100  # kept of each product
POPULAR = 200  # kept of each category
# Weights grow with time instead of shrinking: a cosine doesn't notice, and nothing old has to be touched again.
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = 86_400.0


class Together:
    """The counts so far; grows by `add`. Inside a product is a number, which is several times faster than its UUID."""

    def __init__(self) -> None:
        self._numbers: dict[UUID, int] = {}
        self._products: list[UUID] = []
        self._pairs: list[dict[int, float]] = []  # with itself, too: that is a product's own weight
        self._recent: list[float] = []
        self.orders = 0

    def add(self, basket: Collection[UUID], at: datetime) -> None:
        """A paid basket: its products, each once."""
        self.orders += 1
        numbers = [self._number(product) for product in basket]
        days = (at - _SINCE).total_seconds() / _DAY
        recent = 2.0 ** (days / POPULAR_HALF_LIFE_DAYS)
        for number in numbers:
            self._recent[number] += recent
        if 2 <= len(numbers) <= MOST_IN_BASKET:
            weight = 2.0 ** (days / HALF_LIFE_DAYS) / len(numbers)
            for number in numbers:
                pairs = self._pairs[number]
                for other in numbers:
                    pairs[other] = pairs.get(other, 0.0) + weight

    def _number(self, product: UUID) -> int:
        found = self._numbers.get(product)
        if found is None:
            found = self._numbers[product] = len(self._products)
            self._products.append(product)
            self._pairs.append({})
            self._recent.append(0.0)
        return found

    def products(self) -> Collection[UUID]:
        """All that was ever bought."""
        return self._numbers.keys()

    def neighbours(self, product: UUID, most: int = NEIGHBOURS) -> list[Neighbour]:
        """The closest products, the closest first; as close ones by their ids, so that it is the same each time."""
        number = self._numbers.get(product)
        if number is None or not self._pairs[number]:
            return []
        pairs, all_pairs = self._pairs[number], self._pairs
        own = pairs[number]
        close = [
            (shared / sqrt(own * all_pairs[other][other]), other) for other, shared in pairs.items() if other != number
        ]
        best = heapq.nsmallest(most, close, key=lambda found: (-found[0], self._products[found[1]]))
        return [Neighbour(self._products[other], round(closeness, 6)) for closeness, other in best]

    def popular(self, category_of: Mapping[UUID, Sequence[UUID]]) -> Iterator[tuple[UUID | str, list[UUID]]]:
        """The most bought lately, of each category (`category_of` names a product's categories) and everywhere."""
        shelves: dict[UUID | str, list[tuple[float, UUID]]] = defaultdict(list)
        for product, bought in zip(self._products, self._recent, strict=True):
            shelves[EVERYWHERE].append((-bought, product))
            for category in category_of.get(product, ()):
                shelves[category].append((-bought, product))
        for shelf, found in shelves.items():
            yield shelf, [product for _, product in heapq.nsmallest(POPULAR, found)]
