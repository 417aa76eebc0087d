"""Prices of variants, pure: one of its own per SKU and currency, tax excluded, those that are to come, and those that
price lists have for it. Which of them is asked: choosing.py."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.pricing import (
    ListPriceRemoved,
    ListPriceSet,
    PriceEvent,
    PriceRemoved,
    PriceScheduled,
    PriceSet,
    PriceUnscheduled,
    Tier,
)
from shared.money import EXPONENTS, MinorUnits, is_known
from write_side.errors import Invalid, Refusal
from write_side.moments import check_moments

LARGEST = 10**12
MOST_SCHEDULED = 100  # of a SKU
MOST_OF_ONE = 9_999  # of a SKU in a cart: a tier above would be nobody's


class UnknownCurrency(Invalid):
    """Not a currency that prices are kept in."""

    code = "unknown_currency"


class BrokenAmount(Invalid):
    """Not a number of minor units from 0 to 10^12."""

    code = "broken_amount"


class BrokenTiers(Invalid):
    """Not in the order of their quantities, or two of one quantity."""

    code = "broken_tiers"


class StartsInThePast(Invalid):
    """A price is scheduled for a time that is to come."""

    code = "starts_in_the_past"


class TooManyScheduled(Refusal):
    """So many prices are to come already."""

    code = "too_many_scheduled"


class NewPrice(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"amount_minor": 1999}`: minor units of the currency in the address; with `starts_at` from then on, not now."""

    amount_minor: MinorUnits
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None


class PriceTakenBack(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"starts_at": "2026-11-27T00:00:00Z"}`: the price that was to come then."""

    starts_at: Annotated[datetime, Meta(tz=True)]


class TierInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"from_quantity": 10, "amount_minor": 1799}`: whoever takes ten or more pays 17.99 for each."""

    amount_minor: MinorUnits
    from_quantity: Annotated[int, Meta(ge=1, le=MOST_OF_ONE)] = 1


class Scheduled(Struct, frozen=True):
    """A price that is to come."""

    currency: str
    starts_at: datetime
    amount_minor: int


class PricedVariant(Struct, frozen=True):
    """All prices of a variant: currency → minor units; what is to come, the soonest first; price list → its tiers."""

    id: UUID
    version: int
    product_id: UUID
    sku: str
    prices: dict[str, int] = {}
    scheduled: list[Scheduled] = []
    lists: dict[UUID, list[Tier]] = {}


class SetPrice(Struct, frozen=True):
    """This SKU costs so much from now on."""

    variant_id: UUID
    product_id: UUID
    sku: str
    currency: str
    amount_minor: int


class Repriced(NamedTuple):
    """A variant's prices after a command, and the events that made them so."""

    after: PricedVariant
    events: tuple[PriceEvent, ...]


def check_currency(currency: str) -> None:
    """Raises `UnknownCurrency`."""
    if not is_known(currency):
        raise UnknownCurrency(f"no prices are kept in {currency[:10]}", known=sorted(EXPONENTS), currency=currency[:10])


def check_amount(amount_minor: int) -> None:
    """Raises `BrokenAmount`."""
    if not 0 <= amount_minor <= LARGEST:
        raise BrokenAmount(f"a price is from 0 to {LARGEST} minor units", pointer="/amount_minor")


def set_price(priced: PricedVariant | None, command: SetPrice) -> PriceSet | None:
    """The event of a new price, None if it is the old one; raises `UnknownCurrency`, `BrokenAmount`."""
    check_currency(command.currency)
    check_amount(command.amount_minor)
    if priced is not None and priced.prices.get(command.currency) == command.amount_minor:
        return None
    return PriceSet(command.product_id, command.sku, command.currency, command.amount_minor)


def remove_price(priced: PricedVariant | None, currency: str) -> PriceRemoved | None:
    """The event of a price that is no longer asked, None if there was none; raises `UnknownCurrency`."""
    check_currency(currency)
    if priced is None or currency not in priced.prices:
        return None
    return PriceRemoved(priced.product_id, priced.sku, currency)


def schedule_price(
    priced: PricedVariant | None, command: SetPrice, starts_at: datetime, now: datetime
) -> PriceScheduled | None:
    """The event of a price from a time on, None if it is to come so already; another one for the same time is replaced.

    Raises `UnknownCurrency`, `BrokenAmount`, `TimeOutOfRange`, `StartsInThePast`, `TooManyScheduled`.
    """
    check_currency(command.currency)
    check_amount(command.amount_minor)
    check_moments(starts_at=starts_at)
    if starts_at <= now:
        raise StartsInThePast("a price is scheduled for a time to come", pointer="/starts_at", now=now)
    wanted = Scheduled(command.currency, starts_at.astimezone(UTC), command.amount_minor)
    scheduled = priced.scheduled if priced else []
    if wanted in scheduled:
        return None
    if len(scheduled) >= MOST_SCHEDULED:
        raise TooManyScheduled(f"{MOST_SCHEDULED} prices of {command.sku} are to come already", most=MOST_SCHEDULED)
    return PriceScheduled(
        command.product_id, command.sku, command.currency, command.amount_minor, wanted.starts_at
    )


def unschedule_price(priced: PricedVariant | None, currency: str, starts_at: datetime) -> PriceUnscheduled | None:
    """The event of a price that won't come, None if none was to come then; raises `UnknownCurrency`."""
    check_currency(currency)
    if priced is None or (currency, starts_at) not in [(one.currency, one.starts_at) for one in priced.scheduled]:
        return None
    return PriceUnscheduled(priced.product_id, priced.sku, currency, starts_at.astimezone(UTC))


