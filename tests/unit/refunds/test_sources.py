"""What pays an order that replaces goods, and by which payments it goes back: nothing is lost, nothing given twice."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.orders import CreditPart, PricedLine, Totals
from shared.events.refunds import RefundRequested
from shared.ids import uuid7
from tests.properties.values import BOUNDED
from write_side.inventory import Demand
from write_side.payments import Payment
from write_side.refunds.domain import Bought, NewRefund, Refund, RefundExceedsCaptured, evolve
from write_side.refunds.requesting import request
from write_side.refunds.sources import by_payment, credits_of, left_of, share

ORDER, OWN = UUID(int=1), UUID(int=2)
amounts = st.integers(0, 100_000)


def bought(charged: int, credits: list[int], quantities: list[int]) -> Bought:
    """An order whose lines and shipping come to what its payment and these credits pay."""
    total = charged + sum(credits)
    unit = total // (2 * sum(quantities))
    lines = [
        PricedLine(f"sku-{n}", UUID(int=n), UUID(int=n), "Lamp", quantity, unit, unit * quantity, 0)
        for n, quantity in enumerate(quantities)
    ]
    net = sum(line.total_minor for line in lines)
    method = "card" if charged else "exchange"
    payment = Payment(OWN, ORDER, charged, "EUR", "captured", "pi_own", 1, method=method)
    parts = [CreditPart(UUID(int=10 + n), f"pi_{n}", amount) for n, amount in enumerate(credits)]
    return Bought(lines, Totals("EUR", net, total - net, 0, total), [], payment, {}, credits=parts)


def refunded(order: Bought, earlier: list[Refund], wanted: NewRefund, moved: int = 0) -> list[RefundRequested]:
    return by_payment(request(order, earlier, wanted, uuid7()), order, earlier, uuid7, moved)


@BOUNDED
@given(
    charged=st.integers(0, 5_000), credits=st.lists(st.integers(1, 5_000), max_size=3),
    quantities=st.lists(st.integers(1, 4), min_size=1, max_size=4), fails=st.lists(st.booleans(), min_size=30),
)  # fmt: skip
def test_line_by_line_all_goes_back_by_what_paid_it_to_the_minor_unit(
    charged: int, credits: list[int], quantities: list[int], fails: list[bool]
) -> None:
    if charged + sum(credits) < 2 * sum(quantities):
        return
    order, earlier = bought(charged, credits, quantities), list[Refund]()
    for n, line in enumerate(order.lines):
        events = refunded(order, earlier, NewRefund("returned", lines=[Demand(line.sku, line.quantity)]))
        state: Any = "failed" if fails[n] else "succeeded"
        for event in events:
            assert event.amount_minor == sum(part.amount_minor for part in event.lines) + event.shipping_minor
            earlier.append(structs.replace(evolve(None, event, 1), state=state))
        assert sum(part.quantity for event in events for part in event.lines) == line.quantity
    rest = refunded(order, earlier, NewRefund("goodwill"))
    earlier += [evolve(None, event, 1) for event in rest]
    counted = dict.fromkeys(("pi_own", *(part.intent_id for part in order.credits)), 0)
    for refund in earlier:
        counted[refund.intent_id] += refund.counted_minor
    assert counted == {"pi_own": charged} | {part.intent_id: part.amount_minor for part in order.credits}


@BOUNDED
@given(short=st.integers(-500, 500), charged=amounts, gifts=amounts, least=st.sampled_from([30, 50, 1500]))
def test_what_comes_back_pays_as_far_as_it_goes_and_the_rest_can_be_charged(
    short: int, charged: int, gifts: int, least: int
) -> None:
    total = max(least, charged + gifts + short)
    paid = share(total, charged, gifts, least)
    rest = total - paid.moved_minor - paid.gifts_minor
    assert 0 <= paid.moved_minor <= charged
    assert 0 <= paid.gifts_minor <= gifts
    assert rest == 0 or rest >= least
    assert rest == max(total - charged - gifts, 0) or rest == least


@BOUNDED
@given(charged=st.integers(50, 5_000), credit=st.integers(0, 5_000), moved=st.integers(0, 20_000))
def test_what_is_moved_and_what_goes_back_are_what_the_goods_had_cost(charged: int, credit: int, moved: int) -> None:
    order = bought(charged, [credit] if credit else [], [2])
    parts = [evolve(None, event, 1) for event in refunded(order, [], NewRefund("returned"), moved)]
    carried = sum(part.amount_minor for part in credits_of(parts))
    assert carried == min(moved, charged + credit)
    assert carried + sum(part.charged_minor for part in parts) == charged + credit


@pytest.mark.parametrize("intent", [None, "pi_own"])
def test_what_a_payment_that_came_to_nothing_was_to_take_is_not_missed_by_what_earlier_ones_had(
    intent: str | None,
) -> None:
    order = bought(1_000, [700, 300], [2])
    released = refund_of(order, "released", 400)
    over = structs.replace(order.payment, state="voided", intent_id=intent)
    lines = [structs.replace(order.lines[0], gift_card=True)]
    order = structs.replace(order, payment=over, lines=lines, cards={lines[0].sku: []})
    wanted = NewRefund("not_exchanged", amount_minor=1_000)
    parts = refunded(order, [released], wanted)
    assert [(part.intent_id, part.amount_minor) for part in parts] == [("pi_0", 700), ("pi_1", 300)]
    back = [evolve(None, part, 1) for part in parts]
    assert [left_of(credit, [released, *back]) for credit in order.credits] == [0, 0]
    with pytest.raises(RefundExceedsCaptured):
        request(order, back, NewRefund("goodwill", amount_minor=1), uuid7())


def refund_of(order: Bought, state: Any, amount: int) -> Refund:
    whole = request(order, [], NewRefund("goodwill", amount_minor=amount), uuid7())
    return structs.replace(evolve(None, whole, 1), state=state)
