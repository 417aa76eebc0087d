"""When a product's prices change: what its events say of it, kept as long as a page may have to tell it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from shared.documents.prices import HISTORY_DAYS, PriceTimes, Step, VariantTimes
from shared.events.catalog import ProductFacts
from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceEvent,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
)

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # since when a price holds that nobody changed

Steps = list[Step]
Times = Mapping[str, Mapping[str, Steps]]  # SKU → currency or price list → steps


def own_steps(known: Sequence[Step] | None, price: int | None, event: PriceEvent, at: datetime) -> Steps:
    """The steps of a SKU's own price in a currency after an event; `price`: what it was. One price alone has none."""
    steps = list(known) if known is not None else [] if price is None else [Step(ALWAYS, price)]
    match event:
        case PriceSet() if known is None and price in (None, event.amount_minor):
            return []
        case PriceSet():
            return _kept(_with(steps, Step(event.since or at, event.amount_minor)), at)
        case PriceScheduled():
            return _kept(_with(steps, Step(event.starts_at, event.amount_minor)), at)
        case PriceUnscheduled():
            return [step for step in steps if step.at != event.starts_at]
        case _:
            return _kept(_with(steps, Step(at, None)), at)


def list_steps(known: Sequence[Step], event: ListPriceSet | ListPriceRemoved, at: datetime) -> Steps:
    """The steps of what a price list asks for one piece of a SKU."""
    tiers = event.tiers if isinstance(event, ListPriceSet) else []
    amount = next((tier.amount_minor for tier in tiers if tier.from_quantity == 1), None)
    return _kept(_with(list(known), Step(at, amount)), at)


def times_of(
    facts: ProductFacts, prices: Mapping[str, Mapping[str, int]], own: Times, lists: Times
) -> PriceTimes | None:
    """All variants' steps; None if nothing changes by itself, or did lately."""
    skus = [variant.sku for variant in facts.variants]
    if not any(own.get(sku) or lists.get(sku) for sku in skus):
        return None
    every = [(sku, _all_own(prices.get(sku, {}), own.get(sku, {})), lists.get(sku, {})) for sku in skus]
    return PriceTimes([VariantTimes(sku, own_ones, dict(by_list)) for sku, own_ones, by_list in every])


def _all_own(prices: Mapping[str, int], own: Mapping[str, Steps]) -> dict[str, Steps]:
    always = {currency: [Step(ALWAYS, amount)] for currency, amount in prices.items()}
    return always | {currency: steps for currency, steps in own.items() if steps}


def _with(steps: Steps, new: Step) -> Steps:
    return sorted([*(step for step in steps if step.at != new.at), new], key=lambda step: step.at)


def _kept(steps: Steps, now: datetime) -> Steps:
    """Without those that were over long ago; the one that held then stays."""
    horizon = now - timedelta(days=HISTORY_DAYS)
    over = [n for n, step in enumerate(steps) if step.at <= horizon]
    return steps[over[-1] :] if over else steps
