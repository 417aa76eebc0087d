"""Gifts that promotions add to a basket."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.promotion_rule import BasketLine, Spare
from write_side.promotions.applying import Applied, Offered, apply
from write_side.promotions.domain import BudgetInput, GiftInput, PercentageInput, Promotion, PromotionInput, terms_of

LAMP, BULB = BasketLine("lamp", 1, 2000), BasketLine("bulb", 3, 300)
SPARE = {"mug": Spare(500, 2), "bulb": Spare(300, 1)}


def promotion(n: int, off: Any, **said: Any) -> Promotion:
    return Promotion(UUID(int=n), terms_of(PromotionInput(f"No. {n}", off, **said)), "running", 0, 1)


def applied(*promotions: Promotion, codes: tuple[str, ...] = (), spare: dict[str, Spare] = SPARE) -> Applied:
    return apply([LAMP, BULB], 490, "EUR", Offered(promotions, codes, {}, datetime(2026, 11, 27, tzinfo=UTC), spare))


def test_a_gift_is_a_line_that_its_discount_pays() -> None:
    off = applied(promotion(1, GiftInput("mug")))
    assert off.basket == [LAMP, BULB, BasketLine("mug", 1, 500, 1)]
    assert (off.lines, off.total_minor) == ([0, 0, 500], 500)
    assert [discount.lines_minor for discount in off.discounts] == [500]


def test_a_gift_of_what_is_bought_is_more_of_that_line() -> None:
    off = applied(promotion(1, GiftInput("bulb")))
    assert off.basket == [LAMP, BasketLine("bulb", 4, 300, 1)]
    assert off.lines == [0, 300]


def test_a_gift_counts_for_no_other_promotion() -> None:
    third = promotion(1, PercentageInput(3333), minimum={"EUR": 2901})
    assert applied(third, promotion(2, GiftInput("mug"))).lines == [0, 0, 500], "29.00 are below the minimum"
    tenth = promotion(1, PercentageInput(1000))
    assert applied(tenth, promotion(2, GiftInput("mug"))).lines == [200, 90, 500]


@pytest.mark.parametrize(
    "said", [{"minimum": {"EUR": 2901}}, {"skus": ["mug"]}, {"code": "MUG"}, {"budget": BudgetInput(499, "EUR")}]
)
def test_without_its_conditions_there_is_no_gift_and_nothing_is_left_out(said: dict[str, Any]) -> None:
    off = applied(promotion(1, GiftInput("mug"), **said))
    assert (off.basket, off.discounts, off.left_out) == ([LAMP, BULB], [], [])


def test_a_gift_that_is_not_there_whole_is_left_out_and_that_is_told() -> None:
    by_itself, coded = promotion(1, GiftInput("mug", 3)), promotion(2, GiftInput("sofa"), code="SOFA")
    off = applied(by_itself, coded, codes=("SOFA",))
    assert (off.basket, off.discounts) == ([LAMP, BULB], [])
    assert [(gift.promotion_id.int, gift.sku) for gift in off.left_out] == [(1, "mug"), (2, "sofa")]
    assert off.refused == {"SOFA": "gift_not_available"}


def test_two_promotions_give_away_no_more_than_is_there() -> None:
    off = applied(promotion(1, GiftInput("mug", 2)), promotion(2, GiftInput("mug")))
    assert off.basket[2:] == [BasketLine("mug", 2, 500, 2)]
    assert [gift.promotion_id.int for gift in off.left_out] == [2]


def test_a_gift_weighs_its_price_where_one_promotion_alone_may_apply() -> None:
    gift = promotion(1, GiftInput("mug"))
    small, big = (promotion(n, PercentageInput(share), exclusive=True) for n, share in ((2, 1700), (3, 1800)))
    assert [each.promotion_id.int for each in applied(gift, small).discounts] == [1], "5.00 are more than 4.93"
    assert [each.promotion_id.int for each in applied(gift, big).discounts] == [3]
