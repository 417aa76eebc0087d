"""What promotions take off a basket, and why a code that was typed takes nothing off. Pure.

What goes together and how it is rounded: `shared/promotion_rule.py`, which pages go by, too.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from shared.events.orders import Discount
from shared.promotion_rule import (
    NOTHING_SPARE,
    BasketLine,
    Offer,
    Spare,
    best_together,
    has_begun,
    is_over,
    open_to,
)
from write_side.promotions.domain import Promotion
from write_side.promotions.gifts import LeftOut, left_out, with_gifts


class Offered(NamedTuple):
    """What may be applied: promotions that are on offer, what was typed, how often this customer uses each, and when;
    what may be given away, by SKU; and, where a promotion asks for categories, those that SKUs are in."""

    promotions: Sequence[Promotion]
    codes: Sequence[str]
    uses: Mapping[UUID, int]
    now: datetime | None  # None only where there are no promotions
    spare: Mapping[str, Spare] = NOTHING_SPARE
    around: Mapping[str, frozenset[UUID]] = MappingProxyType({})


NO_PROMOTIONS = Offered((), (), {}, None)


class Applied(NamedTuple):
    """What is taken off: in whole by promotion, and of each line of the `basket`, in which gifts are; why a code that
    was typed takes nothing off; and the gifts that are left out."""

    discounts: list[Discount]
    lines: list[int]
    shipping_minor: int
    refused: dict[str, str]
    basket: list[BasketLine]
    left_out: list[LeftOut]

    @property
    def total_minor(self) -> int:
        return sum(self.lines) + self.shipping_minor


def apply(basket: Sequence[BasketLine], shipping_minor: int, currency: str, offered: Offered) -> Applied:
    """The best of what may go together. `refused`: code → `unknown_code`, `not_begun`, `over`, `used_up`,
    `used_up_by_you`, `below_minimum`, `nothing_for_it`, `not_combinable`, `gift_not_available`."""
    basket = _with_categories(basket, offered.around)
    in_order = sorted(offered.promotions, key=lambda one: (one.terms.priority, one.id))
    why_not = {one.id: _why_not(one, basket, currency, offered) for one in in_order}
    usable = [Offer(one.id, one.terms, one.left_minor) for one in in_order if why_not[one.id] is None]
    best, together, beyond = best_together(usable, basket, shipping_minor, currency, offered.spare)
    why_not |= dict.fromkeys(beyond, "used_up") | dict.fromkeys(best.missing, "gift_not_available")
    taken = {discount.code for discount in best.discounts}
    by_code = {one.terms.code: one for one in in_order}
    refused = {}
    for code in offered.codes:
        if code not in taken:
            known = by_code.get(code)
            beaten = "not_combinable" if known and (known.terms.exclusive or best is not together) else "nothing_for_it"
            refused[code] = "unknown_code" if known is None else why_not[known.id] or beaten
    lines, parts = with_gifts(basket, best.lines, best.given)
    lacking = left_out({one.id: one for one in in_order}, best.missing)
    return Applied(best.discounts, parts, best.shipping_minor, refused, lines, lacking)


def _with_categories(
    basket: Sequence[BasketLine], around: Mapping[str, frozenset[UUID]]
) -> Sequence[BasketLine]:
    if not around:
        return basket
    return [line._replace(categories=around.get(line.sku, line.categories)) for line in basket]


def _why_not(
    promotion: Promotion, basket: Sequence[BasketLine], currency: str, offered: Offered
) -> str | None:
    """Why it can't be applied to this basket; None if it can."""
    terms, now = promotion.terms, offered.now
    assert now is not None
    if terms.code and terms.code not in offered.codes:
        return "not_typed"
    if not has_begun(terms, now):
        return "not_begun"
    if promotion.state == "ended" or is_over(terms, now):
        return "over"
    if terms.most is not None and promotion.used >= terms.most:
        return "used_up"
    if terms.most_per_customer is not None and offered.uses.get(promotion.id, 0) >= terms.most_per_customer:
        return "used_up_by_you"
    total = sum(line.total_minor for line in basket if not line.gift_card)
    if terms.minimum and (currency not in terms.minimum or total < terms.minimum[currency]):
        return "below_minimum"
    foreign = terms.budget is not None and terms.budget.currency != currency
    return "nothing_for_it" if foreign or not any(open_to(terms, basket)) else None
