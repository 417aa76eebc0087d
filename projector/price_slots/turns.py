"""What is in force when, and which slot is for what. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from msgspec import Struct, structs

from projector.price_slots.regimes import EVERYTHING, NOBODY, NOTHING, Reach, Regime, apart
from shared.documents.price_slots import OWN, SLOTS, Turn
from shared.documents.prices import ShownPriceList
from shared.documents.promotions import ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import PromotionTerms
from shared.price_rule import applies
from shared.promotion_rule import is_running
from shared.shown_prices import NOBODY as NO_GROUPS

_T = TypeVar("_T", PromotionTerms, PriceListTerms)

CHANNEL = "web"  # whose prices searches go by, whatever channel asks


class Said(NamedTuple):
    """All promotions that pages show, and all price lists."""

    promotions: Sequence[ShownPromotion]
    lists: Sequence[ShownPriceList]


class Content(Struct, frozen=True):
    """What a slot holds. Of products that `lacking` reaches some may still have in it what it held before: those whose
    mark is not of this `number`, which is never given again. `filled`: none that is searched has."""

    regime: Regime
    number: int
    lacking: Reach = NOBODY
    filled: bool = False


Contents = Mapping[str, Content]  # by slot; each has something, for whom it ever was

UNKNOWN: Contents = {name: Content(NOTHING, 0, EVERYTHING) for name in SLOTS}


def regime_at(said: Said, at: datetime) -> Regime:
    """What prices are filled in for then, by the terms of today."""
    promotions = ((each.id, each.steps[-1].terms) for each in said.promotions)
    lists = ((each.id, each.steps[-1].terms) for each in said.lists)
    return Regime(
        sorted(((id_, _timeless(terms)) for id_, terms in promotions if terms and is_running(terms, at)), key=_id),
        sorted(((id_, _timeless(terms)) for id_, terms in lists if terms and _is_for_all(terms, at)), key=_id),
    )


def _id(part: tuple[object, object]) -> str:
    return str(part[0])


def _is_for_all(terms: PriceListTerms, at: datetime) -> bool:
    return applies(terms, terms.currency, CHANNEL, NO_GROUPS, at)


def _timeless(terms: _T) -> _T:
    return structs.replace(terms, starts_at=None, ends_at=None, name="")


def coming(said: Said, now: datetime) -> list[tuple[datetime, Regime]]:
    """What is in force now, and what is to come, whenever it is something else."""
    found = [(now, regime_at(said, now))]
    for moment in sorted(moment for moment in _moments(said) if moment > now):
        regime = regime_at(said, moment)
        if regime != found[-1][1]:
            found.append((moment, regime))
    return found


def turns(said: Said, ahead: Sequence[tuple[datetime, Regime]], before: Sequence[Turn]) -> list[Turn]:
    """What counts now, what did before (`before`: as told last), and what is `ahead`, which begins with now."""
    now, current = ahead[0]
    past = [turn for turn in before if turn.at <= now]
    if not past:
        past = [Turn(now, OWN)]  # whatever was in force, nobody has it in a slot
    if past[-1].regime != current.name:
        past.append(Turn(min(now, max(past[-1].at, _since(said, now))), current.name))
    return past + [Turn(moment, regime.name) for moment, regime in ahead[1:]]


def _since(said: Said, now: datetime) -> datetime:
    """When it last changed: by time, or because somebody said so."""
    said_at = [step.at for several in (said.promotions, said.lists) for each in several for step in each.steps]
    return max((moment for moment in [*said_at, *_moments(said)] if moment <= now), default=now)


def _moments(said: Said) -> Iterable[datetime]:
    last = [each.steps[-1].terms for several in (said.promotions, said.lists) for each in several]
    return {moment for terms in last if terms for moment in (terms.starts_at, terms.ends_at) if moment}


def without_past(told: Sequence[Turn], filled: Collection[str], now: datetime) -> list[Turn]:
    """Of those that are over only the last one that can be turned back to, while that is needed."""
    begun = [place for place, turn in enumerate(told) if turn.at <= now]
    usable = [place for place in begun if told[place].regime in filled]
    first = usable[-1] if usable else begun[-1] if begun else 0
    return [*told[first:]]


def needed(told: Sequence[Turn], now: datetime) -> list[str]:
    """The regimes that slots are needed for, as far as these go: what is turned back to (and filled), what is in force,
    and what is to come."""
    begun = [turn.regime for turn in told if turn.at <= now]
    names = [*begun[:1], *begun[-1:], *(turn.regime for turn in told if turn.at > now)]
    return [name for name in dict.fromkeys(names) if name != OWN][: len(SLOTS)]


def assigned(contents: Contents, regimes: Mapping[str, Regime], wanted: Sequence[str], now: datetime) -> Contents:
    """A slot for each regime; what is in one stays there. Of the others the one is taken that needs least writing; of a
    price list two, if they need the same and a third stays as it is: written at once they cost no more than one, and a
    promotion that comes beside the list has little to write then."""
    found = dict(contents)
    for regime in [regimes[name] for name in wanted if name in regimes]:
        kept = _places(found, wanted)
        if regime.name in kept:
            continue
        free = {name: _moved(found[name], regime, now) for name in SLOTS if name not in kept.values()}
        best = min((each.lacking for each in free.values()), key=lambda lacking: lacking.cost, default=NOBODY)
        alike = [name for name, each in free.items() if each.lacking == best]
        taken = alike[:2] if best.lists and len(alike) > 2 else alike[:1]
        found |= {name: free[name] for name in taken}
    return found


def slots_of(contents: Contents, wanted: Sequence[str]) -> list[str]:
    """The slots that are for these, in their order."""
    return sorted(
        (name for name, content in contents.items() if content.regime.name in wanted),
        key=lambda name: (wanted.index(contents[name].regime.name), not contents[name].filled, name),
    )


def _places(contents: Contents, wanted: Sequence[str]) -> dict[str, str]:
    """Which slot each of these has, by the regime's name: of two the one that is filled."""
    return {contents[name].regime.name: name for name in reversed(slots_of(contents, wanted))}


def _moved(content: Content, regime: Regime, now: datetime) -> Content:
    number = max(int(now.timestamp() * 1000), content.number + 1)
    return Content(regime, number, content.lacking | apart(content.regime, regime))
