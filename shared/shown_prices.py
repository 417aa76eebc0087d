"""What a variant costs somebody who isn't signed in and buys one, at a moment: the rules of the checkout, asked of what
is projected.

The same steps tell what it cost before, and so the lowest price of the 30 days before it was lowered. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from msgspec import structs

from shared.documents.prices import ALWAYS, WINDOW_DAYS, ShownPrice, ShownPriceList, Step, TermsStep, VariantTimes
from shared.documents.promotions import PromotionStep
from shared.events.pricing import PriceListTerms
from shared.price_rule import applies, precedence
from shared.promotion_rule import Offer, is_running, off_one
from shared.shown_promotions import NO_PROMOTIONS, Promotions

WINDOW = timedelta(days=WINDOW_DAYS)
NOBODY: frozenset[str] = frozenset()  # groups of customers that a stranger is in

_S = TypeVar("_S", Step, TermsStep, PromotionStep)
Lists = Mapping[str, ShownPriceList]  # by id; those that aren't known ask nothing


class Place(NamedTuple):
    """Where somebody buys, and in what."""

    currency: str
    channel: str


class _Asked(NamedTuple):
    amount_minor: int
    price_list_id: UUID | None = None
    until: datetime | None = None
    tax_included: bool = False
    promotion_ids: tuple[UUID, ...] = ()
    before_promotions_minor: int | None = None

    @property
    def kind(self) -> tuple[int, bool]:
        return self.amount_minor, self.tax_included


def alike(times: VariantTimes | Mapping[str, Any], promotions: Promotions) -> bytes:
    """The same for variants that cost the same, whatever the price lists say: mostly all of a product do. They may be
    told as JSON has them: to read those that are alike takes longer than to find out."""
    told: VariantTimes | Mapping[str, Any]
    if isinstance(times, VariantTimes):
        sku, told = times.sku, structs.replace(times, sku="")
    else:
        sku, told = times["sku"], {**times, "sku": ""}
    return msgspec.json.encode((promotions.kinds.get(sku), told))


def shown_prices(
    times: VariantTimes, lists: Lists, channel: str, now: datetime, promotions: Promotions = NO_PROMOTIONS
) -> list[ShownPrice]:
    """A price in each currency that there is one in, by currency."""
    places = (Place(currency, channel) for currency in currencies(times, lists))
    found = (shown_price(times, lists, place, now, promotions) for place in places)
    return [price for price in found if price is not None]


def currencies(times: VariantTimes, lists: Lists) -> list[str]:
    """In which a price may be asked."""
    steps = [step for id_ in times.lists if id_ in lists for step in lists[id_].steps]
    return sorted(times.own.keys() | {step.terms.currency for step in steps if step.terms})


def asked_minor(
    times: VariantTimes, lists: Lists, place: Place, at: datetime, promotions: Promotions = NO_PROMOTIONS
) -> int | None:
    """The amount alone; None if it isn't sold so."""
    walk = _Walk(times, lists, place, promotions)
    asked = walk.asked(walk.not_before_said(at))
    return asked and asked.amount_minor


def shown_price(
    times: VariantTimes, lists: Lists, place: Place, now: datetime, promotions: Promotions = NO_PROMOTIONS
) -> ShownPrice | None:
    """What is asked now; None if it isn't sold so."""
    walk = _Walk(times, lists, place, promotions)
    now = walk.not_before_said(now)
    asked = walk.asked(now)
    if asked is None:
        return None
    lowest = _lowest_before(walk.back(now), now, asked)
    return ShownPrice(
        asked.amount_minor, place.currency, asked.price_list_id, asked.until, lowest, asked.tax_included,
        asked.promotion_ids, asked.before_promotions_minor,
    )  # fmt: skip


