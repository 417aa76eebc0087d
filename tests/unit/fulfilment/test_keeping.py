"""What an edit has to leave: which ways round it there would be, and what may go all the same."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.events.orders import Shipping
from tests.properties.test_edits import goods, ordered, sku_counts
from write_side.fulfilment.editing.group import Group
from write_side.fulfilment.editing.keeping import BelowTerms, check_terms
from write_side.fulfilment.standing import Standing
from write_side.orders import Order
from write_side.promotions.domain import (
    BuyGetInput,
    FreeShippingInput,
    GiftInput,
    PercentageInput,
    PromotionInput,
)
from write_side.promotions.sets import ProductSetInput


def bought(*said: PromotionInput, **wanted: int) -> Order:
    """An order at the prices of `tests.properties.test_edits`: a lamp 40.00 (from five on 30.00), a cord 10.00, a bulb
    3.00, a mug 7.00; a set of a lamp and four bulbs 45.00, a pair of a lamp and a cord 40.00. Sent free from 60.00."""
    return ordered(goods(wanted, list(said)))


def standing(order: Order) -> Standing:
    return Standing(order, True, sku_counts(order), [], [], [])


def short(order: Order, *added: Order, edited: int = 0, **left: int) -> list[tuple[str, str]]:
    """What would be lacking if so many stayed, all of the rest."""
    group = Group(standing(order), [standing(each) for each in added])
    now = (group.first, *group.added)[edited]
    try:
        check_terms(now, group, now.owed | left)
    except BelowTerms as refused:
        return [(each["what"], each["name"]) for each in refused.facts["terms"]]
    return []


def of(name: str, off: Any, minimum: int = 0, **said: Any) -> PromotionInput:
    return PromotionInput(name, off, minimum={"EUR": minimum} if minimum else {}, **said)


HALF = of("Half", PercentageInput(5000), 8000)


def test_one_piece_is_not_in_two_bundles() -> None:
    order = bought(HALF, set=1, pair=1)
    assert ("bundle", "pair") in short(order, lamp=1)
    assert short(bought(set=1, pair=1), lamp=1, bulb=0) == [("shipping", "Parcel")]


def test_of_bundles_within_others_the_larger_stay() -> None:
    assert short(bought(pair=2, kit=1), lamp=2, cord=2) == []


def test_the_price_of_many_is_not_kept_by_few() -> None:
    assert short(bought(lamp=6), lamp=5) == []
    assert short(bought(lamp=6, mug=9), lamp=4) == [("price", "lamp")]
    assert short(bought(set=3, mug=9), lamp=2, bulb=8) == [("price", "set")]


def test_what_was_bought_alone_does_not_keep_the_price_of_bundles_that_go() -> None:
    order = bought(lamp=1, pair=3, cord=4)
    assert short(order, lamp=1, cord=4) == [("ways", "cord")], "a pair, and three that cost more alone"
    assert short(order, lamp=3) == [], "the dear one goes"
    assert short(order, lamp=0, cord=0) == []
    assert short(bought(set=1, pair=2), lamp=2, cord=1) == [("ways", "lamp")], "that of the set had cost more"


def test_groups_of_one_sku_do_not_wait_for_one_another() -> None:
    order = bought(of("Two", BuyGetInput(1, 1)), cord=2, bulb=2, mug=1)
    assert short(order, bulb=0) == []
    assert short(order, bulb=1) == [("promotion", "Two")]


def test_of_groups_of_one_sku_the_greatest_counts_and_of_those_over_sets_each() -> None:
    three, six = of("Three", BuyGetInput(2, 1)), of("Six", BuyGetInput(4, 2))
    assert short(bought(three, six, cord=7), cord=6) == []
    one, other = (of(name, BuyGetInput(1, 1, buy_of=ProductSetInput(["cord"]), most_groups=1)) for name in "AB")
    assert short(bought(one, other, cord=5), cord=4) == []
    assert short(bought(one, other, cord=5), cord=3) == [("promotion", "A"), ("promotion", "B")]


def test_of_several_that_give_the_same_those_that_hold_keep_theirs() -> None:
    small, large = of("Small", GiftInput("mug"), 2000), of("Large", GiftInput("mug", 2), 5000)
    order = bought(small, large, lamp=1, cord=1)
    assert short(order, cord=0) == [("promotion", "Large")]
    assert short(order, cord=0, mug=1) == []
    free = of("Free", GiftInput("mug"))
    assert short(bought(free, large, lamp=1, cord=1), cord=0, mug=1) == []


def test_a_discount_goes_by_itself_where_nothing_is_left_of_what_it_was_for() -> None:
    order = bought(of("Cords", PercentageInput(1000), 4500, skus=["cord"]), lamp=1, cord=1)
    assert short(order, lamp=0) == [("promotion", "Cords")]
    assert short(order, cord=0) == []


def test_what_was_added_keeps_no_shipping_of_what_is_taken_back() -> None:
    first, pencil = bought(lamp=1, cord=2), sent_with(bought(bulb=1))
    assert first.shipping is not None
    assert first.shipping.from_minor == 6000
    assert short(first, pencil, lamp=0, cord=0) == [("shipping", "Parcel")]
    assert short(first, lamp=0, cord=0) == [], "then nothing goes"
    assert short(first, pencil, edited=1, bulb=0) == []
    free = bought(of("Sent", FreeShippingInput(), skus=["lamp"]), lamp=1)
    assert short(free, pencil, lamp=0) == [("promotion", "Sent")]


def test_what_is_sent_for_less_by_what_it_was_added_to_goes_by_all_before_it() -> None:
    first, more = bought(cord=1), sent_with(bought(lamp=1, cord=1), from_minor=6000)
    assert short(first, more, edited=1, lamp=0) == [("shipping", "Parcel")]
    assert short(first, more, edited=1, lamp=0, cord=0) == []
    assert short(first, more, cord=0) == [("shipping", "Parcel")]
    last = sent_with(bought(lamp=1), from_minor=6000, n=2)
    assert short(first, more, last, edited=1, lamp=0) == [("shipping", "Parcel")], "what came later did not count"
    assert short(first, more, last, edited=2, lamp=0) == []


def sent_with(order: Order, from_minor: int = 0, n: int = 1) -> Order:
    """As it was added to the first, and sent for nothing more."""
    return structs.replace(order, id=UUID(int=n), shipping=Shipping("parcel", "Parcel", 0, from_minor=from_minor))


@pytest.mark.parametrize("state", ["closing", "confirmed"])
def test_nothing_goes_by_what_is_being_cancelled(state: Any) -> None:
    first, more = bought(lamp=2), structs.replace(sent_with(bought(bulb=1)), state=state)
    assert bool(short(first, more, lamp=0)) == (state == "confirmed")


def test_of_very_many_the_first_few_are_named() -> None:
    order = bought(of("Two", BuyGetInput(1, 1)), cord=2, bulb=2)
    needs = order.discounts[0].needs
    assert needs is not None
    many = structs.replace(needs, together=needs.together | {f"sku {n}": 2 for n in range(2_000)}, each_alone=False)
    order = structs.replace(order, discounts=[structs.replace(order.discounts[0], needs=many)])
    with pytest.raises(BelowTerms) as refused:
        stands = standing(order)
        check_terms(stands, Group(stands, []), stands.owed | {"cord": 0})
    assert len(refused.value.facts["terms"][0]["together"]) == 20
