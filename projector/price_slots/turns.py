"""What is in force when, and in which channel, and which slot is for what. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from msgspec import Struct, structs

from projector.price_slots.regimes import EVERYTHING, NOBODY, NOTHING, Reach, Regime, apart
from shared.documents.price_slots import OWN, SLOTS, WEB, Turn
from shared.documents.prices import ShownPriceList
from shared.documents.promotions import ShownPromotion
from shared.events.pricing import PriceListTerms
from shared.events.promotions import PromotionTerms
from shared.price_rule import applies, is_over
from shared.promotion_rule import is_running
from shared.shown_prices import NOBODY as NO_GROUPS

_T = TypeVar("_T", PromotionTerms, PriceListTerms)


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


def regime_at(said: Said, at: datetime, channel: str = WEB) -> Regime:
    """What prices are filled in for then, by the terms of today."""
    return Regime(_running(said.promotions, at), _asking(said.lists, at, channel))


def _running(promotions: Sequence[ShownPromotion], at: datetime) -> list[tuple[UUID, PromotionTerms]]:
    last = ((each.id, each.steps[-1].terms) for each in promotions)
    return sorted(((id_, _timeless(terms)) for id_, terms in last if terms and is_running(terms, at)), key=_id)


def _asking(lists: Sequence[ShownPriceList], at: datetime, channel: str) -> list[tuple[UUID, PriceListTerms]]:
    last = ((each.id, each.steps[-1].terms) for each in lists)
    asking = ((id_, terms) for id_, terms in last if terms and _is_for_all(terms, at, channel))
    return sorted(((id_, _placeless(_timeless(terms))) for id_, terms in asking), key=_id)


def _id(part: tuple[object, object]) -> str:
    return str(part[0])


def _is_for_all(terms: PriceListTerms, at: datetime, channel: str) -> bool:
    return applies(terms, terms.currency, channel, NO_GROUPS, at)


def _timeless(terms: _T) -> _T:
    return structs.replace(terms, starts_at=None, ends_at=None, name="")


def _placeless(terms: PriceListTerms) -> PriceListTerms:
    """One that `web` doesn't ask, as if all did: a regime has what is in force somewhere, and is asked as `web` is. All
    others stay as slots have always held them, or each product of theirs would be written again."""
    return terms if WEB in terms.channels else structs.replace(terms, channels=[])


def coming(said: Said, now: datetime, channels: Iterable[str] = (WEB,)) -> dict[str, list[tuple[datetime, Regime]]]:
    """By channel what is in force now, and what is to come, whenever it is something else."""
    asking = [each for each in said.lists if (terms := each.steps[-1].terms) and not is_over(terms, now)]
    said = Said(said.promotions, asking)  # a shop has had thousands
    found: dict[str, list[tuple[datetime, Regime]]] = {channel: [] for channel in channels}
    for moment in [now, *sorted(moment for moment in _moments(said) if moment > now)]:
        promotions = _running(said.promotions, moment)  # they know no channels
        for channel, ahead in found.items():
            regime = Regime(promotions, _asking(said.lists, moment, channel))
            if not ahead or regime != ahead[-1][1]:
                ahead.append((moment, regime))
    return found


def next_moment(said: Said, now: datetime) -> datetime:
    """Until when nothing begins or ends, if nobody says anything."""
    return min((moment for moment in _moments(said) if moment > now), default=datetime.max.replace(tzinfo=UTC))


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
    """Of those that are over only the last one that can be turned back to, while that is needed, and the one after it,
    since when something else should count."""
    begun = [place for place, turn in enumerate(told) if turn.at <= now]
    usable = [place for place in begun if told[place].regime in filled]
    first = usable[-1] if usable else begun[-1] if begun else 0
    past = told[first : len(begun)]
    return [*past[:2], *past[2:][-1:], *told[len(begun) :]]


def needed(told: Sequence[Turn], others: Sequence[Sequence[Turn]], now: datetime) -> list[str]:
    """The regimes that slots are needed for, as far as these go. First what `web` turns back to (and is filled), what
    is in force there, and what comes there next; then what is in force elsewhere, and turned back to; then what is to
    come anywhere, the nearest first."""
    web, begun = _begun(told, now), [turns for turns in (_begun(each, now) for each in others) if turns]
    ahead = [turn for turns in (told, *others) for turn in turns if turn.at > now]
    following = [turn for turn in told if turn.at > now]
    some = [*web[:1], *web[-1:], *following[:1], *(turns[-1] for turns in begun), *(turns[0] for turns in begun)]
    names = [turn.regime for turn in [*some, *sorted(ahead, key=lambda turn: turn.at)]]
    return [name for name in dict.fromkeys(names) if name != OWN][: len(SLOTS)]


def _begun(told: Sequence[Turn], now: datetime) -> list[Turn]:
    return [turn for turn in told if turn.at <= now]


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
