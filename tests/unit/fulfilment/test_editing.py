"""What of a paid order may still be changed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import PricedLine, Shipping, Totals
from write_side.errors import Invalid, Refusal
from write_side.fulfilment.domain import Parcel
from write_side.fulfilment.editing.domain import (
    AdditionUnpaid,
    AddsToOrder,
    EditOrder,
    IsAddition,
    NewQuantity,
    NotEditable,
    NothingToChange,
    PickingHasBegun,
    check_addable,
    check_editable,
    left_of,
    lowered,
)
from write_side.fulfilment.editing.group import Group, sent_for, what_goes
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.standing import Standing
from write_side.inventory import Demand
from write_side.orders import Load, Order
from write_side.refunds import Refund

ID = UUID(int=1)


def pick(state: Any) -> Pick:
    return Pick(ID, ID, "BER", [ParcelLine("lamp", 1)], state, 1)


@pytest.mark.parametrize("state", ["pending_payment", "closing", "cancelled", "expired", "completed"])
def test_only_a_paid_order_is_changed(state: str) -> None:
    with pytest.raises(NotEditable):
        check_editable(state, [], [])


@pytest.mark.parametrize(("state", "refusal"), [("listed", None), ("cancelled", None), ("picking", PickingHasBegun),
                                                ("picked", PickingHasBegun)])  # fmt: skip
def test_nobody_changes_what_is_being_packed(state: str, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        check_editable("confirmed", [pick(state)], [])
        return
    with pytest.raises(refusal):
        check_editable("confirmed", [pick("listed"), pick(state)], [])


def test_nobody_changes_what_has_left() -> None:
    with pytest.raises(PickingHasBegun):
        check_editable("confirmed", [], [Parcel(ID, ID, "DHL", "1", [], "shipped", 1)])


def edit(**lines: int) -> EditOrder:
    return EditOrder([NewQuantity(*line) for line in lines.items()])


def test_lines_become_fewer_and_never_more() -> None:
    owed = {"lamp": 3, "cord": 1, "bulb": 0}
    assert lowered(owed, edit(lamp=1, cord=1)) == [Demand("lamp", 2)]
    assert lowered(owed, edit(cord=0)) == [Demand("cord", 1)]
    for adding in (edit(lamp=4), edit(desk=1), edit(bulb=1), edit(cord=0, lamp=4)):
        with pytest.raises(AddsToOrder):
            lowered(owed, adding)
    for same in (edit(lamp=3), edit(desk=0), edit(bulb=0)):
        with pytest.raises(NothingToChange):
            lowered(owed, same)


def test_a_line_that_is_named_twice_is_no_edit() -> None:
    with pytest.raises(Invalid) as refused:
        lowered({"lamp": 3}, EditOrder([NewQuantity("lamp", 0), NewQuantity("lamp", 2)]))
    assert refused.value.facts["pointer"] == "/lines/1/sku"


def test_whoever_wants_nothing_pays_no_shipping() -> None:
    owed = {"lamp": 2, "bulb": 0}
    assert not any(left_of(owed, lowered(owed, edit(lamp=0))).values())
    assert left_of(owed, lowered(owed, edit(lamp=1)))["lamp"] == 1


def order(state: Any = "confirmed", adds_to: UUID | None = None) -> Order:
    nothing = Totals("EUR", 0, 0, 0, 0)
    at = datetime(2026, 11, 27, tzinfo=UTC)
    return Order(
        ID, "", ID, ID, ID, ID, "", "", "DE", [], nothing, [], at, state, None, False, 1, adds_to=adds_to
    )  # fmt: skip


def test_more_goes_with_a_paid_order_of_which_something_is_sent() -> None:
    check_addable(order(), {"lamp": 1}, captured=True)
    with pytest.raises(NotEditable):
        check_addable(order(), {"lamp": 1}, captured=False)
    with pytest.raises(NotEditable):
        check_addable(order(), {"lamp": 0}, captured=True)
    with pytest.raises(IsAddition):
        check_addable(order(adds_to=ID), {"lamp": 1}, captured=True)


def standing(n: int, owed: int, *, captured: bool = True) -> Standing:
    return Standing(structs.replace(order(), id=UUID(int=n)), captured, {"lamp": owed}, [], [], [])


def added_to(owed: int) -> Standing:
    """A first order that 2 and 3 were added to."""
    first = standing(1, owed)
    return structs.replace(first, order=structs.replace(first.order, additions=[UUID(int=2), UUID(int=3)]))


def test_one_addition_at_a_time_waits_to_be_paid_or_its_money_to_be_taken() -> None:
    Group(standing(1, 1), [standing(2, 1)]).check_settled()
    with pytest.raises(AdditionUnpaid) as refused:
        Group(standing(1, 1), [standing(2, 1), standing(3, 1, captured=False)]).check_settled()
    assert refused.value.facts["addition_id"] == UUID(int=3)


def freed(group: Group, order_id: UUID) -> list[UUID]:
    return [order.id for order in group.freed_by(order_id)]


def test_what_is_added_later_goes_by_the_shipping_of_what_was_added_before() -> None:
    first, second, third = (UUID(int=n) for n in (1, 2, 3))
    group = Group(added_to(1), [standing(2, 1), standing(3, 1)])
    assert [group.counts_on(each) for each in (first, second, third)] == [True, True, False]
    group = Group(added_to(1), [standing(2, 1), standing(3, 0)])
    assert [group.counts_on(each) for each in (first, second, third)] == [True, False, False]
    assert freed(Group(added_to(0), [standing(2, 0), standing(3, 1)]), third) == [first, second]
    assert freed(Group(added_to(1), [standing(2, 0), standing(3, 1)]), third) == [second]
    assert freed(Group(added_to(0), [standing(2, 1), standing(3, 1)]), second) == []
    assert freed(Group(added_to(0), [standing(2, 0)]), third) == [first, second]  # it is over, and in no group


def bought(n: int, owed: dict[str, int], *lines: PricedLine, sent_for: int = 0, off: int = 0) -> Standing:
    """Sent for so much, less what promotions take off, with a fifth of tax on top of that."""
    stands, by, cost = standing(n, 0), Shipping("post", "Post", sent_for), (sent_for - off) * 6 // 5
    totals = Totals("EUR", 0, sent_for, cost - sent_for + off, sum(line.cost_minor for line in lines) + cost, off)
    order_ = structs.replace(stands.order, lines=list(lines), shipping=by, totals=totals)
    return structs.replace(stands, order=order_, owed=owed)


def back(stands: Standing, shipping: int, amount: int | None = None, state: Any = "requested") -> Standing:
    """So much was given back for shipping, with its tax, or an amount that says not what for."""
    whole = shipping if amount is None else amount
    refund = Refund(ID, ID, ID, "", whole, "EUR", "goodwill", [], shipping, [], state, None, None, 1)
    return structs.replace(stands, given=[*stands.given, refund])


def test_only_what_goes_is_sent_together() -> None:
    lamps = PricedLine("lamp", ID, ID, "", 3, 100, 300, 0, 30), PricedLine("lamp", ID, ID, "", 2, 90, 180, 0)
    cords = PricedLine("cord", ID, ID, "", 2, 10, 20, 0)
    group = Group(bought(1, {"lamp": 4}, *lamps), [bought(2, {"lamp": 1, "cord": 1}, cords, *lamps)])
    assert what_goes(group) == Load({"lamp": 5, "cord": 1}, 460)


def test_sending_was_paid_by_all_whose_shipping_is_not_given_back() -> None:
    first = bought(1, {"lamp": 1}, sent_for=490)
    second, third = bought(2, {"lamp": 0}, sent_for=400), bought(3, {"lamp": 1}, sent_for=70)
    assert sent_for(Group(first, [])) == 490
    assert sent_for(Group(first, [second, third])) == 960
    assert sent_for(Group(first, [back(second, 480), third])) == 560
    assert sent_for(Group(first, [back(second, 120), third])) == 860, "a quarter of it went back"
    assert sent_for(Group(first, [back(second, 480, state="failed"), third])) == 960, "none of it did"
    assert sent_for(Group(first, [back(second, 0, 360), third])) == 660, "no more than is left of all its money"
    assert sent_for(Group(back(first, 588), [second, third])) == 470
    assert sent_for(Group(standing(1, 1), [third])) == 70


def test_sending_that_promotions_paid_was_paid_as_long_as_that_goes_itself() -> None:
    first, third = bought(1, {"lamp": 1}, sent_for=490, off=490), bought(3, {"lamp": 1}, sent_for=70)
    kept, gone = [bought(2, {"lamp": n}, sent_for=400, off=400) for n in (1, 0)]
    assert sent_for(Group(first, [kept, third])) == 960
    assert sent_for(Group(first, [gone, third])) == 560
    half = bought(2, {"lamp": 0}, sent_for=400, off=200)
    assert [sent_for(Group(first, [each])) for each in (half, back(half, 240))] == [890, 490]
