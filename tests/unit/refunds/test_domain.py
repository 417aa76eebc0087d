"""What may be given back, and what the provider's word makes of it."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, PricedLine, Totals
from shared.events.refunds import RefundFailed, RefundPending, RefundSucceeded
from write_side.errors import Invalid, Refusal
from write_side.payments import Payment, SeenRefund
from write_side.refunds.domain import (
    Bought,
    NewRefund,
    NotCaptured,
    NothingToRefund,
    Refund,
    RefundExceedsCaptured,
    RefundExceedsOrder,
    evolve,
    judge,
)
from write_side.refunds.goods import still_taken, withheld
from write_side.refunds.requesting import request

ID, ORDER, PAYMENT = UUID(int=1), UUID(int=2), UUID(int=3)


def bought(
    *lines: tuple[str, int, int, int],
    shipping: int = 500,
    state: Any = "captured",
    shipped: dict[str, int] | None = None,
) -> Bought:
    """(SKU, quantity, unit price, tax of the line); shipping is taxed with 95."""
    priced = [PricedLine(sku, ID, ID, sku, n, price, n * price, tax) for sku, n, price, tax in lines]
    net, tax = sum(line.total_minor for line in priced), sum(line.tax_minor for line in priced) + 95
    totals = Totals("EUR", net, shipping, tax, net + shipping + tax)
    allocations = [Allocation(sku, "BER", n) for sku, n, _, _ in lines]
    payment = Payment(PAYMENT, ORDER, totals.total_minor, "EUR", state, "pi_1", 4)
    return Bought(priced, totals, allocations, payment, shipped or {})


def asked(**wanted: Any) -> NewRefund:
    return msgspec.convert({"reason": "returned"} | wanted, NewRefund)


def lines(**quantities: int) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]


def refund(of: Bought, earlier: list[Refund], n: int = 1, **wanted: Any) -> Refund:
    return evolve(None, request(of, earlier, asked(**wanted), UUID(int=100 + n)), 1)


THREE_LAMPS = bought(("lamp", 3, 333, 190))  # 1189 for three: no third of it is whole


def test_all_that_is_left_is_the_whole_order_with_shipping() -> None:
    whole = refund(THREE_LAMPS, [], restock=True)
    assert whole.amount_minor == THREE_LAMPS.totals.total_minor
    assert [(line.sku, line.quantity, line.amount_minor) for line in whole.lines] == [("lamp", 3, 1189)]
    assert (whole.shipping_minor, whole.restocked) == (595, [Allocation("lamp", "BER", 3)])


def test_units_of_a_line_leave_no_remainder() -> None:
    given_back: list[Refund] = []
    for n in range(3):
        given_back.append(refund(THREE_LAMPS, given_back, n, lines=lines(lamp=1)))
    assert [each.amount_minor for each in given_back] == [396, 396, 397]
    assert refund(THREE_LAMPS, given_back, 9, shipping=True).amount_minor == 595


def test_what_a_promotion_took_off_does_not_go_back() -> None:
    line = PricedLine("lamp", ID, ID, "lamp", 3, 333, 999, 152, 200)
    totals = Totals("EUR", 999, 500, 247, 1546, 200)
    reduced = structs.replace(THREE_LAMPS, lines=[line], totals=totals)
    one = refund(reduced, [], lines=lines(lamp=1))
    assert (one.amount_minor, refund(reduced, [one], lines=lines(lamp=2)).amount_minor) == (317, 634)
    assert refund(reduced, [], shipping=True).amount_minor == 595


@given(st.data())
def test_whatever_is_given_back_in_whatever_parts_the_rest_makes_the_total_whole(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 999), st.integers(0, 200)), min_size=1,
                               max_size=4))  # fmt: skip
    of = bought(*((f"sku{n}", *size) for n, size in enumerate(sizes)))
    done: list[Refund] = []
    for n in range(data.draw(st.integers(0, 8))):
        sku = data.draw(st.sampled_from([line.sku for line in of.lines]))
        wanted: dict[str, Any] = data.draw(st.sampled_from([
            {"lines": lines(**{sku: data.draw(st.integers(1, 9))})}, {"shipping": True},
            {"amount_minor": data.draw(st.integers(1, 2000))},
        ]))  # fmt: skip
        try:
            done.append(refund(of, done, n, **wanted))
        except Refusal:
            continue
        if data.draw(st.booleans()):  # the bank sends this one back: it counts no more
            done[-1] = structs.replace(done[-1], state="failed")
    gone = sum(each.amount_minor for each in done if each.state != "failed")
    assert gone <= of.totals.total_minor
    assert all(line.amount_minor >= 0 for each in done for line in each.lines)
    try:
        rest = refund(of, done, 99)
    except NothingToRefund:
        assert gone == of.totals.total_minor
    else:
        assert rest.amount_minor == of.totals.total_minor - gone


def test_more_than_was_captured_is_refused_and_told_what_is_left() -> None:
    part = refund(THREE_LAMPS, [], amount_minor=1000)
    with pytest.raises(RefundExceedsCaptured) as refusal:
        refund(THREE_LAMPS, [part], amount_minor=785)
    assert refusal.value.facts == {"left_minor": 784}
    assert refund(THREE_LAMPS, [part], amount_minor=784).amount_minor == 784


@pytest.mark.parametrize(
    ("back", "named"), [(1784, None), (1800, None), (1000, (784, 0)), (500, (1189, 95)), (1, (1189, 594))]
)
def test_as_much_as_is_left_is_named_where_an_amount_went_back(back: int, named: tuple[int, int] | None) -> None:
    """1189 of goods and 595 of shipping; at the provider more may have gone back than was captured."""
    part = structs.replace(refund(THREE_LAMPS, [], amount_minor=1), amount_minor=back)
    wanted = asked(lines=lines(lamp=3), shipping=True)
    if named is None:
        with pytest.raises(NothingToRefund):
            request(THREE_LAMPS, [part], wanted, ID, most=True)
        return
    found = request(THREE_LAMPS, [part], wanted, ID, most=True)
    assert (found.lines[0].amount_minor, found.shipping_minor, found.amount_minor) == (*named, sum(named))


def test_a_refund_that_failed_counts_no_more() -> None:
    failed = structs.replace(refund(THREE_LAMPS, []), state="failed")
    assert refund(THREE_LAMPS, [failed]).amount_minor == THREE_LAMPS.totals.total_minor


def test_what_a_gift_card_got_of_a_refund_that_failed_was_for_its_goods() -> None:
    """Lamp 150, cord 50, 95 for shipping; 60 of it by a gift card. What was charged goes back first: 235."""
    order = bought(("lamp", 1, 150, 0), ("cord", 1, 50, 0), shipping=0)
    charged = structs.replace(order.payment, amount_minor=235)
    order = structs.replace(order, payment=charged, gift_cards=[GiftPart(ID, 60)])
    first = refund(order, [], amount_minor=100)
    lamp = refund(order, [first], 2, lines=lines(lamp=1))
    assert lamp.gift_cards == [GiftPart(ID, 15)]
    done = [first, structs.replace(lamp, state="failed")]
    again = refund(order, done, 3, lines=lines(lamp=1))
    assert (again.amount_minor, again.charged_minor) == (135, 135), "15 of its 150 are back"
    done = [structs.replace(each, state="failed") for each in (first, refund(order, [first], 2))]
    assert refund(order, done, 3, shipping=True, lines=lines(cord=1, lamp=1)).amount_minor == 295 - 60
    assert refund(order, done, 3).amount_minor == 295 - 60


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=8), st.integers(1000, 2700))
def test_no_line_gives_more_back_than_it_cost_whatever_fails(asks: list[tuple[int, bool, bool]], gift: int) -> None:
    """Cords never come back: what went back is for lamps and shipping."""
    order = bought(("lamp", 3, 333, 190), ("cord", 1, 999, 0))
    charged = structs.replace(order.payment, amount_minor=order.totals.total_minor - gift)
    order, done = structs.replace(order, payment=charged, gift_cards=[GiftPart(ID, gift)]), list[Refund]()
    for n, (quantity, shipping, fails) in enumerate(asks):
        try:
            one = refund(order, done, n, lines=lines(lamp=quantity) if quantity else [], shipping=shipping)
        except Refusal:
            continue
        done.append(structs.replace(one, state="failed" if fails else "succeeded"))
        if not quantity and not shipping:
            return  # all that is left
    assert sum(each.counted_minor for each in done) <= 1189 + 595


def test_goods_come_back_once_even_if_their_money_did_not_go() -> None:
    failed = structs.replace(refund(THREE_LAMPS, [], lines=lines(lamp=2), restock=True), state="failed")
    assert refund(THREE_LAMPS, [failed], restock=True).restocked == [Allocation("lamp", "BER", 1)]


def test_goods_go_back_to_the_warehouses_that_they_came_from() -> None:
    split = structs.replace(THREE_LAMPS, allocations=[Allocation("lamp", "BER", 1), Allocation("lamp", "HAM", 2)])
    first = refund(split, [], lines=lines(lamp=2), restock=True)
    assert first.restocked == [Allocation("lamp", "BER", 1), Allocation("lamp", "HAM", 1)]
    assert refund(split, [first], restock=True).restocked == [Allocation("lamp", "HAM", 1)]


def test_what_a_return_brought_is_not_put_back_by_a_refund() -> None:
    order = structs.replace(THREE_LAMPS, shipped={"lamp": 3}, received={"lamp": 2})
    one = refund(order, [], lines=lines(lamp=1), restock=True)
    assert one.restocked == [Allocation("lamp", "BER", 1)]
    assert refund(order, [one], lines=lines(lamp=2), restock=True).restocked == []


def test_goods_that_are_back_unsent_are_taken_from_their_places_no_more() -> None:
    split = structs.replace(THREE_LAMPS, allocations=[Allocation("lamp", "BER", 1), Allocation("lamp", "HAM", 2)])
    two = refund(split, [], reason="goodwill", lines=lines(lamp=2), restock=True)
    assert still_taken(split.allocations, [two]) == [Allocation("lamp", "HAM", 1)]
    assert still_taken(split.allocations, [structs.replace(two, state="failed")]) == [Allocation("lamp", "HAM", 1)]
    sent = structs.replace(split, shipped={"lamp": 2})
    two = refund(sent, [], lines=lines(lamp=2), restock=True)
    assert still_taken(split.allocations, [two]) == split.allocations, "these had left"


def test_more_of_a_line_than_is_left_is_refused_line_by_line() -> None:
    two = refund(THREE_LAMPS, [], lines=lines(lamp=2))
    with pytest.raises(RefundExceedsOrder) as refusal:
        refund(THREE_LAMPS, [two], lines=lines(lamp=2, chair=1))
    assert refusal.value.facts["lines"] == [
        {"sku": "lamp", "wanted": 2, "left": 1}, {"sku": "chair", "wanted": 1, "left": 0}
    ]  # fmt: skip


def test_two_lines_of_one_sku_are_summed_before_they_are_checked() -> None:
    with pytest.raises(RefundExceedsOrder):
        refund(THREE_LAMPS, [], lines=[*lines(lamp=2), *lines(lamp=2)])


def test_shipping_goes_back_once() -> None:
    shipping = refund(THREE_LAMPS, [], shipping=True)
    with pytest.raises(NothingToRefund):
        refund(THREE_LAMPS, [shipping], shipping=True)


@pytest.mark.parametrize("state", ["requested", "pending", "declined", "authorized", "voided"])
def test_what_was_not_captured_is_not_refunded(state: str) -> None:
    with pytest.raises(NotCaptured):
        refund(bought(("lamp", 1, 999, 0), state=state), [])


@pytest.mark.parametrize(
    "wanted", [{"lines": lines(lamp=1)}, {"shipping": True}, {"restock": True}], ids=["lines", "shipping", "restock"]
)
def test_an_amount_stands_alone(wanted: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        refund(THREE_LAMPS, [], amount_minor=100, **wanted)


def test_shipping_alone_brings_no_goods_back() -> None:
    with pytest.raises(Invalid):
        refund(THREE_LAMPS, [], shipping=True, restock=True)


REQUESTED = refund(THREE_LAMPS, [], amount_minor=500)
PENDING = evolve(REQUESTED, RefundPending(REQUESTED.id, ORDER, "re_1"), 2)
SUCCEEDED = evolve(PENDING, RefundSucceeded(REQUESTED.id, ORDER, "re_1"), 3)
FAILED = evolve(SUCCEEDED, RefundFailed(REQUESTED.id, ORDER, "re_1", "lost_or_stolen_card"), 4)
GIVEN_UP = evolve(REQUESTED, RefundFailed(REQUESTED.id, ORDER, None, "charge_disputed"), 2)


@pytest.mark.parametrize(
    ("before", "status", "verdict"),
    [
        (REQUESTED, "pending", "pending"), (REQUESTED, "succeeded", "succeeded"), (REQUESTED, "failed", "failed"),
        (REQUESTED, "requires_action", "pending"), (REQUESTED, "canceled", "failed"),
        (PENDING, "pending", "ignore"), (PENDING, "succeeded", "succeeded"), (PENDING, "failed", "failed"),
        (SUCCEEDED, "pending", "ignore"), (SUCCEEDED, "succeeded", "ignore"), (SUCCEEDED, "failed", "failed"),
        (FAILED, "pending", "ignore"), (FAILED, "succeeded", "ignore"), (FAILED, "failed", "ignore"),
        (GIVEN_UP, "succeeded", "alarm"), (GIVEN_UP, "pending", "alarm"), (GIVEN_UP, "failed", "ignore"),
    ],
)  # fmt: skip
def test_every_word_in_every_order_has_its_verdict(before: Refund, status: str, verdict: str) -> None:
    assert judge(before, SeenRefund("re_1", status, 500, "EUR", "pi_1", before.id, ORDER)) == verdict


@pytest.mark.parametrize("odd", [{"provider_id": "re_2"}, {"amount_minor": 501}, {"currency": "USD"}])
def test_what_does_not_fit_is_for_a_person(odd: dict[str, Any]) -> None:
    seen = structs.replace(SeenRefund("re_1", "succeeded", 500, "EUR", "pi_1", PENDING.id, ORDER), **odd)
    assert judge(PENDING, seen) == "alarm"


@pytest.mark.parametrize(
    ("reason", "quantity", "sent"), [("returned", 1, 1), ("out_of_stock", 1, 0), ("returned", 3, 2), ("goodwill", 3, 2)]
)
def test_a_refund_says_how_many_of_its_goods_had_left_the_house(reason: str, quantity: int, sent: int) -> None:
    """Two of three are with the customer."""
    order = bought(("lamp", 3, 333, 190), shipped={"lamp": 2})
    given = refund(order, [], reason=reason, lines=lines(lamp=quantity))
    assert sum(line.quantity for line in given.sent) == sent
    assert withheld([given]) == {"lamp": quantity - sent}


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["returned", "goodwill"]), st.booleans()), max_size=4),
       st.integers(0, 5))  # fmt: skip
def test_refunds_never_speak_of_more_sent_goods_than_were_sent(asks: list[tuple[int, str, bool]], shipped: int) -> None:
    order, given = bought(("lamp", 5, 333, 190), shipped={"lamp": shipped}), list[Refund]()
    for n, (quantity, reason, back) in enumerate(asks):
        try:
            given.append(refund(order, given, n, reason=reason, restock=back, lines=lines(lamp=quantity)))
        except Refusal:
            continue
    assert sum(line.quantity for each in given for line in each.sent) <= shipped
    assert withheld(given).get("lamp", 0) + shipped <= 5, "what is kept and what is gone are not the same lamps"
