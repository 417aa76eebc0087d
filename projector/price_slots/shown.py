"""A product's prices in all slots, as they are put beside its document. Pure but for the clock that is passed in."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from projector.model import Folded, ReadModel
from projector.price_slots.regimes import NOTHING, Regime, apart
from projector.price_slots.turns import UNKNOWN, Contents
from projector.read_models.price_times import times_of
from projector.read_models.product import Product, known_of, lowest_prices
from shared.documents.price_slots import SLOTS, WEB
from shared.documents.prices import ALWAYS, ShownPriceList, TermsStep, VariantTimes
from shared.documents.products import SEARCH
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.promotions import PromotionTerms
from shared.left_of_price import Left
from shared.promotion_rule import Offer, is_for_everything_alike
from shared.shown_prices import Place, alike, asked_minor, currencies
from shared.shown_promotions import Promotions

BEGINNING = b',"shown":{'  # of what stands in a document behind all else


class Tariff:
    """Prices under one regime."""

    def __init__(self, regime: Regime) -> None:
        self.reach = apart(NOTHING, regime)
        self._lists = {str(id_): ShownPriceList(id_, [TermsStep(ALWAYS, terms)]) for id_, terms in regime.lists}
        self._promotions = _always(regime.promotions)
        self._alike = [Offer(id_, terms) for id_, terms in regime.promotions if is_for_everything_alike(terms)]
        others = [each for each in regime.promotions if not is_for_everything_alike(each[1])]
        self._others = _always(others) if self._alike else self._promotions  # arranging takes tens of ms

    def lowest(self, variants: Sequence[VariantTimes], now: datetime) -> Mapping[str, int]:
        """By currency, what it would have to cost before what is taken off everything: what it does cost without that,
        or else the least that it could. Several prices may leave the same, and only the former is the one that a regime
        without such promotions has, which then need not be written."""
        found = self._lowest(variants, now, self._promotions)
        if not self._alike:
            return found
        left = {currency: Left(self._alike, currency) for currency in found}
        before = self._lowest(variants, now, self._others)
        return {
            currency: before[currency]
            if currency in before and left[currency].of(before[currency]) == amount
            else left[currency].at_least(amount)
            for currency, amount in found.items()
        }

    def _lowest(self, variants: Sequence[VariantTimes], now: datetime, promotions: Promotions) -> dict[str, int]:
        found: dict[str, int] = {}
        for times in {alike(each, promotions): each for each in variants}.values():
            for currency in currencies(times, self._lists):
                amount = asked_minor(times, self._lists, Place(currency, WEB), now, promotions)
                if amount is not None:
                    found[currency] = min(amount, found.get(currency, amount))
        return found


def _always(promotions: Iterable[tuple[UUID, PromotionTerms]]) -> Promotions:
    return Promotions(ShownPromotion(id_, [PromotionStep(ALWAYS, terms)]) for id_, terms in promotions)


class Pricing:
    """What the slots hold."""

    def __init__(self, contents: Contents = UNKNOWN) -> None:
        self._tariffs = {name: Tariff(content.regime) for name, content in sorted(contents.items())}
        self._marks = msgspec.json.encode([mark_of(name, contents[name].number) for name in self._tariffs])

    def beside(self, state: Product, now: datetime) -> bytes:
        """What stands in a document behind all else. Only one that any slot has another price for says which those
        were: the others stay as they are, whatever slots are for."""
        known = known_of(state)
        if known is None:
            return b""
        own = lowest_prices(known)
        reached = {name for name, tariff in self._tariffs.items() if tariff.reach and tariff.reach.has(known)}
        if not reached:
            return _own(own)
        variants = times_of(known).variants
        shown = {
            name: tariff.lowest(variants, now) if name in reached else own
            for name, tariff in self._tariffs.items()
        }  # fmt: skip
        return b',"shown":' + msgspec.json.encode(shown) + b',"priced":' + self._marks


def own_prices(model: ReadModel, state: Folded) -> bytes:
    """What stands behind all else while nobody knows what slots are for: it is filled in later."""
    known = known_of(state) if model.name == SEARCH and isinstance(state, Product) else None
    return b"" if known is None else _own(lowest_prices(known))


def _own(prices: Mapping[str, int]) -> bytes:
    """In all slots."""
    return b',"shown":' + msgspec.json.encode(dict.fromkeys(SLOTS, prices))


def mark_of(name: str, number: int) -> str:
    """What `priced` says of a document that was written since the slot is for what it is for."""
    return f"{name}:{number}"
