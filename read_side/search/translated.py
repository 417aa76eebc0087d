"""Searches by prices as they were before a percentage off everything: those in the index are so. Pure."""

from collections.abc import Sequence

from msgspec import structs

from read_side.search.parameters import Between, SearchRequest
from shared.left_of_price import Left
from shared.promotion_rule import Offer, is_for_everything_alike


def translated(asked: SearchRequest, left: Left, field: str) -> SearchRequest:
    """A search by this field, its bounds as they were before."""
    bounds = before(Between(asked.price_min, asked.price_max), left)
    return structs.replace(
        asked,
        priced_by=field,
        price_min=bounds.low,
        price_max=bounds.high,
        price_between=tuple(before(each, left) for each in asked.price_between),
    )


def before(ends: Between, left: Left) -> Between:
    """What prices lay between, of which so much is left."""
    low = None if ends.low is None else left.at_least(ends.low)
    return Between(low, None if ends.high is None else left.at_most(ends.high))


class Lefts:
    """What is left in each currency, kept while the same promotions are in force."""

    def __init__(self) -> None:
        self._kept: dict[str, Left] = {}

    def by(self, offers: Sequence[Offer], currency: str) -> Left:
        """What those of them leave that take a percentage off everything; the others are in the index."""
        taking, kept = [offer for offer in offers if is_for_everything_alike(offer.terms)], self._kept.get(currency)
        if kept is None or kept.offers != taking:
            kept = self._kept[currency] = Left(taking, currency)
        return kept
