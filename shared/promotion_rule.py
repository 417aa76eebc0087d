"""What promotions take off, and which go together: the one rule of checkout and pages. Pure. Decisions 31 and 61.

Rounding: a percentage is rounded once, half up, and then shared out among the lines by their amounts, largest
remainders first; so parts, sums and totals agree to the minor unit. What is given of groups over sets of products is
shared out among all pieces of the groups, so that none of them is had for nothing once the others go back.

Which go together: those that are not exclusive, in the order of their priority, each off what the ones before it left;
or a single exclusive one, if it takes more off than all those together.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from shared.events.orders import Discount, Needs
from shared.events.promotions import (
    AmountOff,
    BuyGet,
    FreeShipping,
    Gift,
    Percentage,
    ProductSet,
    PromotionTerms,
)
from shared.money import allocated, rounded_share
from shared.promotion_groups import Grouped, InGroups, across, dearest_first, each_alone, each_for_itself, grouped


class BasketLine(NamedTuple):
    """So many of a SKU at a price, in minor units."""

    sku: str
    quantity: int
    unit_price_minor: int
    gift_quantity: int = 0  # so many of them are a gift
    gift_card: bool = False  # money rather than goods: promotions don't see it
    categories: frozenset[UUID] = frozenset()  # of its product, with all above; only where a promotion asks for them

    @property
    def total_minor(self) -> int:
        return self.unit_price_minor * self.quantity


class Spare(NamedTuple):
    """What may be given away of a SKU: its price, and how many are there beside those that are bought."""

    unit_price_minor: int
    quantity: int


class Given(NamedTuple):
    """A gift of a promotion."""

    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def worth_minor(self) -> int:
        return self.unit_price_minor * self.quantity


NOTHING_SPARE: Mapping[str, Spare] = MappingProxyType({})


class Offer(NamedTuple):
    """A promotion that may be applied. `left_minor`: what its budget still has; None: it has no budget."""

    id: UUID
    terms: PromotionTerms
    left_minor: int | None = None


class TakenOff(NamedTuple):
    """What is taken off: in whole by promotion, and of each line. `beyond`: promotions whose budgets have less than
    they would take off; they take nothing. `missing`: promotions whose gifts aren't there.

    What a gift costs is in its discount and in the total, not in the lines: they are those that are bought.
    """

    discounts: list[Discount]
    lines: list[int]
    shipping_minor: int
    beyond: frozenset[UUID] = frozenset()
    given: tuple[Given, ...] = ()
    missing: frozenset[UUID] = frozenset()

    @property
    def total_minor(self) -> int:
        return sum(self.lines) + self.shipping_minor + sum(gift.worth_minor for gift in self.given)


def has_begun(terms: PromotionTerms, now: datetime) -> bool:
    """Whether its time has come; from `starts_at` on."""
    return terms.starts_at is None or terms.starts_at <= now


def is_over(terms: PromotionTerms, now: datetime) -> bool:
    """Whether its time is over; from `ends_at` on."""
    return terms.ends_at is not None and terms.ends_at <= now


def is_running(terms: PromotionTerms, now: datetime) -> bool:
    """Whether now is within its time."""
    return has_begun(terms, now) and not is_over(terms, now)


def is_for(terms: PromotionTerms, sku: str) -> bool:
    """Whether it takes something off this SKU."""
    return not terms.skus or sku in terms.skus


def shows_on_pages(terms: PromotionTerms) -> bool:
    """Whether what it takes off one piece depends on nothing but the piece: not on a code, on what else lies in the
    cart, on who buys, on how many did."""
    alone = isinstance(terms.off, Percentage) or (isinstance(terms.off, AmountOff) and len(terms.skus) == 1)
    limited = terms.most or terms.most_per_customer or terms.budget
    return alone and not (terms.code or terms.minimum or limited)


def off_one(offers: Iterable[Offer], sku: str, amount_minor: int, currency: str) -> TakenOff:
    """What these take off a cart that holds one piece and nothing else."""
    usable = [offer for offer in in_order(offers) if is_for(offer.terms, sku)]
    return best_together(usable, [BasketLine(sku, 1, amount_minor)], 0, currency).best


def is_for_everything_alike(terms: PromotionTerms) -> bool:
    """Whether what it leaves of a price depends on the price alone, and is more of a dearer one, or as much."""
    return isinstance(terms.off, Percentage) and not terms.skus


def in_order(offers: Iterable[Offer]) -> list[Offer]:
    """As they are taken off, one after the other."""
    return sorted(offers, key=lambda one: (one.terms.priority, one.id))


class Chosen(NamedTuple):
    """What goes, and what all that aren't exclusive would take off; `beyond`: whose budgets don't afford it."""

    best: TakenOff
    together: TakenOff
    beyond: frozenset[UUID]


def best_together(
    usable: Sequence[Offer], basket: Sequence[BasketLine], shipping_minor: int, currency: str,
    spare: Mapping[str, Spare] = NOTHING_SPARE,
) -> Chosen:  # fmt: skip
    """The best of what may go together; `usable` in its order, `spare`: what may be given away, by SKU."""
    together = _stacked([one for one in usable if not one.terms.exclusive], basket, shipping_minor, currency, spare)
    alone = [_stacked([one], basket, shipping_minor, currency, spare) for one in usable if one.terms.exclusive]
    best = max([together, *alone], key=lambda each: each.total_minor)  # the first of equals
    return Chosen(best, together, frozenset().union(*(each.beyond for each in (together, *alone))))


def open_to(terms: PromotionTerms, basket: Sequence[BasketLine]) -> list[bool]:
    """Which lines it is for; never gift cards: with one that cost less, the next would be paid for less again."""
    if isinstance(terms.off, BuyGet) and terms.off.buy_of is not None:
        return [any(either) for either in zip(*_in_sets(terms.off, basket), strict=True)]
    wanted = frozenset(terms.skus)
    return [not line.gift_card and (not wanted or line.sku in wanted) for line in basket]


def _in_sets(rule: BuyGet, basket: Sequence[BasketLine]) -> tuple[list[bool], list[bool]]:
    """Which lines' pieces may qualify, and which may be given."""
    assert rule.buy_of is not None
    buys = _within(rule.buy_of, basket)
    return buys, buys if rule.get_of is None else _within(rule.get_of, basket)


