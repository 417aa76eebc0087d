"""What promotions take off, and which go together."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.money import allocated
from shared.promotion_rule import BasketLine, Spare
from write_side.promotions.applying import Applied, Offered, apply
from write_side.promotions.domain import AmountInput as AmountOff
from write_side.promotions.domain import BudgetInput, GiftInput, Promotion, PromotionInput, terms_of
from write_side.promotions.domain import BuyGetInput as BuyGet
from write_side.promotions.domain import FreeShippingInput as FreeShipping
from write_side.promotions.domain import PercentageInput as Percentage
from write_side.promotions.sets import ProductSetInput

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LAMP, BULB = BasketLine("lamp", 1, 1999), BasketLine("bulb", 3, 333)


def promotion(n: int, off: Any, used: int = 0, **said: Any) -> Promotion:
    return Promotion(UUID(int=n), terms_of(PromotionInput(f"No. {n}", off, **said)), "running", used, 1)


def applied(*promotions: Promotion, codes: tuple[str, ...] = (), uses: dict[UUID, int] | None = None) -> Applied:
    return apply([LAMP, BULB], 490, "EUR", Offered(promotions, codes, uses or {}, NOW))


def test_a_percentage_is_rounded_once_and_shared_out_by_the_lines_amounts() -> None:
    off = applied(promotion(1, Percentage(1500)))
    assert off.lines == [300, 150], "15 % of 29.98 are 4.497, so 4.50"
    assert (off.shipping_minor, off.refused) == (0, {})
    [discount] = off.discounts
    assert (discount.lines_minor, discount.shipping_minor, discount.code) == (450, 0, "")


def test_an_amount_is_never_more_than_what_it_is_for() -> None:
    assert applied(promotion(1, AmountOff({"EUR": 500}))).lines == [333, 167]
    assert applied(promotion(1, AmountOff({"EUR": 5000}), skus=["bulb"])).lines == [0, 999]
    assert applied(promotion(1, AmountOff({"USD": 5000}))).discounts == [], "not in this currency"


def test_of_each_three_of_one_sku_one_costs_nothing() -> None:
    assert applied(promotion(1, BuyGet(2, 1))).lines == [0, 333]
    assert applied(promotion(1, BuyGet(3, 1))).lines == [0, 0]
    halved = applied(promotion(1, Percentage(5000), priority=1, skus=["bulb"]), promotion(2, BuyGet(2, 1), priority=2))
    assert halved.lines == [0, 500 + 166], "a third of the 4.99 that are left"


def test_those_that_go_together_are_taken_off_what_the_ones_before_left() -> None:
    half, rest = promotion(2, Percentage(5000), priority=1), promotion(1, AmountOff({"EUR": 2000}), priority=2)
    off = applied(rest, half, promotion(3, FreeShipping()))
    assert [discount.lines_minor for discount in off.discounts] == [1499, 1499, 0]
    assert (sum(off.lines), off.shipping_minor, off.total_minor) == (2998, 490, 3488)


def test_an_exclusive_one_applies_alone_and_only_where_it_is_the_better_deal() -> None:
    small, big = promotion(1, Percentage(500), exclusive=True), promotion(2, Percentage(3000), exclusive=True)
    others = [promotion(3, Percentage(1000)), promotion(4, Percentage(1000), code="TEN")]
    assert [each.promotion_id.int for each in applied(small, *others, codes=("TEN",)).discounts] == [3, 4]
    best = applied(small, big, *others, codes=("TEN",))
    assert [each.promotion_id.int for each in best.discounts] == [2]
    assert best.refused == {"TEN": "not_combinable"}


@pytest.mark.parametrize(
    ("said", "used", "uses", "why"),
    [
        ({"starts_at": NOW + timedelta(seconds=1)}, 0, 0, "not_begun"),
        ({"ends_at": NOW}, 0, 0, "over"),
        ({"most": 3}, 3, 0, "used_up"),
        ({"most_per_customer": 2}, 5, 2, "used_up_by_you"),
        ({"minimum": {"EUR": 2999}}, 0, 0, "below_minimum"),
        ({"minimum": {"USD": 1}}, 0, 0, "below_minimum"),
        ({"skus": ["sofa"]}, 0, 0, "nothing_for_it"),
    ],
)
def test_a_code_that_takes_nothing_off_says_why(said: dict[str, Any], used: int, uses: int, why: str) -> None:
    coupon = promotion(1, Percentage(1000), used, code="TEN", **said)
    off = applied(coupon, codes=("TEN", "NONE"), uses={coupon.id: uses})
    assert off.refused == {"TEN": why, "NONE": "unknown_code"}
    assert off.discounts == []


CARD = BasketLine("card", 2, 5000, gift_card=True)


def test_gift_cards_take_no_part() -> None:
    offered = (promotion(1, Percentage(1000)), promotion(2, AmountOff({"EUR": 500})), promotion(3, BuyGet(1, 1)))
    mixed = apply([CARD, LAMP], 490, "EUR", Offered(offered, [], {}, NOW))
    assert mixed.lines == [0, apply([LAMP], 490, "EUR", Offered(offered, [], {}, NOW)).lines[0]]
    assert apply([CARD], 0, "EUR", Offered(offered, [], {}, NOW)).discounts == []


def test_gift_cards_count_for_no_minimum_and_bring_no_gift() -> None:
    coupon = promotion(1, Percentage(1000), code="TEN", minimum={"EUR": 2000})
    assert apply([CARD, LAMP], 0, "EUR", Offered([coupon], ["TEN"], {}, NOW)).refused == {"TEN": "below_minimum"}
    gift = Offered([promotion(2, GiftInput("mug"))], [], {}, NOW, {"mug": Spare(500, 9)})
    assert apply([CARD], 0, "EUR", gift).basket == [CARD]
    assert len(apply([CARD, LAMP], 0, "EUR", gift).basket) == 3


@pytest.mark.parametrize(("granted", "why"), [(699, {}), (700, {}), (701, {"TEN": "used_up"})])
def test_what_its_budget_does_not_afford_whole_it_does_not_take_off(granted: int, why: dict[str, str]) -> None:
    coupon = promotion(1, Percentage(1000), code="TEN", budget=BudgetInput(1000, "EUR"))
    off = applied(structs.replace(coupon, granted_minor=granted), codes=("TEN",))
    assert (off.total_minor, off.refused) == (0 if why else 300, why)


def test_a_budget_is_of_one_currency_and_shipping_counts_for_it() -> None:
    assert applied(promotion(1, Percentage(1000), budget=BudgetInput(10**6, "USD"))).discounts == []
    assert applied(promotion(1, FreeShipping(), budget=BudgetInput(489, "EUR"))).discounts == []
    assert applied(promotion(1, FreeShipping(), budget=BudgetInput(490, "EUR"))).shipping_minor == 490


def test_at_the_very_edges_it_applies() -> None:
    edges: dict[str, Any] = {"starts_at": NOW, "ends_at": NOW + timedelta(seconds=1), "minimum": {"EUR": 2998}}
    coupon = promotion(1, Percentage(1000), 2, code="TEN", most=3, most_per_customer=2, **edges)
    assert applied(coupon, codes=("TEN",), uses={coupon.id: 1}).total_minor == 300
    assert applied(coupon).discounts == [], "nobody typed it"


AMOUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@given(AMOUNTS, st.integers(0, 10_000))
def test_parts_add_up_and_none_is_greater_than_what_it_is_part_of(weights: list[int], share: int) -> None:
    amount = sum(weights) * share // 10_000
    parts = allocated(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


SKUS = st.sampled_from("abcdef")
SETS = st.builds(ProductSetInput, st.lists(SKUS, min_size=1, max_size=4))
POINTS, MOST_GROUPS = st.none() | st.integers(1, 10_000), st.integers(1, 5)
OFFS = st.one_of(
    st.builds(Percentage, st.integers(1, 10_000)),
    st.builds(AmountOff, st.dictionaries(st.just("EUR"), st.integers(1, 10**7), min_size=1)),
    st.builds(BuyGet, st.integers(1, 5), st.integers(1, 5)),
    st.builds(BuyGet, st.integers(1, 3), st.integers(1, 3), POINTS, SETS, st.none() | SETS, st.none() | MOST_GROUPS),
    st.just(FreeShipping()),
)
PROMOTIONS = st.lists(
    st.tuples(OFFS, st.booleans(), st.integers(0, 3), st.lists(SKUS, max_size=3)), max_size=6
).map(
    lambda said: [
        promotion(n, off, exclusive=exclusive, priority=priority, skus=[] if getattr(off, "buy_of", None) else skus)
        for n, (off, exclusive, priority, skus) in enumerate(said)
    ]
)  # fmt: skip
BASKETS = st.lists(st.builds(BasketLine, SKUS, st.integers(1, 20), st.integers(0, 10**6)), min_size=1, max_size=8)


@given(BASKETS, PROMOTIONS, st.integers(0, 10_000))
def test_whatever_is_offered_what_is_taken_off_adds_up_and_nothing_goes_below_nought(
    basket: list[BasketLine], promotions: list[Promotion], shipping: int
) -> None:
    off = apply(basket, shipping, "EUR", Offered(promotions, (), {}, NOW))
    assert all(0 <= part <= line.total_minor for part, line in zip(off.lines, basket, strict=True))
    assert 0 <= off.shipping_minor <= shipping
    assert sum(discount.lines_minor for discount in off.discounts) == sum(off.lines)
    assert sum(discount.shipping_minor for discount in off.discounts) == off.shipping_minor
    assert all(discount.lines_minor + discount.shipping_minor > 0 for discount in off.discounts)
    exclusive = {one.id for one in promotions if one.terms.exclusive}
    assert len(off.discounts) <= 1 or not exclusive & {discount.promotion_id for discount in off.discounts}
