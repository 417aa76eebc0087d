"""What promotions take off a basket, pure.

Rounding: a percentage is rounded once, half up, and then shared out among the lines by their amounts, largest
remainders first; so parts, sums and totals agree to the minor unit.

Which go together: those that are not exclusive, in the order of their priority, each off what the ones before it left;
or a single exclusive one, if it takes more off than all those together.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.events.orders import Discount
from shared.events.promotions import AmountOff, BuyGet, FreeShipping, Percentage, PromotionTerms
from shared.money import allocated, rounded_share
from write_side.promotions.domain import Promotion


class BasketLine(NamedTuple):
    """So many of a SKU at a price, in minor units."""

    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def total_minor(self) -> int:
        return self.unit_price_minor * self.quantity


class Offered(NamedTuple):
    """What may be applied: promotions that are on offer, what was typed, how often this person uses each, and when."""

    promotions: Sequence[Promotion]
    codes: Sequence[str]
    uses: Mapping[UUID, int]
    now: datetime | None  # None only where there are no promotions


NO_PROMOTIONS = Offered((), (), {}, None)


class Applied(NamedTuple):
    """What is taken off: in whole by promotion, and of each line; and why a code that was typed takes nothing off."""

    discounts: list[Discount]
    lines: list[int]
    shipping_minor: int
    refused: dict[str, str]

    @property
    def total_minor(self) -> int:
        return sum(self.lines) + self.shipping_minor


def apply(basket: Sequence[BasketLine], shipping_minor: int, currency: str, offered: Offered) -> Applied:
    """The best of what may go together. `refused`: code → `unknown_code`, `not_begun`, `over`, `used_up`,
    `used_up_by_you`, `below_minimum`, `nothing_for_it`, `not_combinable`."""
    in_order = sorted(offered.promotions, key=lambda one: (one.terms.priority, one.id))
    why_not = {one.id: _why_not(one, basket, currency, offered) for one in in_order}
    usable = [one for one in in_order if why_not[one.id] is None]
    together = _stacked([one for one in usable if not one.terms.exclusive], basket, shipping_minor, currency)
    alone = [_stacked([one], basket, shipping_minor, currency) for one in usable if one.terms.exclusive]
    best = max([together, *alone], key=lambda each: each.total_minor)  # the first of equals
    taken = {discount.code for discount in best.discounts}
    by_code = {one.terms.code: one for one in in_order}
    refused = {}
    for code in offered.codes:
        if code not in taken:
            known = by_code.get(code)
            beaten = "not_combinable" if known and (known.terms.exclusive or best is not together) else "nothing_for_it"
            refused[code] = "unknown_code" if known is None else why_not[known.id] or beaten
    return best._replace(refused=refused)


def _why_not(
    promotion: Promotion, basket: Sequence[BasketLine], currency: str, offered: Offered
) -> str | None:
    """Why it can't be applied to this basket; None if it can."""
    terms, now = promotion.terms, offered.now
    assert now is not None
    if terms.code and terms.code not in offered.codes:
        return "not_typed"
    if terms.starts_at is not None and now < terms.starts_at:
        return "not_begun"
    if promotion.state == "ended" or (terms.ends_at is not None and now >= terms.ends_at):
        return "over"
    if terms.most is not None and promotion.used >= terms.most:
        return "used_up"
    if terms.most_per_customer is not None and offered.uses.get(promotion.id, 0) >= terms.most_per_customer:
        return "used_up_by_you"
    total = sum(line.total_minor for line in basket)
    if terms.minimum and (currency not in terms.minimum or total < terms.minimum[currency]):
        return "below_minimum"
    return None if any(_open_to(terms, basket)) else "nothing_for_it"


def _open_to(terms: PromotionTerms, basket: Sequence[BasketLine]) -> list[bool]:
    """Which lines it is for."""
    wanted = frozenset(terms.skus)
    return [not wanted or line.sku in wanted for line in basket]


def _stacked(
    promotions: Sequence[Promotion], basket: Sequence[BasketLine], shipping_minor: int, currency: str
) -> Applied:
    """These, one after the other, each off what is left."""
    left, left_of_shipping = [line.total_minor for line in basket], shipping_minor
    discounts = []
    for promotion in promotions:
        off = _off(promotion.terms, basket, left, currency)
        off_shipping = left_of_shipping if isinstance(promotion.terms.off, FreeShipping) else 0
        if sum(off) + off_shipping:
            left = [was - part for was, part in zip(left, off, strict=True)]
            left_of_shipping -= off_shipping
            terms = promotion.terms
            discounts.append(Discount(promotion.id, terms.name, terms.code, sum(off), off_shipping))
    lines = [line.total_minor - now for line, now in zip(basket, left, strict=True)]
    return Applied(discounts, lines, shipping_minor - left_of_shipping, {})


def _off(
    terms: PromotionTerms, basket: Sequence[BasketLine], left: Sequence[int], currency: str
) -> list[int]:
    """What it takes off each line, of which so much is left."""
    open_ = [now if fits else 0 for fits, now in zip(_open_to(terms, basket), left, strict=True)]
    match terms.off:
        case Percentage(basis_points=points):
            return allocated(rounded_share(sum(open_), points), open_)
        case AmountOff(amounts=amounts):
            return allocated(min(amounts.get(currency, 0), sum(open_)), open_)
        case BuyGet(buy=buy, get=get):
            free = [line.quantity // (buy + get) * get for line in basket]  # of what is left of the price of each
            return [now * n // line.quantity for now, n, line in zip(open_, free, basket, strict=True)]
    return [0] * len(basket)
