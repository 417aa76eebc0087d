"""All that decides on prices beside products' own at some moment, and which products it is of any matter to. Pure.

Whatever two regimes say of products that neither names it is the same: their own price, before percentages off
everything. So of a slot that is for something else now only those have to be written that the difference reaches.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from projector.read_models.product import asking
from shared.documents.price_slots import OWN
from shared.documents.product_pages import Known
from shared.events.pricing import PriceListTerms
from shared.events.promotions import PromotionTerms
from shared.promotion_rule import is_for_everything_alike

_P = TypeVar("_P", tuple[UUID, PromotionTerms], tuple[UUID, PriceListTerms])


class Reach(Struct, frozen=True):
    """Products: all, or those that have one of these SKUs, a price in one of these lists, or that are gift cards."""

    everything: bool = False
    skus: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    gift_cards: bool = False

    def __or__(self, other: "Reach") -> "Reach":
        """Those of both."""
        return Reach(
            self.everything or other.everything,
            self.skus | other.skus,
            self.lists | other.lists,
            self.gift_cards or other.gift_cards,
        )

    def __bool__(self) -> bool:
        return self != NOBODY

    def has(self, known: Known) -> bool:
        """Whether it is one of them."""
        if self.everything or (self.gift_cards and known.facts.gift_cards):
            return True
        skus = [variant.sku for variant in known.facts.variants]
        return not self.skus.isdisjoint(skus) or not self.lists.isdisjoint(asking(known))

    @property
    def cost(self) -> tuple[bool, int, int]:
        """What writing them costs, to be compared: a list may be of any number of products."""
        return self.everything, len(self.lists), len(self.skus)


NOBODY = Reach()
EVERYTHING = Reach(everything=True)


class Regime(Struct, frozen=True):
    """Promotions that pages show, and price lists for everybody, by id and without their times: what is in force in a
    channel, told as `web` asks for it."""

    promotions: list[tuple[UUID, PromotionTerms]] = []
    lists: list[tuple[UUID, PriceListTerms]] = []

    @property
    def name(self) -> str:
        """By which what comes back (a price after a sale) is known again."""
        if not (self.promotions or self.lists):
            return OWN
        return blake2b(msgspec.json.encode(self), digest_size=8).hexdigest()


NOTHING = Regime()


def apart(one: Regime, other: Regime) -> Reach:
    """The products that may cost something else under the other.

    Percentages off everything make a difference for none but those that they leave alone, or that something else is
    taken off beside: a slot says what a product would have to cost before them.
    """
    changed = _changed(one.promotions, other.promotions)
    everything = any(is_for_everything_alike(terms) for _, terms in changed)
    named = [*one.promotions, *other.promotions] if everything else changed
    return Reach(
        skus=frozenset(sku for _, terms in named for sku in terms.skus),
        lists=frozenset(str(id_) for id_, _ in _changed(one.lists, other.lists)),
        gift_cards=everything,
    )


def _changed(one: Sequence[_P], other: Sequence[_P]) -> list[_P]:
    return [part for part in one if part not in other] + [part for part in other if part not in one]
