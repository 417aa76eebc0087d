"""What a variant costs somebody who isn't signed in, at a moment: the rule of the checkout, asked of what is projected.

The same steps tell what it cost before, and so the lowest price of the 30 days before it was lowered. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.documents.prices import ShownPrice, ShownPriceList, Step, VariantTimes
from shared.events.pricing import PriceListTerms
from shared.price_rule import applies, precedence

WINDOW = timedelta(days=30)
NOBODY: frozenset[str] = frozenset()  # groups of customers that a stranger is in

Lists = Mapping[str, ShownPriceList]  # by id; those that aren't known ask nothing


class Place(NamedTuple):
    """Where somebody buys, and in what."""

    currency: str
    channel: str


class _Asked(NamedTuple):
    amount_minor: int
    price_list_id: UUID | None = None
    until: datetime | None = None


def shown_prices(times: VariantTimes, lists: Lists, channel: str, now: datetime) -> list[ShownPrice]:
    """A price in each currency that there is one in, by currency."""
    steps = [step for id_ in times.lists if id_ in lists for step in lists[id_].steps]
    currencies = times.own.keys() | {step.terms.currency for step in steps if step.terms}
    found = (shown_price(times, lists, Place(currency, channel), now) for currency in sorted(currencies))
    return [price for price in found if price is not None]


def shown_price(times: VariantTimes, lists: Lists, place: Place, now: datetime) -> ShownPrice | None:
    """What is asked now; None if it isn't sold so."""
    asked = _asked(times, lists, place, now)
    if asked is None:
        return None
    lowest = _lowest_before(times, lists, place, now, asked)
    return ShownPrice(asked.amount_minor, place.currency, asked.price_list_id, asked.until, lowest)


def _asked(times: VariantTimes, lists: Lists, place: Place, at: datetime) -> _Asked | None:
    offers = list(_offers(times, lists, place, at))
    if offers:
        terms, amount, id_ = min(offers, key=lambda offer: precedence(*offer))
        return _Asked(amount, id_, terms.ends_at)
    own = _amount(times.own.get(place.currency, ()), at)
    return None if own is None else _Asked(own)


def _offers(
    times: VariantTimes, lists: Lists, place: Place, at: datetime
) -> Iterator[tuple[PriceListTerms, int, UUID]]:
    for id_, steps in times.lists.items():
        known = lists.get(id_)
        terms = known and next((step.terms for step in reversed(known.steps) if step.at <= at), None)
        amount = _amount(steps, at)
        if known and terms and amount is not None and applies(terms, place.currency, place.channel, NOBODY, at):
            yield terms, amount, known.id


def _amount(steps: Sequence[Step], at: datetime) -> int | None:
    return next((step.amount_minor for step in reversed(steps) if step.at <= at), None)


def _lowest_before(times: VariantTimes, lists: Lists, place: Place, now: datetime, asked: _Asked) -> int | None:
    """The lowest price of the 30 days before the price of today began, if it is lower than the one it followed.

    An own price is told as lowered for 30 days, one of a list for as long as the list asks it.
    """
    since, before = now, None
    for moment in _moments(times, lists, place.currency, now):  # back in time, as long as the price was the same
        held = _asked(times, lists, place, moment)
        if held is None or held.amount_minor != asked.amount_minor:
            before = held
            break
        since = moment
    told_until = now if asked.price_list_id else since + WINDOW
    if before is None or before.amount_minor <= asked.amount_minor or told_until < now:
        return None
    within = [moment for moment in _moments(times, lists, place.currency, since) if moment > since - WINDOW]
    held_then = [_asked(times, lists, place, moment) for moment in [*within, since - WINDOW] if moment < since]
    return min(one.amount_minor for one in [before, *held_then] if one is not None)


def _moments(times: VariantTimes, lists: Lists, currency: str, until: datetime) -> list[datetime]:
    """When anything may have changed up to a moment, the latest first."""
    found = {step.at for step in times.own.get(currency, ())}
    for id_, steps in times.lists.items():
        found |= {step.at for step in steps}
        for at, terms in lists[id_].steps if id_ in lists else ():
            found |= {at, *((terms.starts_at, terms.ends_at) if terms else ())} - {None}
    return sorted((moment for moment in found if moment is not None and moment <= until), reverse=True)
