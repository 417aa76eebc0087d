"""Which orders of a group are over though nothing of them went."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation, PricedLine, Totals
from shared.events.refunds import RefundedLine
from write_side.fulfilment.domain import Parcel, owed
from write_side.fulfilment.editing.ending import over
from write_side.fulfilment.editing.group import Group
from write_side.fulfilment.standing import Standing
from write_side.orders import Order
from write_side.refunds import Refund, withheld

ID = UUID(int=9)
LAMP = PricedLine("lamp", ID, ID, "Lamp", 1, 1000, 1000, 190)
MUG = PricedLine("mug", ID, ID, "Mug", 1, 500, 500, 0, 500, gift_quantity=1)
CARD = PricedLine("card", ID, ID, "Card", 1, 5000, 5000, 0, gift_card=True)


def back(amount: int = 1190, state: Any = "succeeded", lines: list[RefundedLine] | None = None) -> Refund:
    named = [RefundedLine("lamp", 1, amount)] if lines is None else lines
    return Refund(ID, ID, ID, "pi_1", amount, "EUR", "goodwill", named, 0, [], state, None, None, 1)


def order(n: int, lines: list[PricedLine], state: Any = "confirmed", dropped: dict[str, int] | None = None) -> Order:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    totals = Totals("EUR", 0, 0, 0, 0)
    return Order(
        UUID(int=n), "", ID, ID, ID, ID, "", "", "DE", lines, totals, [], at, state, None, False, 1,
        dropped=dropped or {},
    )  # fmt: skip


def stands(
    n: int, *given: Refund, lines: list[PricedLine] | None = None, state: Any = "confirmed",
    dropped: dict[str, int] | None = None,
) -> Standing:  # fmt: skip
    of = order(n, lines or [LAMP], state, dropped)
    return Standing(of, True, owed(of, withheld(given), []), [], [], [], given)


def ended(first: Standing, *added: Standing, with_cards: frozenset[UUID] = frozenset()) -> list[int]:
    return [each.id.int for each in over(Group(first, added), with_cards)]


OVER = stands(1, back())


def test_an_order_is_over_once_its_goods_are_paid_back() -> None:
    assert ended(OVER) == [1]
    assert ended(stands(1)) == []


@pytest.mark.parametrize("state", ["requested", "pending", "failed"])
def test_what_is_not_back_is_not_over(state: str) -> None:
    assert ended(stands(1, back(state=state))) == []
    assert ended(stands(1, back(), back(100, state, []))) == ([1] if state == "failed" else [])


def test_what_was_let_go_of_ahead_of_the_capture_counts_after_it() -> None:
    released = stands(1, back(state="released"))
    assert ended(released) == [1]
    assert ended(structs.replace(released, captured=False)) == []


@pytest.mark.parametrize("state", ["closing", "cancelled", "expired", "completed"])
def test_no_order_ends_twice(state: str) -> None:
    assert ended(stands(1, back(), state=state)) == []


def test_of_what_has_left_the_arrival_decides() -> None:
    parcel = Parcel(ID, ID, "DHL", "1", [ParcelLine("lamp", 1)], "shipped", 1)
    assert ended(structs.replace(OVER, parcels=[parcel])) == []


def test_a_gift_that_nobody_dropped_may_be_sent() -> None:
    assert ended(stands(1, back(), lines=[LAMP, MUG])) == []
    assert ended(stands(1, back(), lines=[LAMP, MUG], dropped={"mug": 1})) == [1]


@pytest.mark.parametrize(("amount", "over_"), [(1190, [1]), (1189, [])])
def test_what_was_dropped_is_over_once_amounts_have_paid_for_it(amount: int, over_: list[int]) -> None:
    assert ended(stands(1, back(amount, lines=[]), dropped={"lamp": 1})) == over_


def test_what_was_dropped_and_is_named_by_a_refund_of_all_that_was_left_is_paid_once() -> None:
    rest = back(1190, lines=[RefundedLine("lamp", 2, 1190)])
    two = structs.replace(LAMP, quantity=2, total_minor=2000, tax_minor=380)
    assert ended(stands(1, back(1190, lines=[]), rest, lines=[two], dropped={"lamp": 1})) == [1]


@pytest.mark.parametrize(("amount", "over_"), [(1190, [1]), (1189, [])])
def test_what_a_failed_refund_put_back_into_stock_is_over_once_amounts_have_paid_for_it(
    amount: int, over_: list[int]
) -> None:
    failed = structs.replace(back(state="failed"), restocked=[Allocation("lamp", "BER", 1)])
    assert ended(stands(1, failed)) == []
    assert ended(stands(1, failed, back(amount, lines=[]))) == over_


def test_a_refund_of_several_payments_of_which_one_failed_is_not_over() -> None:
    own, other = back(1000), back(190, lines=[RefundedLine("lamp", 0, 190)])
    assert ended(stands(1, own, other)) == [1]
    assert ended(stands(1, own, structs.replace(other, state="failed"))) == []


def test_gift_cards_end_their_order_themselves() -> None:
    mixed = stands(1, back(), lines=[LAMP, CARD])
    assert ended(mixed) == [1], "none is left of it"
    assert ended(mixed, with_cards=frozenset({UUID(int=1)})) == []


def test_what_was_added_is_over_first_and_the_first_waits_for_it() -> None:
    assert ended(OVER, stands(2, back()), stands(3, back())) == [2, 3, 1]
    assert ended(OVER, stands(2, back()), stands(3)) == [2]
    assert ended(OVER, stands(2, state="completed")) == [1]
    assert ended(OVER, stands(2, state="closing")) == []
    assert ended(stands(1), stands(2, back())) == [2]
