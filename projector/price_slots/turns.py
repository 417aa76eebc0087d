"""What is in force when, and which slot is for what. Pure.

A *regime* is all that decides on prices beside the products' own at some moment: the promotions that pages show and the
price lists of the web shop. It has a name, so that what comes back (a price after a sale) is known again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import structs

from shared.documents.price_slots import OWN, SLOTS, Slot, Turn
from shared.documents.prices import ShownPriceList
from shared.documents.promotions import ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import PromotionTerms
from shared.price_rule import applies
from shared.promotion_rule import is_for_everything_alike, is_running
from shared.shown_prices import NOBODY

CHANNEL = "web"  # whose prices searches go by, whatever channel asks


class Said(NamedTuple):
    """All promotions that pages show, and all price lists."""

    promotions: Sequence[ShownPromotion]
    lists: Sequence[ShownPriceList]


def turn_at(said: Said, at: datetime) -> Turn:
    """What prices are filled in for then, by the terms of today."""
    promoted = _promoted(said, at)
    listed = ((each.id, terms) for each in said.lists if (terms := each.steps[-1].terms) and _is_for_all(terms, at))
    parts = [(id_, _timeless(terms)) for several in (promoted, listed) for id_, terms in several]
    if not parts:
        return Turn(at, OWN)
    told = msgspec.json.encode(sorted(parts, key=lambda part: part[0]))
    return Turn(at, blake2b(told, digest_size=8).hexdigest(), bool(promoted))


def _promoted(said: Said, at: datetime) -> list[tuple[UUID, PromotionTerms]]:
    """The promotions in force then whose prices have to be filled in: none, if all take a percentage off everything."""
    running = [
        (each.id, terms) for each in said.promotions if (terms := each.steps[-1].terms) and is_running(terms, at)
    ]
    return [] if all(is_for_everything_alike(terms) for _, terms in running) else running


def _is_for_all(terms: PriceListTerms, at: datetime) -> bool:
    return applies(terms, terms.currency, CHANNEL, NOBODY, at)


def _timeless(terms: PromotionTerms | PriceListTerms) -> object:
    return structs.replace(terms, starts_at=None, ends_at=None, name="")


def turns(said: Said, before: Sequence[Turn], now: datetime) -> list[Turn]:
    """What counts now, what did before (`before`: as told last), and what is to come."""
    current = turn_at(said, now)
    past = [turn for turn in before if turn.at <= now]
    if not past:
        past = [Turn(now, OWN)]  # whatever was in force, nobody has it in a slot
    if past[-1].regime != current.regime:
        past.append(current._replace(at=min(now, max(past[-1].at, _since(said, now)))))
    coming = list(past)
    for moment in sorted(moment for moment in _moments(said) if moment > now):
        turn = turn_at(said, moment)
        if turn.regime != coming[-1].regime:
            coming.append(turn)
    return coming


def _since(said: Said, now: datetime) -> datetime:
    """When it last changed: by time, or because somebody said so."""
    said_at = [step.at for several in (said.promotions, said.lists) for each in several for step in each.steps]
    return max((moment for moment in [*said_at, *_moments(said)] if moment <= now), default=now)


def _moments(said: Said) -> Iterable[datetime]:
    last = [each.steps[-1].terms for several in (said.promotions, said.lists) for each in several]
    return {moment for terms in last if terms for moment in (terms.starts_at, terms.ends_at) if moment}


def without_past(told: Sequence[Turn], slots: Mapping[str, Slot], now: datetime) -> list[Turn]:
    """Of those that are over only the last one that can be turned back to, while that is needed."""
    filled = {OWN, *(slot.regime for slot in slots.values() if slot.filled)}
    begun = [place for place, turn in enumerate(told) if turn.at <= now]
    usable = [place for place in begun if told[place].regime in filled]
    first = usable[-1] if usable else begun[-1] if begun else 0
    return [*told[first:]]


def assigned(slots: Mapping[str, Slot], told: Sequence[Turn], now: datetime) -> dict[str, Slot]:
    """A slot for each regime, the earliest first, as far as they go; what has one keeps it. But what was over and comes
    again is filled anew: documents that were written in between don't have it."""
    begun = [turn.regime for turn in told if turn.at <= now]
    open_ = {*begun[-1:], *(turn.regime for turn in told if turn.at > now)}
    promoted = {turn.regime: turn.promoted for turn in told if turn.regime != OWN}
    wanted = list(promoted)[: len(SLOTS)]
    kept = {
        name: structs.replace(slot, over=slot.regime not in open_)
        for name, slot in slots.items()
        if slot.regime in wanted and not (slot.over and slot.regime in open_)
    }
    number = int(now.timestamp() * 1000)  # of no other assignment: what documents say of an earlier one is none of it
    free = iter([name for name in SLOTS if name not in kept])
    known = {slot.regime for slot in kept.values()}
    fresh = [Slot(regime, False, promoted[regime], number) for regime in wanted if regime not in known]
    return kept | {next(free): slot for slot in fresh}


def moment_of(regime: str, told: Sequence[Turn], now: datetime) -> datetime:
    """When it is in force: now, or from when on."""
    begun = [turn for turn in told if turn.at <= now]
    if begun and begun[-1].regime == regime:
        return now
    return next((turn.at for turn in told if turn.regime == regime and turn.at > now), now)
