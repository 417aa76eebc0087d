"""Promotions that pages show, arranged by the SKUs that they are for. Pure.

A shop has tens of thousands of SKUs that some promotion names, now or lately, and each price asks for those of one. So
they are arranged where they are read; whoever asks walks through no list of SKUs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from uuid import UUID

from msgspec import structs

from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.promotions import PromotionTerms
from shared.promotion_rule import Offer, has_begun, is_over

_FOR_EVER = datetime.max.replace(tzinfo=UTC)
_UNNAMED = ""  # stands for every SKU that no promotion names


class Promotions:
    """All of them.

    `kinds`: a number for each SKU that any of them names, the same for those that see the same promotions: what costs
    the same without them does with them. So do all others.
    """

    def __init__(self, every: Iterable[ShownPromotion] = ()) -> None:
        self.every = tuple(every)
        offers = [Offer(each.id, terms) for each in self.every if (terms := each.steps[-1].terms)]
        self._last_ending_first = sorted(offers, key=lambda offer: offer.terms.ends_at or _FOR_EVER, reverse=True)
        kinds = _Kinds()
        for each in self.every:
            for skus, seen in _parted(each):
                kinds.see(skus, seen)
        self._seen = kinds.seen()
        self._others = self._seen[kinds.by_sku.pop(_UNNAMED)]
        self.kinds: Mapping[str, int] = kinds.by_sku

    def of(self, sku: str) -> Sequence[ShownPromotion]:
        """Those that are, or were, for a SKU, as it sees them: their terms name no SKU, and are none where they are for
        others."""
        kind = self.kinds.get(sku)
        return self._others if kind is None else self._seen[kind]

    def in_force(self, now: datetime) -> list[Offer]:
        """Those in force, by their latest terms. Those that are over cost nothing, however many."""
        return [offer for offer in self._lasting(now) if has_begun(offer.terms, now)]

    def moments(self, now: datetime) -> list[datetime]:
        """When one begins or ends from now on, by their latest terms."""
        either = (moment for _, terms, _ in self._lasting(now) for moment in (terms.starts_at, terms.ends_at) if moment)
        return [moment for moment in either if moment > now]

    def _lasting(self, now: datetime) -> Iterator[Offer]:
        return takewhile(lambda offer: not is_over(offer.terms, now), self._last_ending_first)


class _Kinds:
    """The kinds of SKUs, as one promotion after the other is looked at: a new kind sees what another one does, and one
    promotion beside. Kind 0 sees none."""

    def __init__(self) -> None:
        self.by_sku: dict[str, int] = {_UNNAMED: 0}
        self._grown_from: list[int] = [0]  # by kind
        self._beside: list[ShownPromotion | None] = [None]

    def see(self, skus: frozenset[str], promotion: ShownPromotion) -> None:
        """These see it, too."""
        by_sku, after = self.by_sku, dict[int, int]()
        for sku in skus:
            kind = by_sku.get(sku, 0)
            if kind not in after:
                after[kind] = len(self._beside)
                self._grown_from.append(kind)
                self._beside.append(promotion)
            by_sku[sku] = after[kind]

    def seen(self) -> dict[int, list[ShownPromotion]]:
        """By kind, what it sees: of a promotion that names its SKUs what they see, of others what all others see."""
        others = self._own(self.by_sku[_UNNAMED])
        return {kind: list((others | self._own(kind)).values()) for kind in set(self.by_sku.values())}

    def _own(self, kind: int) -> dict[UUID, ShownPromotion]:
        found = {}
        while (promotion := self._beside[kind]) is not None:
            found[promotion.id], kind = promotion, self._grown_from[kind]
        return found


def _parted(promotion: ShownPromotion) -> Iterator[tuple[frozenset[str], ShownPromotion]]:
    """The SKUs that it names at any time, and with them those that it doesn't, by what they see of it, if anything."""
    named = frozenset[str]().union([_UNNAMED], *(terms.skus for _, terms in promotion.steps if terms))
    parts: list[tuple[frozenset[str], list[PromotionStep]]] = [(named, [])]
    for at, terms in promotion.steps:
        bare, divided = terms and structs.replace(terms, skus=[]), []
        for part, steps in parts:
            inside = _fitting(terms, part)
            divided += [(inside, [*steps, PromotionStep(at, bare)]), (part - inside, [*steps, PromotionStep(at, None)])]
        parts = [each for each in divided if each[0]]
    for part, steps in parts:
        if any(terms for _, terms in steps):
            yield part, ShownPromotion(promotion.id, steps)


def _fitting(terms: PromotionTerms | None, skus: frozenset[str]) -> frozenset[str]:
    """Those of them that it is for."""
    if terms is None:
        return frozenset()
    return skus.intersection(terms.skus) if terms.skus else skus


NO_PROMOTIONS = Promotions()
