"""When a product's prices change: what its events say of it, kept as long as a page may have to tell it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import TypeVar

from msgspec import UNSET

from shared.documents.prices import ALWAYS, HISTORY_DAYS, WINDOW_DAYS, PriceTimes, Step, TermsStep, VariantTimes
from shared.documents.product_pages import Known
from shared.documents.promotions import PromotionStep
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceEvent,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
)

LONGEST_SALE = timedelta(days=366)  # what a list asks for longer is simply its price
MOST = 200  # steps of one price that are kept as they were; of more, those that matter on each day

_S = TypeVar("_S", Step, TermsStep, PromotionStep)
Steps = list[Step]


def own_steps(
    known: Sequence[Step] | None, price: int | None, event: PriceEvent, at: datetime, horizon: datetime
) -> Steps:
    """The steps of a SKU's own price in a currency after an event; `price`: what it was. One price alone has none."""
    steps = list(known) if known is not None else [] if price is None else [Step(ALWAYS, price)]
    match event:
        case PriceSet() if known is None and price in (None, event.amount_minor):
            return []
        case PriceSet():
            return _kept(_with(steps, Step(event.since or at, event.amount_minor)), at, horizon)
        case PriceScheduled():
            return _kept(_with(steps, Step(event.starts_at, event.amount_minor)), at, horizon)
        case PriceUnscheduled():
            return [step for step in steps if step.at != event.starts_at]
        case _:
            return _kept(_with(steps, Step(at, None)), at, horizon)


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
    tiers = event.tiers if isinstance(event, ListPriceSet) else []
    amount = next((tier.amount_minor for tier in tiers if tier.from_quantity == 1), None)
    return _kept(_with(list(known), Step(at, amount)), at, horizon)


def times_of(known: Known) -> PriceTimes:
    """All variants' steps."""
    skus = [variant.sku for variant in known.facts.variants]
    own = {sku: _all_own(known.prices.get(sku, {}), known.own.get(sku, {})) for sku in skus}
    cards = known.facts.gift_cards
    return PriceTimes(
        [VariantTimes(sku, own[sku], dict(known.lists.get(sku, {})), sku in cards or UNSET) for sku in skus]
    )


def _all_own(prices: Mapping[str, int], own: Mapping[str, Steps]) -> dict[str, Steps]:
    always = {currency: [Step(ALWAYS, amount)] for currency, amount in prices.items()}
    return always | {currency: steps for currency, steps in own.items() if steps}


def _with(steps: Steps, new: Step) -> Steps:
    return sorted([*(step for step in steps if step.at != new.at), new], key=lambda step: step.at)


def _kept(steps: Steps, now: datetime, horizon: datetime) -> Steps:
    """Those that matter since the horizon, and those to come."""
    past = _changes([step for step in steps if step.at <= now])
    past = held_since(past, horizon)
    return [*(_thinned(past) if len(past) > MOST else past), *(step for step in steps if step.at > now)]


def held_since(steps: list[_S], horizon: datetime) -> list[_S]:
    """Without those that were over by the horizon; the one that held then stays."""
    over = [n for n, step in enumerate(steps) if step.at <= horizon]
    return steps[over[-1] :] if over else steps


def _changes(steps: Steps) -> Steps:
    """Without those that say what was so already. Not of those to come: what is before them may be taken back."""
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