def _within(products: ProductSet, basket: Sequence[BasketLine]) -> list[bool]:
    skus, categories = frozenset(products.skus), frozenset(products.categories)
    return [
        not line.gift_card and (line.sku in skus or not categories.isdisjoint(line.categories)) for line in basket
    ]


def _stacked(
    offers: Sequence[Offer], basket: Sequence[BasketLine], shipping_minor: int, currency: str,
    spare: Mapping[str, Spare],
) -> TakenOff:  # fmt: skip
    """These, one after the other, each off what is left."""
    left, left_of_shipping = [line.total_minor for line in basket], shipping_minor
    discounts, given, beyond, missing = [], list[Given](), set(), set()
    in_groups = InGroups([line.quantity for line in basket])
    for id_, terms, affordable in offers:
        gift = _gift(terms, spare, given)
        if gift is None:
            missing.add(id_)
            continue
        groups = _groups(terms, basket, left, in_groups)
        off = _off(terms, basket, left, currency, groups)
        off_shipping = left_of_shipping if isinstance(terms.off, FreeShipping) else 0
        amount = sum(off) + off_shipping + gift.worth_minor
        if affordable is not None and amount > affordable:
            beyond.add(id_)
        elif amount or gift.quantity:
            left = [was - part for was, part in zip(left, off, strict=True)]
            left_of_shipping -= off_shipping
            given += [gift] if gift.quantity else []
            if isinstance(terms.off, BuyGet):
                in_groups.note(terms.off, groups.pieces)
            needs = _needs(terms, basket, currency, groups)
            discounts.append(Discount(id_, terms.name, terms.code, amount - off_shipping, off_shipping, needs))
    lines = [line.total_minor - now for line, now in zip(basket, left, strict=True)]
    left_out = frozenset(beyond), tuple(given), frozenset(missing)
    return TakenOff(discounts, lines, shipping_minor - left_of_shipping, *left_out)


