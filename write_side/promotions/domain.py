"""Promotions, pure: which may be announced, and what each event makes of one. What one takes off: applying.py."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, structs

from shared.events.orders import Discount
from shared.events.promotions import (
    Budget,
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
from write_side.moments import check_moments
from write_side.promotions.sets import ProductSetInput, Skus, check_said

MOST_CODES = 5
# `$` alone also matches ahead of a line end.
Code = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9_-]{2,39}(?!\n)$", examples=["SUMMER-15"])]
Codes = Annotated[list[Annotated[str, Meta(min_length=1, max_length=40)]], Meta(max_length=MOST_CODES)]
Amounts = Annotated[dict[str, MinorUnits], Meta(max_length=len(EXPONENTS))]
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


class BudgetFixed(Refusal):
    """A promotion that has a budget keeps one in that currency; how much it is may change."""

    code = "budget_fixed"


class UnknownCurrency(Invalid):
    """No such currency."""

    code = "unknown_currency"


class BrokenPromotion(Invalid):
    """It would be over before it begins, or what it is for is said twice, or by half."""

    code = "broken_promotion"


class PercentageInput(Struct, frozen=True, forbid_unknown_fields=True, tag="percentage", tag_field="kind"):
    """`{"kind": "percentage", "basis_points": 1500}`: 15 % off."""

    basis_points: Annotated[int, Meta(ge=1, le=10_000)]


class AmountInput(Struct, frozen=True, forbid_unknown_fields=True, tag="amount", tag_field="kind"):
    """`{"kind": "amount", "amounts": {"EUR": 500}}`: 5.00 EUR off, and nothing in other currencies."""

    amounts: Annotated[dict[str, Annotated[int, Meta(ge=1, le=10**12)]], Meta(min_length=1, max_length=len(EXPONENTS))]


class BuyGetInput(Struct, frozen=True, forbid_unknown_fields=True, tag="buy_get", tag_field="kind"):
    """`{"kind": "buy_get", "buy": 2, "get": 1}`: of each three of one SKU, one costs nothing.

    With `"buy_of": {"categories": [...]}` of each three of these categories the cheapest; with
    `"get_of": {"skus": ["MUG"]}, "basis_points": 5000` besides, for each two of them a mug at half its price.
    """

    buy: Annotated[int, Meta(ge=1, le=99)]
    get: Annotated[int, Meta(ge=1, le=99)]
    basis_points: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    buy_of: ProductSetInput | None = None
    get_of: ProductSetInput | None = None
    most_groups: Annotated[int, Meta(ge=1, le=10_000)] | None = None


class FreeShippingInput(Struct, frozen=True, forbid_unknown_fields=True, tag="free_shipping", tag_field="kind"):
    """`{"kind": "free_shipping"}`."""


class GiftInput(Struct, frozen=True, forbid_unknown_fields=True, tag="gift", tag_field="kind"):
    """`{"kind": "gift", "sku": "MUG", "quantity": 1}`: a mug is added, and costs nothing."""

    sku: Annotated[str, Meta(min_length=1, max_length=100)]
    quantity: Annotated[int, Meta(ge=1, le=99)] = 1


class BudgetInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"amount_minor": 500000, "currency": "EUR"}`."""

    amount_minor: Annotated[int, Meta(ge=1, le=10**12)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}(?!\n)$")]


class PromotionInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Summer", "off": {"kind": "percentage", "basis_points": 1500}, "code": "SUMMER-15", "most": 1000}`.

    Without a code it applies by itself. With a `budget` it takes no more than that off all orders together.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    off: PercentageInput | AmountInput | BuyGetInput | FreeShippingInput | GiftInput
    code: Code | None = None
    skus: Skus = []
    minimum: Amounts = {}
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None
    exclusive: bool = False
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100
    most: Uses | None = None
    most_per_customer: Uses | None = None
    budget: BudgetInput | None = None


class Promotion(Struct, frozen=True):
    """A promotion; `used`: so many orders hold a use of it, counted where uses are limited; `granted_minor`: what those
    have of its budget."""

    id: UUID
    terms: PromotionTerms
    state: Literal["running", "ended"]
    used: int
    version: int
    granted_minor: int = 0

    @property
    def limited(self) -> bool:
        """Whether each order that uses it holds a use."""
        return (self.terms.most, self.terms.most_per_customer, self.terms.budget) != (None, None, None)

    @property
    def left_minor(self) -> int | None:
        """What its budget still has; None: it has no budget."""
        return self.terms.budget.amount_minor - self.granted_minor if self.terms.budget else None


class Use(Struct, frozen=True):
    """Which person a use is counted for, and what it has of the budget."""

    person_id: UUID
    amount_minor: int = 0