def set_list_price(
    priced: PricedVariant | None, product_id: UUID, sku: str, list_id: UUID, said: Sequence[TierInput]
) -> ListPriceSet | ListPriceRemoved | None:
    """The event of what a price list says of a SKU from now on, nothing for no tiers; None if it says so already.

    Raises `BrokenTiers`.
    """
    quantities = [tier.from_quantity for tier in said]
    if quantities != sorted(set(quantities)):
        raise BrokenTiers("tiers go by their quantities, the smallest first, each once")
    tiers = [Tier(tier.from_quantity, tier.amount_minor) for tier in said]
    if tiers == ([] if priced is None else priced.lists.get(list_id, [])):
        return None
    return ListPriceSet(product_id, sku, list_id, tiers) if tiers else ListPriceRemoved(product_id, sku, list_id)


def begun(priced: PricedVariant | None, now: datetime) -> list[PriceSet]:
    """The events of scheduled prices whose time has come, the earliest first."""
    if priced is None:
        return []
    return [
        PriceSet(priced.product_id, priced.sku, one.currency, one.amount_minor, one.starts_at)
        for one in priced.scheduled
        if one.starts_at <= now
    ]


def own_prices(priced: PricedVariant, now: datetime) -> dict[str, int]:
    """What a SKU costs where no price list says anything, by currency, whether the worker has written so yet or not."""
    return priced.prices | {event.currency: event.amount_minor for event in begun(priced, now)}


def repriced(
    priced: PricedVariant | None, variant_id: UUID, now: datetime,
    decide: Callable[[PricedVariant | None], PriceEvent | None],
) -> Repriced | None:  # fmt: skip
    """What a decision makes of a variant's prices; None if nothing. What had begun by now is written down before."""
    events: list[PriceEvent] = []
    for event in begun(priced, now):
        priced = _after(priced, variant_id, event)
        events.append(event)
    decided = decide(priced)
    if decided is not None:
        priced = _after(priced, variant_id, decided)
        events.append(decided)
    return Repriced(priced, tuple(events)) if priced is not None and events else None


def set_prices(known: Mapping[str, PricedVariant], commands: Sequence[SetPrice], now: datetime) -> list[Repriced]:
    """What becomes of each SKU whose price changes; `known` is by SKU."""
    found: dict[str, Repriced] = {}
    for command in commands:  # a SKU may get a price in several currencies
        before = found.get(command.sku)
        priced = known.get(command.sku) if before is None else before.after
        changed = repriced(priced, command.variant_id, now, partial(set_price, command=command))
        if changed is not None:
            found[command.sku] = Repriced(changed.after, (*(before.events if before else ()), *changed.events))
    return list(found.values())


def own_prices_set(priced: PricedVariant, wanted: Mapping[str, int | None], now: datetime) -> Repriced | None:
    """What becomes of a variant whose own prices are to be these, by currency (None: no longer sold in it); None if
    nothing. Others stay. Raises `UnknownCurrency`, `BrokenAmount`."""
    after, events = priced, list[PriceEvent]()
    for currency, amount in wanted.items():
        changed = repriced(after, priced.id, now, partial(_own_price, currency=currency, amount_minor=amount))
        if changed is not None:
            after = changed.after
            events += changed.events
    return Repriced(after, tuple(events)) if events else None


def _own_price(priced: PricedVariant | None, currency: str, amount_minor: int | None) -> PriceEvent | None:
    if priced is None or amount_minor is None:
        return remove_price(priced, currency)
    return set_price(priced, SetPrice(priced.id, priced.product_id, priced.sku, currency, amount_minor))


def _after(priced: PricedVariant | None, variant_id: UUID, event: PriceEvent) -> PricedVariant:
    return evolve(priced, variant_id, (priced.version if priced else 0) + 1, event)


def evolve(priced: PricedVariant | None, variant_id: UUID, version: int, event: PriceEvent) -> PricedVariant:
    """A variant's prices after an event."""
    now = priced or PricedVariant(variant_id, 0, event.product_id, event.sku)
    match event:
        case PriceSet():
            prices = now.prices | {event.currency: event.amount_minor}
            left = [one for one in now.scheduled if not _is_past(one, event)]
            return structs.replace(now, version=version, prices=prices, scheduled=left)
        case PriceRemoved():
            prices = {currency: amount for currency, amount in now.prices.items() if currency != event.currency}
            return structs.replace(now, version=version, prices=prices)
        case PriceScheduled():
            new = Scheduled(event.currency, event.starts_at, event.amount_minor)
            return structs.replace(now, version=version, scheduled=_in_order([*_without(now, event), new]))
        case PriceUnscheduled():
            return structs.replace(now, version=version, scheduled=_without(now, event))
        case ListPriceSet():
            return structs.replace(now, version=version, lists=now.lists | {event.price_list_id: event.tiers})
        case ListPriceRemoved():
            lists = {id_: tiers for id_, tiers in now.lists.items() if id_ != event.price_list_id}
            return structs.replace(now, version=version, lists=lists)


def _is_past(one: Scheduled, event: PriceSet) -> bool:
    return event.since is not None and one.currency == event.currency and one.starts_at <= event.since


def _without(priced: PricedVariant, event: PriceScheduled | PriceUnscheduled) -> list[Scheduled]:
    key = (event.currency, event.starts_at)
    return [one for one in priced.scheduled if (one.currency, one.starts_at) != key]


def _in_order(scheduled: list[Scheduled]) -> list[Scheduled]:
    return sorted(scheduled, key=lambda one: (one.starts_at, one.currency))