class _Walk:
    """What was asked, told for one moment after the other and back in time: each step is passed once."""

    def __init__(self, times: VariantTimes, lists: Lists, place: Place, promotions: Promotions) -> None:
        self._place, self._sku = place, times.sku
        self._own = list(times.own.get(place.currency, ()))
        known = [(lists[id_], steps) for id_, steps in times.lists.items() if id_ in lists]
        self._lists = [(each.id, list(each.steps), list(steps)) for each, steps in known]
        mine = () if times.gift_card else promotions.of(times.sku)
        self._promotions = [(each.id, list(each.steps)) for each in mine]
        self._said_at = times.said_at or ALWAYS

    def not_before_said(self, now: datetime) -> datetime:
        """This moment; where the clock is behind that of the log, the one at which the latest of all this was said."""
        terms = [said[-1].at for _, said, _ in self._lists if said]
        promoted = [steps[-1].at for _, steps in self._promotions if steps]
        return max(now, self._said_at, *terms, *promoted)

    def asked(self, at: datetime) -> _Asked | None:
        """At a moment no later than the last one."""
        asked = self._before_promotions(at)
        running = list(self._running(at)) if asked else []
        if asked is None or not running:
            return asked
        taken = off_one(running, self._sku, asked.amount_minor, self._place.currency)
        ids = tuple(discount.promotion_id for discount in taken.discounts)
        ends = [offer.terms.ends_at for offer in running if offer.id in ids]
        until = min((end for end in [asked.until, *ends] if end), default=None)
        left = asked._replace(amount_minor=asked.amount_minor - taken.total_minor, until=until, promotion_ids=ids)
        return left._replace(before_promotions_minor=asked.amount_minor) if ids else asked

    def _before_promotions(self, at: datetime) -> _Asked | None:
        offers = list(self._offers(at))
        if offers:
            terms, amount, id_ = min(offers, key=lambda offer: precedence(*offer))
            return _Asked(amount, id_, terms.ends_at, terms.tax_included)
        own = _last(self._own, at)
        return None if own is None or own.amount_minor is None else _Asked(own.amount_minor)

    def back(self, now: datetime) -> Iterator[tuple[datetime, _Asked | None]]:
        """From which moment on what was asked, the latest first."""
        for moment in self._moments(now):
            yield moment, self.asked(moment)

    def _offers(self, at: datetime) -> Iterator[tuple[PriceListTerms, int, UUID]]:
        for id_, said, steps in self._lists:
            known, step = _last(said, at), _last(steps, at)
            terms, amount = known and known.terms, step and step.amount_minor
            if terms and amount is not None and applies(terms, self._place.currency, self._place.channel, NOBODY, at):
                yield terms, amount, id_

    def _running(self, at: datetime) -> Iterator[Offer]:
        for id_, steps in self._promotions:
            step = _last(steps, at)
            if step and step.terms and is_running(step.terms, at):
                yield Offer(id_, step.terms)

    def _moments(self, until: datetime) -> list[datetime]:
        """When anything may have changed."""
        found = {step.at for step in self._own}
        for _, said, steps in self._lists:
            found |= {step.at for step in steps} | set(_turns(said))
        for _, promoted in self._promotions:
            found |= set(_turns(promoted))
        return sorted((moment for moment in found if moment <= until), reverse=True)


def _turns(steps: Sequence[TermsStep] | Sequence[PromotionStep]) -> Iterator[datetime]:
    """When such terms are said, begin and end."""
    for at, terms in steps:
        yield from (moment for moment in (at, terms and terms.starts_at, terms and terms.ends_at) if moment)


def _last(steps: list[_S], at: datetime) -> _S | None:
    """The one that held; those after it are dropped, as nobody asks for later again."""
    while steps and steps[-1].at > at:
        steps.pop()
    return steps[-1] if steps else None


def _lowest_before(back: Iterator[tuple[datetime, _Asked | None]], now: datetime, asked: _Asked) -> int | None:
    """The lowest price of the 30 days before the price of today began, if it is lower than the one it followed.

    An own price is told as lowered for 30 days, one of a list or a promotion for as long as that is in force. Prices
    with their tax in them and those without can't be compared: one of the other kind counts as none.
    """
    since = now
    for moment, held in back:
        if held is None or held.kind != asked.kind:
            break
        since = moment
    else:
        return None
    told_until = now if asked.price_list_id or asked.promotion_ids else since + WINDOW
    before = _comparable(held, asked)
    if before is None or before <= asked.amount_minor or told_until < now:
        return None
    found = [before]
    while moment > since - WINDOW and (earlier := next(back, None)):
        moment, held = earlier
        found += [amount for amount in [_comparable(held, asked)] if amount is not None]
    return min(found)


def _comparable(held: _Asked | None, asked: _Asked) -> int | None:
    return held.amount_minor if held and held.tax_included == asked.tax_included else None