class PromotionUses(Struct, frozen=True):
    """Who holds a use, by order."""

    id: UUID
    orders: dict[UUID, Use]


class Claim(Struct, frozen=True):
    """What an order is to hold of a promotion that is limited."""

    promotion_id: UUID
    amount_minor: int  # of its budget


def claims_of(promotions: Iterable[Promotion], discounts: Iterable[Discount]) -> list[Claim]:
    """What an order with these discounts has to hold."""
    limited = {promotion.id: promotion for promotion in promotions if promotion.limited}
    return [
        Claim(each.promotion_id, each.lines_minor + each.shipping_minor if promotion.terms.budget else 0)
        for each in discounts
        if (promotion := limited.get(each.promotion_id))
    ]


def terms_of(said: PromotionInput) -> PromotionTerms:
    """What was said, checked; raises `BrokenPromotion`, `EmptySet`, `UnknownCurrency`."""
    _check_currencies(said.minimum, "/minimum")
    if isinstance(said.off, AmountInput):
        _check_currencies(said.off.amounts, "/off/amounts")
    if isinstance(said.off, BuyGetInput):
        _check_sets(said.off, said.skus)
    if said.budget and not is_known(said.budget.currency):
        raise UnknownCurrency(f"{said.budget.currency} is no currency we know", pointer="/budget/currency")
    check_moments(starts_at=said.starts_at, ends_at=said.ends_at)
    if said.starts_at and said.ends_at and said.ends_at <= said.starts_at:
        raise BrokenPromotion("it would be over before it begins", pointer="/ends_at")
    off: Off = msgspec.convert(msgspec.to_builtins(said.off), Off)
    budget = Budget(said.budget.amount_minor, said.budget.currency) if said.budget else None
    return PromotionTerms(**structs.asdict(said) | {"off": off, "code": said.code or "", "budget": budget})


def _check_sets(off: BuyGetInput, skus: list[str]) -> None:
    if off.get_of and not off.buy_of:
        raise BrokenPromotion("of which set is to be bought?", pointer="/off/get_of")
    if off.buy_of and skus:
        raise BrokenPromotion("its sets say what it is for", pointer="/skus")
    check_said(off.buy_of, "/off/buy_of")
    check_said(off.get_of, "/off/get_of")


def _check_currencies(amounts: dict[str, int], pointer: str) -> None:
    for currency in amounts:
        if not is_known(currency):
            raise UnknownCurrency(f"{currency[:10]} is no currency we know", pointer=pointer)


def announce(promotion_id: UUID, said: PromotionInput) -> PromotionAnnounced:
    """The event of a new promotion; raises what `terms_of` raises."""
    return PromotionAnnounced(promotion_id, terms_of(said))


def revise(promotion: Promotion, said: PromotionInput) -> PromotionRevised | None:
    """The event of other terms, None if they are the present ones. What was placed keeps what it was promised.

    Raises `PromotionOver`, `CodeFixed`, `BudgetFixed`, `BelowUsed`, and what `terms_of` raises.
    """
    terms = terms_of(said)
    if promotion.state == "ended":
        raise PromotionOver("it was ended; announce another one")
    if terms.code != promotion.terms.code:
        raise CodeFixed("a promotion keeps its code, or its having none", pointer="/code")
    if terms.most is not None and terms.most < promotion.used:
        raise BelowUsed(f"{promotion.used} orders use it already", used=promotion.used, pointer="/most")
    _check_budget(promotion, terms.budget)
    return None if terms == promotion.terms else PromotionRevised(promotion.id, terms)


def _check_budget(promotion: Promotion, budget: Budget | None) -> None:
    before = promotion.terms.budget
    if before and (budget is None or budget.currency != before.currency):
        raise BudgetFixed(f"a promotion with a budget keeps one in {before.currency}", pointer="/budget")
    if budget and budget.amount_minor < promotion.granted_minor:
        detail = f"{promotion.granted_minor} minor units of it are granted already"
        raise BelowUsed(detail, granted_minor=promotion.granted_minor, pointer="/budget/amount_minor")


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
    return structs.replace(promotion, used=event.used, granted_minor=event.granted_minor, version=version)


def evolve_uses(uses: PromotionUses | None, promotion_id: UUID, event: PromotionEvent) -> PromotionUses:
    """Who holds a use after an event."""
    held = {} if uses is None else uses.orders
    match event:
        case PromotionUsed():
            held = held | {event.order_id: Use(event.person_id, event.amount_minor)}
        case PromotionReturned():
            held = {order: use for order, use in held.items() if order != event.order_id}
    return PromotionUses(promotion_id, held)

