"""What is authorized and not captured: before the capture, line by line, and all parts always come to the whole."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.payments import PaymentReduced
from shared.events.refunds import RefundedLine
from shared.money import least_charge
from tests.unit.refunds.test_domain import THREE_LAMPS, asked, bought, lines, refund
from write_side.errors import Refusal
from write_side.payments import Work
from write_side.payments.domain import evolve as evolve_payment
from write_side.refunds.domain import Bought, NothingToRefund, Refund, RefundExceedsOrder, evolve
from write_side.refunds.releasing import AlreadyCaptured, NotAuthorized, NothingLeftToCapture, release

TWO = ("lamp", 3, 333, 190), ("oil", 2, 1000, 380)


def work(of: Bought, todo: Any = "capture", *, capturing: bool = False) -> Work:
    return Work(of.payment, todo, capturing, 0, None)


def released(of: Bought, earlier: list[Refund], n: int = 1, **wanted: Any) -> Refund:
    return evolve(None, release(of, work(of), earlier, asked(**wanted), UUID(int=200 + n)), 1)


def after(of: Bought, earlier: list[Refund], state: Any = "authorized") -> Bought:
    """The same order once the payment knows of these releases."""
    total = sum(each.amount_minor for each in earlier if each.state == "released")
    payment = evolve_payment(of.payment, PaymentReduced(of.payment.id, of.payment.order_id, total), 9)
    return structs.replace(of, payment=structs.replace(payment, state=state))


AUTHORIZED = bought(*TWO, state="authorized")


def test_a_line_that_cannot_be_sent_is_not_captured() -> None:
    part = released(AUTHORIZED, [], lines=lines(oil=1), restock=True)
    assert (part.state, part.amount_minor) == ("released", 1190)
    assert [a.quantity for a in part.restocked] == [1]
    assert after(AUTHORIZED, [part]).payment.due_minor == AUTHORIZED.totals.total_minor - 1190


@pytest.mark.parametrize(
    ("of", "held", "refusal"),
    [
        (bought(*TWO, state="pending"), {"todo": None}, NotAuthorized),
        (bought(*TWO, state="voided"), {"todo": None}, NotAuthorized),
        (AUTHORIZED, {"todo": "void"}, NotAuthorized),
        (AUTHORIZED, {"capturing": True}, AlreadyCaptured),
        (bought(*TWO, state="captured"), {"todo": None}, AlreadyCaptured),
    ],
)
def test_only_what_is_authorized_and_not_on_its_way_is_released(
    of: Bought, held: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        release(of, work(of, **held), [], asked(amount_minor=1), UUID(int=1))


def test_something_is_left_to_capture() -> None:
    most = AUTHORIZED.totals.total_minor - least_charge("EUR")
    assert released(AUTHORIZED, [], amount_minor=most).amount_minor == most
    for too_much in ({"amount_minor": most + 1}, {}):
        with pytest.raises(NothingLeftToCapture):
            released(AUTHORIZED, [], **too_much)
    with pytest.raises(RefundExceedsOrder):
        released(AUTHORIZED, [], lines=lines(oil=3))
    free = bought(("gift", 1, 0, 0), *TWO, state="authorized")
    with pytest.raises(NothingToRefund):
        released(free, [], lines=lines(gift=1))


def test_what_is_left_can_be_captured_in_its_currency() -> None:
    payment = structs.replace(AUTHORIZED.payment, currency="CZK")
    totals = structs.replace(AUTHORIZED.totals, currency="CZK")
    of = structs.replace(AUTHORIZED, payment=payment, totals=totals)
    most = of.totals.total_minor - 1_500
    assert released(of, [], amount_minor=most).amount_minor == most
    with pytest.raises(NothingLeftToCapture):
        released(of, [], amount_minor=most + 1)


@given(st.data())
def test_captured_released_and_given_back_come_to_what_the_order_costs(data: st.DataObject) -> None:
    """Any releases, then the capture, then any refunds and the rest: nothing is left, and nothing was given twice."""
    history: list[Refund] = []
    wish = st.one_of(
        st.builds(lambda sku, n: {"lines": lines(**{sku: n})}, st.sampled_from(["lamp", "oil"]), st.integers(1, 3)),
        st.builds(lambda amount: {"amount_minor": amount}, st.integers(1, 2000)),
        st.just({"shipping": True}),
    )
    for n, wanted in enumerate(data.draw(st.lists(wish, max_size=4))):
        try:
            history.append(released(after(AUTHORIZED, history), history, n, **wanted))
        except Refusal:
            continue
    paid = after(AUTHORIZED, history, "captured")
    for n, wanted in enumerate(data.draw(st.lists(wish, max_size=3))):
        try:
            history.append(refund(paid, history, n, **wanted))
        except Refusal:
            continue
    back = sum(each.amount_minor for each in history if each.state != "released")
    assert 0 <= back <= paid.payment.due_minor
    try:
        rest = refund(paid, history, 9)
    except NothingToRefund:
        assert back == paid.payment.due_minor
        return
    assert back + rest.amount_minor == paid.payment.due_minor
    assert rest.amount_minor == sum(line.amount_minor for line in rest.lines) + rest.shipping_minor or not rest.lines
    assert all(line.amount_minor >= 0 for line in rest.lines)


def test_after_a_mere_amount_the_parts_of_the_rest_are_the_rest() -> None:
    goodwill = refund(THREE_LAMPS, [], amount_minor=700)
    rest = refund(THREE_LAMPS, [goodwill], 2)
    assert rest.amount_minor == THREE_LAMPS.totals.total_minor - 700
    assert (rest.shipping_minor, [line.amount_minor for line in rest.lines]) == (0, [1189 - (700 - 595)])


def test_no_line_is_worth_less_than_nothing_whichever_refunds_failed() -> None:
    cheap = bought(("pin", 3, 0, 1), state="captured")
    costs = structs.replace(cheap.lines[0], total_minor=1, tax_minor=0)
    penny = structs.replace(cheap, lines=[costs])
    first = refund(penny, [], lines=lines(pin=1), shipping=True)
    assert [line.amount_minor for line in first.lines] == [0]
    third = structs.replace(first, amount_minor=1, shipping_minor=0, lines=[RefundedLine("pin", 1, 1)])
    again = refund(penny, [structs.replace(first, state="failed"), third], 7, lines=lines(pin=1), shipping=True)
    assert [line.amount_minor for line in again.lines] == [0]
