"""Refunds of orders of which something was dropped."""

from msgspec import structs

from tests.unit.refunds.test_domain import THREE_LAMPS, bought, lines, refund
from write_side.refunds import cover
from write_side.refunds.goods import all_withheld


def test_of_what_is_left_when_the_rest_was_dropped_all_has_left() -> None:
    order = structs.replace(bought(("lamp", 3, 333, 190), shipped={"lamp": 2}), dropped={"lamp": 1})
    given = refund(order, [], reason="goodwill", lines=lines(lamp=1))
    assert sum(line.quantity for line in given.sent) == 1


def test_nothing_of_an_order_leaves_of_which_all_was_paid_back_or_dropped() -> None:
    one = refund(THREE_LAMPS, [], lines=lines(lamp=2))
    assert not all_withheld(THREE_LAMPS.lines, [one], {})
    assert all_withheld(THREE_LAMPS.lines, [one], {"lamp": 1})


def test_amounts_cover_what_was_dropped_and_what_a_line_gave_less_for_that() -> None:
    amount = refund(THREE_LAMPS, [], amount_minor=792)
    one = refund(THREE_LAMPS, [amount], 2, lines=lines(lamp=1))
    assert cover([amount, one], THREE_LAMPS.lines, {"lamp": 2})
    assert not cover([structs.replace(amount, state="failed"), one], THREE_LAMPS.lines, {"lamp": 2})
    rest = refund(THREE_LAMPS, [amount], 2)
    assert cover([amount, rest], THREE_LAMPS.lines, {})
