"""When a product's prices change: what its events say of it, kept as long as a page may have to tell it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import TypeVar

from msgspec import UNSET, UnsetType

from shared.documents.prices import (
    ALWAYS,
    HISTORY_DAYS,
    LONGEST_SALE,
    TOLD,
    WINDOW_DAYS,
    PriceTimes,
    Step,
    TermsStep,
    VariantTimes,
)
from shared.documents.product_pages import Known
from shared.documents.promotions import PromotionStep
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
)

MOST = 200  # steps of one price that are kept as they were; of more, those that matter on each day

_S = TypeVar("_S", Step, TermsStep, PromotionStep)
Steps = list[Step]
OwnPriceEvent = PriceSet | PriceRemoved | PriceScheduled | PriceUnscheduled


def scheduled_after(scheduled: Steps, event: OwnPriceEvent) -> Steps:
    """A SKU's scheduled prices in a currency after an event, the soonest first: those that were neither taken back nor
    written down, whether their time has come or not."""
    match event:
        case PriceScheduled():
            others = [step for step in scheduled if step.at != event.starts_at]
            return sorted([*others, Step(event.starts_at, event.amount_minor)])
        case PriceUnscheduled():
            return [step for step in scheduled if step.at != event.starts_at]
        case PriceSet() if event.since is not None:
            return [step for step in scheduled if step.at > event.since]
        case _:
            return scheduled


def own_steps(
    known: Sequence[Step] | None, before: int | None, after: int | None, scheduled: Steps, at: datetime,
    horizon: datetime,
) -> Steps:  # fmt: skip
    """The steps of a SKU's own price in a currency after an event. One price alone has none.

    The order of the log is the order of prices: what was asked until the event (`at`) stays, and from then on it is
    what the checkout makes of rows that are the fold of the log. `before`, `after`: the price as it was last set or
    removed; `scheduled`: as after the event. One that has begun is asked until an event says that it has, whatever was
    set in between: who set that had decided so before, though it was recorded later.
    """
    steps = list(known) if known is not None else [] if before is None else [Step(ALWAYS, before)]
    past, begun = _until(steps, at), [step for step in scheduled if step.at <= at]
    asked = begun[-1].amount_minor if begun else after
    if asked != (past[-1].amount_minor if past else None):
        past.append(Step(at, asked))
    if known is None and not scheduled and len(past) <= 1:
        return []
    return [*_kept(past, horizon), *scheduled[len(begun) :]]


def horizon_of(lists: Iterable[Sequence[Step]], now: datetime) -> datetime:
    """What was over by then no page tells any more.

    A list's price is told as lowered for as long as the list asks it: what it cost before the oldest one is kept.
    """
    asked_since = [steps[-1].at for steps in lists if steps and steps[-1].amount_minor is not None]
    oldest = max(min(asked_since, default=now), now - LONGEST_SALE)
    return min(now - timedelta(days=HISTORY_DAYS), oldest - timedelta(days=WINDOW_DAYS + 1))


def list_steps(
    known: Sequence[Step], event: ListPriceSet | ListPriceRemoved, at: datetime, horizon: datetime
) -> Steps:
    """The steps of what a price list asks for one piece of a SKU."""
    if isinstance(event, ListPriceRemoved):
        since = event.since or at
        return _kept([*_until(known, since), Step(since, None)], horizon)
    amount = next((tier.amount_minor for tier in event.tiers if tier.from_quantity == 1), None)
    return _kept([*_until(known, at), Step(at, amount)], horizon)


def still_told(lists: Mapping[str, Steps], now: datetime) -> dict[str, Steps]:
    """A SKU's price lists without those that have asked nothing for so long that no page tells of them any more."""
    ended = now - TOLD
    return {id_: steps for id_, steps in lists.items() if steps[-1].amount_minor is not None or steps[-1].at > ended}


def times_of(known: Known) -> PriceTimes:
    """All variants' steps."""
    skus = [variant.sku for variant in known.facts.variants]
    own = {sku: _all_own(known.prices.get(sku, {}), known.own.get(sku, {})) for sku in skus}
    cards = known.facts.gift_cards
    return PriceTimes(
        [
            VariantTimes(sku, own[sku], dict(known.lists.get(sku, {})), sku in cards or UNSET, _said_at(known, sku))
            for sku in skus
        ]
    )


def _said_at(known: Known, sku: str) -> datetime | UnsetType:
    """The last step that is no scheduled price waiting for its time."""
    scheduled = known.scheduled.get(sku, {})
    own = ((steps, scheduled.get(currency, ())) for currency, steps in known.own.get(sku, {}).items())
    last = [next((step for step in reversed(steps) if step not in waiting), None) for steps, waiting in own]
    last += [steps[-1] for steps in known.lists.get(sku, {}).values()]
    return max((step.at for step in last if step is not None and step.at != ALWAYS), default=UNSET)


def _all_own(prices: Mapping[str, int], own: Mapping[str, Steps]) -> dict[str, Steps]:
    always = {currency: [Step(ALWAYS, amount)] for currency, amount in prices.items()}
    return always | {currency: steps for currency, steps in own.items() if steps}


def _until(steps: Sequence[Step], at: datetime) -> Steps:
    return [step for step in steps if step.at < at]


def _kept(past: Steps, horizon: datetime) -> Steps:
    """Those that matter since the horizon."""
    past = held_since(_changes(past), horizon)
    return _thinned(past) if len(past) > MOST else past


def held_since(steps: list[_S], horizon: datetime) -> list[_S]:
    """Without those that were over by the horizon; the one that held then stays."""
    over = [n for n, step in enumerate(steps) if step.at <= horizon]
    return steps[over[-1] :] if over else steps


def _changes(steps: Steps) -> Steps:
    """Without those that say what was so already."""
    return steps[:1] + [step for before, step in pairwise(steps) if step.amount_minor != before.amount_minor]


def _thinned(steps: Steps) -> Steps:
    """Of each day the lowest and the last; the two latest as they are: they tell whether today's price was lowered."""
    found = Steps()
    for _, several in groupby(steps[:-2], key=lambda step: step.at.date()):
        day = list(several)
        asked = [step for step in day if step.amount_minor is not None]
        lowest = min(asked, key=lambda step: step.amount_minor or 0, default=day[-1])
        found += [lowest, day[-1]] if lowest is not day[-1] else [lowest]
    return [*found, *steps[-2:]]
