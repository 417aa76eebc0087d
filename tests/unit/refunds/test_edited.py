"""What is left of a line after an edit costs what so few had cost, and all of it together what was charged."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.orders import PricedLine
from shared.events.pricing import Tier
from tests.properties.values import BOUNDED
from tests.unit.refunds.test_domain import ID, bought, refund
from write_side.errors import Refusal
from write_side.inventory import Demand
from write_side.refunds.domain import Bought, Edited, Refund, evolve
from write_side.refunds.releasing import take_off
from write_side.refunds.requesting import request, unrefunded
from write_side.refunds.sharing import shares


def of(quantity: int, unit: int, dearer: dict[int, int], tax: int = 0, discount: int = 0) -> Bought:
    """So many lamps, which cost so much each, and more if fewer are taken."""
    plain = bought(("lamp", quantity, unit, tax))
    tiers = [Tier(n, amount) for n, amount in sorted(dearer.items())]
    line: PricedLine = structs.replace(plain.lines[0], dearer=tiers, discount_minor=discount)
    less = plain.totals.total_minor - discount
    totals = structs.replace(plain.totals, discount_minor=discount, total_minor=less)
    payment = structs.replace(plain.payment, amount_minor=less)
    return structs.replace(plain, lines=[line], totals=totals, payment=payment)


def edited(order: Bought, earlier: list[Refund], n: int, off: int) -> Refund:
    wanted = Edited("requested_by_customer", lines=[Demand("lamp", off)])
    return evolve(None, request(order, earlier, wanted, UUID(int=100 + n)), 1)


def left(order: Bought, earlier: list[Refund]) -> int:
    share = shares(order, earlier)["lamp"]
    return share.cost_minor - share.paid_minor


def test_what_is_left_costs_what_so_few_had_cost() -> None:
    order = of(100, 100, {1: 150, 10: 120, 100: 100})
    to_ten = edited(order, [], 1, 90)
    assert (to_ten.amount_minor, left(order, [to_ten])) == (10_000 - 1_200, 1_200)
    to_one = edited(order, [to_ten], 2, 9)
    assert (to_one.amount_minor, left(order, [to_ten, to_one])) == (1_050, 150)
    back = refund(order, [to_ten], 3, lines=[{"sku": "lamp", "quantity": 1}])
    assert back.amount_minor == 120, "what is returned later gives back what it came to"


def test_nobody_pays_more_for_less() -> None:
    order = of(10, 100, {1: 150, 10: 100})
    wanted = Edited("requested_by_customer", lines=[Demand("lamp", 1)])
    off = take_off(order, [], wanted, ID)
    assert off is not None, "nine would cost 13.50, and ten did 10.00"
    assert left(order, [evolve(None, off, 1)]) == 1_000


def test_discounts_and_taxes_keep_their_part() -> None:
    order = of(10, 100, {1: 200, 10: 100}, tax=171, discount=100)
    assert left(order, [edited(order, [], 1, 9)]) == (1_000 - 100 + 171) * 2 // 10


@given(st.data())
@BOUNDED
def test_edits_and_returns_come_to_what_was_charged_and_no_edit_makes_anything_dearer(data: st.DataObject) -> None:
    quantity, unit = data.draw(st.integers(2, 40)), data.draw(st.integers(1, 300))
    steps = data.draw(st.dictionaries(st.integers(2, quantity), st.integers(unit, 3 * unit), max_size=3))
    tax = data.draw(st.integers(0, unit))
    order = of(quantity, unit, steps | {1: data.draw(st.integers(unit, 3 * unit))}, tax)
    cost, history = order.lines[0].cost_minor, list[Refund]()
    for n, off in enumerate(data.draw(st.lists(st.integers(1, 12), max_size=5))):
        before, there = left(order, history), unrefunded(order.lines, history)["lamp"]
        if off >= there:
            break
        by_edit = data.draw(st.booleans())
        kind: Any = edited if by_edit else _returned
        try:
            one = kind(order, history, n, off)
        except Refusal:
            continue  # it would give nothing back
        now = left(order, [*history, one])
        assert 0 <= now <= before
        if by_edit:
            few = cost * order.lines[0].unit_for(there - off) * (there - off) // (quantity * unit)
            assert now >= min(few, before)
        state = data.draw(st.sampled_from(["succeeded", "failed"]))
        history.append(structs.replace(one, state=state))
    rest = refund(order, history, 50)
    given_back = sum(each.counted_minor for each in history) + rest.amount_minor
    assert given_back == order.payment.amount_minor
    assert rest.amount_minor == sum(line.amount_minor for line in rest.lines) + rest.shipping_minor


def _returned(order: Bought, earlier: list[Refund], n: int, off: int) -> Refund:
    return refund(order, earlier, n, lines=[{"sku": "lamp", "quantity": off}])
