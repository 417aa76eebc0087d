"""Price lists, pure: which may be announced, and what each event makes of one. Their prices are the variants'."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.pricing import (
    ListPriceRemoved,
    PriceListAnnounced,
    PriceListEnded,
    PriceListEvent,
    PriceListRevised,
    PriceListTerms,
)
from shared.money import EXPONENTS
from shared.price_rule import applies
from write_side.errors import Invalid, NotFound, Refusal
from write_side.moments import check_moments
from write_side.pricing.domain import PricedVariant, TierInput, check_currency

Sku = Annotated[str, Meta(min_length=1, max_length=100)]
Names = Annotated[list[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}(?!\n)$")]], Meta(max_length=100)]


class UnknownPriceList(NotFound):
    """No such price list."""

    code = "unknown_price_list"


class BrokenPriceList(Invalid):
    """It would be over before it begins."""

    code = "broken_price_list"


class PriceListOver(Refusal):
    """It was ended."""

    code = "price_list_over"


class CurrencyFixed(Refusal):
    """A price list keeps its currency: its prices are amounts of it."""

    code = "currency_fixed"


class PriceListInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Wholesale", "currency": "EUR", "groups": ["wholesale"], "priority": 10}`."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$", extra_json_schema={"enum": sorted(EXPONENTS)})]
    channels: Names = []
    groups: Names = []
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100
    tax_included: bool = False


class ListPriceInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "tiers": [{"amount_minor": 1899}, {"from_quantity": 10, "amount_minor": 1799}]}`.

    Without tiers the list says nothing of the SKU any more.
    """

    sku: Sku
    tiers: Annotated[list[TierInput], Meta(max_length=20)]


class PriceList(Struct, frozen=True):
    """A price list."""

    id: UUID
    terms: PriceListTerms
    state: Literal["running", "ended"]
    version: int

    def is_for(self, currency: str, channel: str, groups: frozenset[str], now: datetime) -> bool:
        """Whether somebody who buys there and then pays by it."""
        return self.state == "running" and applies(self.terms, currency, channel, groups, now)


def terms_of(said: PriceListInput) -> PriceListTerms:
    """What was said, checked; raises `BrokenPriceList`, `UnknownCurrency`, `TimeOutOfRange`."""
    check_currency(said.currency)
    check_moments(starts_at=said.starts_at, ends_at=said.ends_at)
    if said.starts_at and said.ends_at and said.ends_at <= said.starts_at:
        raise BrokenPriceList("it would be over before it begins", pointer="/ends_at")
    return PriceListTerms(**structs.asdict(said))


def announce(price_list_id: UUID, said: PriceListInput) -> PriceListAnnounced:
    """The event of a new price list; raises what `terms_of` raises."""
    return PriceListAnnounced(price_list_id, terms_of(said))


def check_running(price_list: PriceList) -> None:
    """Raises `PriceListOver`."""
    if price_list.state == "ended":
        raise PriceListOver("it was ended; announce another one")


def check_once(said: Iterable[ListPriceInput]) -> None:
    """Raises `Invalid` for a SKU that is named twice: nobody can tell which of both prices is meant."""
    seen = set[str]()
    for n, each in enumerate(said):
        if each.sku in seen:
            raise Invalid(f"{each.sku} is named twice", pointer=f"/prices/{n}/sku")
        seen.add(each.sku)


def revise(price_list: PriceList, said: PriceListInput) -> PriceListRevised | None:
    """The event of other terms, None if they are the present ones.

    Raises `PriceListOver`, `CurrencyFixed`, and what `terms_of` raises.
    """
    terms = terms_of(said)
    check_running(price_list)
    if terms.currency != price_list.terms.currency:
        raise CurrencyFixed("a price list keeps its currency; announce another one", pointer="/currency")
    return None if terms == price_list.terms else PriceListRevised(price_list.id, terms)


def end(price_list: PriceList) -> PriceListEnded | None:
    """The event of its end, None if it was ended."""
    return None if price_list.state == "ended" else PriceListEnded(price_list.id)


def over_since(price_list: PriceList, said_at: datetime) -> datetime | None:
    """Since when it has asked nothing, if its terms, or its end, were said then; None: it has no end."""
    if price_list.state == "ended":
        return said_at
    return price_list.terms.ends_at and max(price_list.terms.ends_at, said_at)


def forget_price(priced: PricedVariant | None, list_id: UUID, since: datetime) -> ListPriceRemoved | None:
    """The event of what a list asked that has been over since then; None if it asks nothing of this SKU."""
    if priced is None or list_id not in priced.lists:
        return None
    return ListPriceRemoved(priced.product_id, priced.sku, list_id, since)


def evolve(price_list: PriceList | None, event: PriceListEvent, version: int) -> PriceList:
    """A price list after an event."""
    if isinstance(event, PriceListAnnounced):
        return PriceList(event.price_list_id, event.terms, "running", version)
    assert price_list is not None, "a price list's history begins with PriceListAnnounced"
    if isinstance(event, PriceListRevised):
        return structs.replace(price_list, terms=event.terms, version=version)
    return structs.replace(price_list, state="ended", version=version)
