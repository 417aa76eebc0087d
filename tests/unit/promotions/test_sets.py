"""Buy of a set, get of a set: which pieces are in groups, and what each line is charged of what is given."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shared.envelope import as_json
from shared.events.promotions import BuyGet
from shared.promotion_rule import BasketLine, Spare, shows_on_pages
from write_side.catalog import NoSuchCategory, SoldVariant
from write_side.promotions.applying import Applied, Offered, apply
from write_side.promotions.domain import (
    AmountInput,
    BrokenPromotion,
    BudgetInput,
    BuyGetInput,
    GiftInput,
    PercentageInput,
    Promotion,
    PromotionInput,
    terms_of,
)
from write_side.promotions.sets import EmptySet, NeverMatches, ProductSetInput, check_there
from write_side.taxes import GIFT_CARD

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SHOES, SANDALS, SOCKS = (UUID(int=n) for n in (11, 12, 13))
THREE, TWO, ONE = (BasketLine(sku, 1, price) for sku, price in (("a", 3000), ("b", 2000), ("c", 1000)))
ALL = ProductSetInput(["a", "b", "c", "d", "e", "f"])


def promotion(n: int, off: Any, **said: Any) -> Promotion:
    return Promotion(UUID(int=n), terms_of(PromotionInput(f"No. {n}", off, **said)), "running", 0, 1)


def of(*skus: str) -> ProductSetInput:
    return ProductSetInput(list(skus))


def applied(basket: list[BasketLine], *promotions: Promotion, **more: Any) -> Applied:
    return apply(basket, 0, "EUR", Offered(promotions, more.pop("codes", ()), {}, NOW, **more))


def any_three(n: int = 1, **said: Any) -> Promotion:
    return promotion(n, BuyGetInput(2, 1, buy_of=ALL), **said)


def test_of_any_three_of_a_set_the_cheapest_is_free_and_all_three_share_that() -> None:
    off = applied([ONE, THREE, TWO], any_three())
    assert off.lines == [167, 500, 333], "10.00 of 60.00, by what each costs"
    assert (off.total_minor, off.discounts[0].lines_minor) == (1000, 1000)
    assert applied([THREE, TWO], any_three()).discounts == []


def test_groups_are_formed_from_the_dearest_down_so_that_more_in_the_cart_never_costs_what_was_given() -> None:
    assert applied([THREE, TWO, ONE], any_three()).total_minor == 1000
    assert applied([THREE, TWO, ONE, BasketLine("d", 1, 1)], any_three()).lines == [500, 333, 167, 0]
    six = [BasketLine(sku, 1, 6000 - 1000 * n) for n, sku in enumerate("abcdef")]
    assert applied(six, any_three()).total_minor == 4000 + 1000


def test_pieces_of_a_line_are_in_groups_with_those_of_others() -> None:
    off = applied([BasketLine("a", 4, 1000), BasketLine("b", 3, 500)], any_three())
    assert off.total_minor == 1000 + 500, "aaa, and abb: the third b is in no group"
    assert off.lines == [1200, 300], "by 40.00 and 10.00"


def test_of_pieces_that_cost_the_same_those_of_the_first_sku_are_taken_first() -> None:
    same = [BasketLine(sku, 1, 1000) for sku in "dbca"]
    assert applied(same, any_three()).lines == [0, 334, 333, 333], "abc; the odd cent goes to the earlier line"


def test_who_buys_of_one_set_gets_of_another_at_so_much_less() -> None:
    half = promotion(1, BuyGetInput(2, 1, 5000, of("a", "b"), of("c", "d")))
    off = applied([THREE, TWO, BasketLine("c", 2, 999)], half)
    assert off.total_minor == 500, "half of 9.99, rounded half up"
    assert off.lines == [250, 167, 83]
    assert applied([THREE, BasketLine("c", 2, 999)], half).discounts == []
    assert applied([THREE, TWO], half).discounts == []


def test_of_what_may_be_given_the_dearest_is_since_who_wants_it_would_leave_the_cheaper_one_out() -> None:
    free = promotion(1, BuyGetInput(1, 1, 10_000, of("a"), of("b", "c")))
    assert applied([THREE, ONE, TWO], free).total_minor == 2000
    assert applied([BasketLine("a", 2, 3000), ONE, TWO], free).total_minor == 3000


def test_a_piece_of_both_sets_is_used_once_and_qualifies_only_where_nothing_else_does() -> None:
    both = promotion(1, BuyGetInput(1, 1, buy_of=of("a", "b"), get_of=of("b", "c")))
    assert applied([TWO], both).discounts == []
    assert applied([THREE, TWO], both).total_minor == 2000, "a qualifies"
    assert applied([TWO, ONE], both).total_minor == 1000, "b qualifies"
    assert applied([BasketLine("b", 2, 2000)], both).total_minor == 2000, "one of each"
    assert applied([BasketLine("b", 3, 2000)], both).total_minor == 2000


def test_a_set_of_categories_holds_what_is_below_them() -> None:
    shoes = promotion(1, BuyGetInput(2, 1, buy_of=ProductSetInput(["c"], [SHOES])))
    around = {"a": frozenset([SANDALS, SHOES]), "b": frozenset([SHOES]), "d": frozenset([SOCKS])}
    assert applied([THREE, TWO, ONE], shoes, around=around).total_minor == 1000
    assert applied([THREE, TWO, BasketLine("d", 5, 10)], shoes, around=around).discounts == []
    assert applied([THREE, TWO, ONE], shoes).discounts == [], "nothing known to be in it"


def test_no_more_groups_than_one_order_may_have() -> None:
    basket = [BasketLine("a", 90, 1000), BasketLine("b", 90, 2000)]
    for most, off in ((1, 2000), (30, 60_000), (31, 61_000), (None, 90_000)):
        limited = promotion(1, BuyGetInput(2, 1, buy_of=ALL, most_groups=most))
        assert applied(basket, limited).total_minor == off
    alike = promotion(1, BuyGetInput(2, 1, 5000, most_groups=31))
    assert applied(basket, alike).lines == [500, 30_000], "of one and the same SKU, too: the dearest first"


def test_a_piece_is_in_a_group_of_one_promotion_alone() -> None:
    first, second = any_three(1), any_three(2)
    assert len(applied([THREE, TWO, ONE], first, second).discounts) == 1
    five = [BasketLine("a", 3, 1000), BasketLine("b", 2, 1000)]
    assert [each.lines_minor for each in applied(five, first, second).discounts] == [1000]
    six = [BasketLine("a", 3, 1000), BasketLine("b", 3, 1000)]
    once = promotion(1, BuyGetInput(2, 1, buy_of=ALL, most_groups=1))
    assert [each.promotion_id.int for each in applied(six, once, second).discounts] == [1, 2]


def test_groups_over_sets_and_groups_of_one_sku_keep_one_another_from_their_pieces() -> None:
    alike = promotion(2, BuyGetInput(2, 1))
    over_sets = [any_three(1), any_three(3)]
    for promotions in ([over_sets[0], alike], [alike, over_sets[1]]):
        assert len(applied([BasketLine("a", 3, 1000)], *promotions).discounts) == 1
        assert len(applied([BasketLine("a", 6, 1000)], *promotions).discounts) == 1, "the first has grouped all six"
    mixed = applied([BasketLine("a", 4, 1000), BasketLine("b", 2, 900)], alike, over_sets[1])
    assert [each.lines_minor for each in mixed.discounts] == [1000, 750], "abb: b costs 9.00, a 7.50 by now"


def test_groups_of_one_sku_mean_what_they_meant() -> None:
    both = [promotion(1, BuyGetInput(2, 1)), promotion(2, BuyGetInput(1, 1))]
    assert [each.lines_minor for each in applied([BasketLine("a", 3, 1000)], *both).discounts] == [1000, 666]
    said = as_json(both[0].terms.off)
    assert said == b'{"kind":"buy_get","buy":2,"get":1}'
    assert msgspec.json.decode(said, type=BuyGet) == BuyGet(2, 1)


def test_what_was_taken_off_before_counts_for_which_is_the_cheapest() -> None:
    off_a = promotion(1, AmountInput({"EUR": 2900}), skus=["a"], priority=1)
    off = applied([THREE, TWO, ONE], off_a, any_three(2))
    assert [each.lines_minor for each in off.discounts] == [2900, 100]


def test_others_go_on_with_what_is_left_and_an_exclusive_one_is_weighed_against_them() -> None:
    tenth = promotion(2, PercentageInput(1000))
    assert [each.lines_minor for each in applied([THREE, TWO, ONE], any_three(), tenth).discounts] == [1000, 500]
    better = promotion(3, PercentageInput(2600), exclusive=True)
    assert [each.promotion_id.int for each in applied([THREE, TWO, ONE], any_three(), better).discounts] == [3]
    alone = applied([THREE, TWO, ONE], any_three(exclusive=True), promotion(4, PercentageInput(1600)))
    assert [each.promotion_id.int for each in alone.discounts] == [1]


def test_gift_cards_and_gifts_are_in_no_group() -> None:
    card = BasketLine("c", 1, 1000, gift_card=True)
    around = {"c": frozenset([SHOES])}
    shoes = promotion(1, BuyGetInput(2, 1, buy_of=ProductSetInput(["a", "b", "c"], [SHOES])))
    assert applied([THREE, TWO, card], shoes, around=around).discounts == []
    gift = promotion(2, GiftInput("c"), priority=1)
    off = applied([THREE, TWO], gift, any_three(), spare={"c": Spare(1000, 5)})
    assert [each.promotion_id.int for each in off.discounts] == [2]
    bought = applied([THREE, TWO, ONE], gift, any_three(), spare={"c": Spare(1000, 5)})
    assert bought.lines == [500, 333, 1000 + 167]


def test_a_code_that_forms_no_group_says_why_and_one_that_does_is_told() -> None:
    coupon = any_three(code="ANY-3")
    assert applied([THREE, TWO], coupon, codes=("ANY-3",)).refused == {"ANY-3": "nothing_for_it"}
    assert applied([BasketLine("z", 9, 1000)], coupon, codes=("ANY-3",)).refused == {"ANY-3": "nothing_for_it"}
    assert applied([THREE, TWO, ONE], coupon, codes=("ANY-3",)).discounts[0].code == "ANY-3"


def test_a_budget_affords_all_of_it_or_nothing_and_then_keeps_nobody_from_the_pieces() -> None:
    poor = any_three(1, budget=BudgetInput(999, "EUR"))
    off = applied([THREE, TWO, ONE], poor, any_three(2))
    assert [each.promotion_id.int for each in off.discounts] == [2]
    assert applied([THREE, TWO, ONE], any_three(1, budget=BudgetInput(1000, "EUR"))).total_minor == 1000


def test_a_cart_of_thousands_is_grouped_at_once() -> None:
    basket = [BasketLine(f"{n:04}", 9_999, 1000 + n) for n in range(2000)]
    everything = promotion(1, BuyGetInput(7, 3, buy_of=ProductSetInput(categories=[SHOES])))
    around = {line.sku: frozenset([SHOES]) for line in basket}
    off = applied(basket, everything, around=around).total_minor
    assert 0 < off < sum(line.total_minor for line in basket) * 3 // 10


def test_pages_show_none_of_it() -> None:
    assert not shows_on_pages(any_three().terms)
    assert not shows_on_pages(promotion(1, BuyGetInput(1, 1, 5000, of("a"), of("b"))).terms)


@pytest.mark.parametrize(
    ("off", "skus", "refused", "pointer"),
    [
        (BuyGetInput(2, 1, buy_of=ProductSetInput()), [], EmptySet, "/off/buy_of"),
        (BuyGetInput(2, 1, buy_of=ALL, get_of=ProductSetInput()), [], EmptySet, "/off/get_of"),
        (BuyGetInput(2, 1, get_of=ALL), [], BrokenPromotion, "/off/get_of"),
        (BuyGetInput(2, 1, buy_of=ALL), ["a"], BrokenPromotion, "/skus"),
    ],
)
def test_sets_that_say_nothing_or_too_much_are_refused(
    off: BuyGetInput, skus: list[str], refused: type[EmptySet], pointer: str
) -> None:
    with pytest.raises(refused) as why:
        promotion(1, off, skus=skus)
    assert why.value.facts["pointer"] == pointer


def sold(sku: str, tax_class: str = "standard") -> SoldVariant:
    return SoldVariant(sku, UUID(int=1), UUID(int=1), sku, "active", tax_class, 0)


@pytest.mark.parametrize(
    ("products", "refused", "pointer"),
    [
        (ProductSetInput(["a"], [SHOES, SOCKS]), NoSuchCategory, "/off/buy_of/categories/1"),
        (ProductSetInput(["card"]), NeverMatches, "/off/buy_of"),
    ],
)
def test_sets_of_what_is_not_there_are_refused(
    products: ProductSetInput, refused: type[NeverMatches], pointer: str
) -> None:
    there = {"a": sold("a"), "card": sold("card", GIFT_CARD)}
    with pytest.raises(refused) as why:
        check_there(products, "/off/buy_of", {SHOES}, there)
    assert why.value.facts["pointer"] == pointer
    for fine in (ProductSetInput(["a", "card"]), ProductSetInput(["card"], [SHOES]), ProductSetInput([], [SHOES])):
        check_there(fine, "/off/buy_of", {SHOES}, there)
    check_there(ProductSetInput(["card", "retired"]), "/off/buy_of", {SHOES}, there)
