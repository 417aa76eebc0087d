"""Promotions, pure: which may be announced, and what each event makes of one. What one takes off: applying.py."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, structs

from shared.events.promotions import (
    Off,
    PromotionAnnounced,
    PromotionEnded,
    PromotionEvent,
    PromotionReturned,
    PromotionRevised,
    PromotionTerms,
    PromotionUsed,
)
from shared.money import EXPONENTS, MinorUnits, is_known
from write_side.errors import Invalid, NotFound, Refusal

MOST_CODES = 5
# `$` alone also matches ahead of a line end.
Code = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9_-]{2,39}(?!\n)$", examples=["SUMMER-15"])]
Codes = Annotated[list[Annotated[str, Meta(min_length=1, max_length=40)]], Meta(max_length=MOST_CODES)]
Amounts = Annotated[dict[str, MinorUnits], Meta(max_length=len(EXPONENTS))]
Skus = Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=1000)]
Uses = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class UnknownPromotion(NotFound):
    """No such promotion."""

    code = "unknown_promotion"


class CodeTaken(Refusal):
    """Another promotion has this code; it keeps it for ever, so that an old one can't be mistaken for it."""

    code = "code_taken"


class CodeFixed(Refusal):
    """A promotion keeps its code; announce another one."""

    code = "code_fixed"


class PromotionOver(Refusal):
    """It was ended."""

    code = "promotion_over"


class BelowUsed(Refusal):
    """More orders use it already."""

    code = "below_used"


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class BrokenPromotion(Invalid):
    """It would be over before it begins."""

    code = "broken_promotion"


class PercentageInput(Struct, frozen=True, forbid_unknown_fields=True, tag="percentage", tag_field="kind"):
    """`{"kind": "percentage", "basis_points": 1500}`: 15 % off."""

    basis_points: Annotated[int, Meta(ge=1, le=10_000)]


class AmountInput(Struct, frozen=True, forbid_unknown_fields=True, tag="amount", tag_field="kind"):
    """`{"kind": "amount", "amounts": {"EUR": 500}}`: 5.00 EUR off, and nothing in other currencies."""

    amounts: Annotated[dict[str, Annotated[int, Meta(ge=1, le=10**12)]], Meta(min_length=1, max_length=len(EXPONENTS))]


class BuyGetInput(Struct, frozen=True, forbid_unknown_fields=True, tag="buy_get", tag_field="kind"):
    """`{"kind": "buy_get", "buy": 2, "get": 1}`: of each three of one SKU, one costs nothing."""

    buy: Annotated[int, Meta(ge=1, le=99)]
    get: Annotated[int, Meta(ge=1, le=99)]


class FreeShippingInput(Struct, frozen=True, forbid_unknown_fields=True, tag="free_shipping", tag_field="kind"):
    """`{"kind": "free_shipping"}`."""


class PromotionInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Summer", "off": {"kind": "percentage", "basis_points": 1500}, "code": "SUMMER-15", "most": 1000}`.

    Without a code it applies by itself.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    off: PercentageInput | AmountInput | BuyGetInput | FreeShippingInput
    code: Code | None = None
    skus: Skus = []
    minimum: Amounts = {}
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None
    exclusive: bool = False
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100
    most: Uses | None = None
    most_per_customer: Uses | None = None


class Promotion(Struct, frozen=True):
    """A promotion; `used`: so many orders hold a use of it, counted where uses are limited."""

    id: UUID
    terms: PromotionTerms
    state: Literal["running", "ended"]
    used: int
    version: int

    @property
    def limited(self) -> bool:
        """Whether each order that uses it holds a use."""
        return self.terms.most is not None or self.terms.most_per_customer is not None


class PromotionUses(Struct, frozen=True):
    """Who holds a use: order → person."""

    id: UUID
    orders: dict[UUID, UUID]


def terms_of(said: PromotionInput) -> PromotionTerms:
    """What was said, checked; raises `BrokenPromotion`, `UnknownCurrency`."""
    _check_currencies(said.minimum, "/minimum")
    if isinstance(said.off, AmountInput):
        _check_currencies(said.off.amounts, "/off/amounts")
    if said.starts_at and said.ends_at and said.ends_at <= said.starts_at:
        raise BrokenPromotion("it would be over before it begins", pointer="/ends_at")
    off: Off = msgspec.convert(msgspec.to_builtins(said.off), Off)
    return PromotionTerms(**structs.asdict(said) | {"off": off, "code": said.code or ""})


def _check_currencies(amounts: dict[str, int], pointer: str) -> None:
    for currency in amounts:
        if not is_known(currency):
            raise UnknownCurrency(f"{currency[:10]} is no currency we know", pointer=pointer)


def announce(promotion_id: UUID, said: PromotionInput) -> PromotionAnnounced:
    """The event of a new promotion; raises what `terms_of` raises."""
    return PromotionAnnounced(promotion_id, terms_of(said))


def revise(promotion: Promotion, said: PromotionInput) -> PromotionRevised | None:
    """The event of other terms, None if they are the present ones. What was placed keeps what it was promised.

    Raises `PromotionOver`, `CodeFixed`, `BelowUsed`, and what `terms_of` raises.
    """
    terms = terms_of(said)
    if promotion.state == "ended":
        raise PromotionOver("it was ended; announce another one")
    if terms.code != promotion.terms.code:
        raise CodeFixed("a promotion keeps its code, or its having none", pointer="/code")
    if terms.most is not None and terms.most < promotion.used:
        raise BelowUsed(f"{promotion.used} orders use it already", used=promotion.used, pointer="/most")
    return None if terms == promotion.terms else PromotionRevised(promotion.id, terms)


def end(promotion: Promotion) -> PromotionEnded | None:
    """The event of its end, None if it was ended."""
    return None if promotion.state == "ended" else PromotionEnded(promotion.id)


def evolve(promotion: Promotion | None, event: PromotionEvent, version: int) -> Promotion:
    """A promotion after an event."""
    if isinstance(event, PromotionAnnounced):
        return Promotion(event.promotion_id, event.terms, "running", 0, version)
    assert promotion is not None, "a promotion's history begins with PromotionAnnounced"
    if isinstance(event, PromotionRevised):
        return structs.replace(promotion, terms=event.terms, version=version)
    if isinstance(event, PromotionEnded):
        return structs.replace(promotion, state="ended", version=version)
    return structs.replace(promotion, used=event.used, version=version)


def evolve_uses(uses: PromotionUses | None, promotion_id: UUID, event: PromotionEvent) -> PromotionUses:
    """Who holds a use after an event."""
    held = {} if uses is None else uses.orders
    match event:
        case PromotionUsed():
            held = held | {event.order_id: event.person_id}
        case PromotionReturned():
            held = {order: person for order, person in held.items() if order != event.order_id}
    return PromotionUses(promotion_id, held)