_NO_GIFT = Given("", 0, 0)


def _gift(terms: PromotionTerms, spare: Mapping[str, Spare], given: Sequence[Given]) -> Given | None:
    """What it gives away, beside what the others give; None: that isn't there."""
    if not isinstance(terms.off, Gift):
        return _NO_GIFT
    found = spare.get(terms.off.sku)
    gone = sum(each.quantity for each in given if each.sku == terms.off.sku)
    if found is None or found.quantity - gone < terms.off.quantity:
        return None
    return Given(terms.off.sku, terms.off.quantity, found.unit_price_minor)


def _needs(terms: PromotionTerms, basket: Sequence[BasketLine], currency: str, groups: Grouped) -> Needs | None:
    """What has to stay of the basket so that it keeps this, by these terms; None where nothing that is taken off could
    end them: what is off one piece goes with that piece."""
    minimum = terms.minimum.get(currency, 0)
    if isinstance(terms.off, BuyGet):
        together = {line.sku: n for line, n in zip(basket, groups.pieces, strict=True) if n}
        return Needs(minimum, together=together, each_alone=terms.off.buy_of is None)
    gift, quantity = (terms.off.sku, terms.off.quantity) if isinstance(terms.off, Gift) else ("", 0)
    of_some = terms.skus if minimum or gift or isinstance(terms.off, FreeShipping) else []
    one_of = [line.sku for line, fits in zip(basket, open_to(terms, basket), strict=True) if fits] if of_some else []
    return Needs(minimum, one_of, gift=gift, gift_quantity=quantity) if minimum or one_of or gift else None


_ALL = 10_000  # basis points
_NO_GROUPS = Grouped([], [])


def _groups(
    terms: PromotionTerms, basket: Sequence[BasketLine], left: Sequence[int], in_groups: InGroups
) -> Grouped:
    """What it groups of what the others left free."""
    if not isinstance(rule := terms.off, BuyGet):
        return _NO_GROUPS
    if rule.buy_of is None and rule.most_groups is None:  # lines don't compete
        return each_for_itself(rule, open_to(terms, basket), in_groups.free(rule))
    order = dearest_first([line.sku for line in basket], [line.quantity for line in basket], left)
    alone = rule.buy_of is None
    sides = each_alone(order, open_to(terms, basket)) if alone else across(order, *_in_sets(rule, basket))
    return grouped(rule, sides, in_groups.free(rule))


def _off(
    terms: PromotionTerms, basket: Sequence[BasketLine], left: Sequence[int], currency: str, groups: Grouped
) -> list[int]:
    """What it takes off each line, of which so much is left."""
    open_ = [now if fits else 0 for fits, now in zip(open_to(terms, basket), left, strict=True)]
    match terms.off:
        case Percentage(basis_points=points):
            return allocated(rounded_share(sum(open_), points), open_)
        case AmountOff(amounts=amounts):
            return allocated(min(amounts.get(currency, 0), sum(open_)), open_)
        case BuyGet(basis_points=points, buy_of=buy_of):
            given = _worth(groups.given, basket, left)
            shares = given if buy_of is None else _worth(groups.pieces, basket, left)
            return allocated(rounded_share(sum(given), _ALL if points is None else points), shares)
    return [0] * len(basket)


def _worth(pieces: Sequence[int], basket: Sequence[BasketLine], left: Sequence[int]) -> list[int]:
    """What is left of so many pieces of each line, the part of a minor unit dropped."""
    return [now * n // line.quantity for now, n, line in zip(left, pieces, basket, strict=True)]
