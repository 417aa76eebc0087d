"""What may be sent back, once, and what is made of what came: data in, events or refusals out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation
from shared.events.refunds import RefundedLine
from shared.events.returns import ReturnReceived
from tests.properties.values import BOUNDED
from write_side.errors import Refusal
from write_side.fulfilment import Parcel
from write_side.inventory import Demand
from write_side.refunds import Refund
from write_side.returns.domain import (
    Gone,
    NewReturn,
    ReceiveReturn,
    RejectReturn,
    Return,
    UnitsIn,
    approve,
    cancel,
    evolve,
    expire,
    reject,
    request,
    returnable,
    to_refund,
    track,
    unpack,
)
from write_side.returns.refusals import (
    OutsideReturnWindow,
    ReceivesTooMuch,
    ReturnNotApproved,
    ReturnNotOpen,
    ReturnNotRequested,
    ReturnsTooMuch,
)

ORDER, ID = UUID(int=1), UUID(int=9)
NOW = datetime(2026, 11, 26, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)


def parcel(n: int, days_ago: float | None = 1, **lines: int) -> Parcel:
    at = None if days_ago is None else NOW - timedelta(days=days_ago)
    goods = [ParcelLine(*line) for line in lines.items()]
    state: Any = "shipped" if at is None else "delivered"
    return Parcel(UUID(int=n), ORDER, "DHL", str(n), goods, state, 1, delivered_at=at)


def refund(n: int, quantity: int, *, sent: int, back: int = 0, state: Any = "succeeded") -> Refund:
    return Refund(
        UUID(int=n), ORDER, UUID(int=2), "pi", 1, "EUR", "goodwill", [RefundedLine("lamp", quantity, 1)], 0,
        [Allocation("lamp", "BER", back)] if back else [], state, None, None, 1, [ParcelLine("lamp", sent)],
    )  # fmt: skip


def asked(by: Any = "customer", gone: Any = None, **lines: int) -> Return:
    wanted = NewReturn([Demand(*line) for line in lines.items()], "wrong_size")
    gone = gone or Gone([parcel(1, lamp=5)], [], [])
    return evolve(None, request(ORDER, gone, wanted, by, SINCE, ID), 1)


def approved(**lines: int) -> Return:
    each = asked(**lines)
    return evolve(each, approve(each, "BER"), 2)


def received(each: Return, refund_id: UUID | None = None, **came: int) -> Return:
    units = unpack(each, Gone([parcel(1, lamp=5)], [each], []), coming(**came))
    return evolve(each, ReturnReceived(each.id, ORDER, "BER", units, refund_id), 3)


def coming(condition: Any = "sellable", **lines: int) -> ReceiveReturn:
    return ReceiveReturn("BER", [UnitsIn(*line, condition) for line in lines.items()])


def left(returns: list[Return], refunds: list[Refund] | None = None, since: datetime | None = None) -> int:
    return returnable(Gone([parcel(1, lamp=2), parcel(2, 31, lamp=3)], returns, refunds or []), since)["lamp"]


def test_what_is_on_its_way_back_or_back_or_refunded_is_not_sent_back_again() -> None:
    assert left([]) == 5
    assert left([asked(lamp=2)]) == 3
    assert left([approved(lamp=2)]) == 3
    assert left([received(approved(lamp=2), lamp=1)]) == 4, "one did not come, and may come another time"
    assert left([], [refund(3, 2, sent=1)]) == 4, "one of the two had not left"
    assert left([], [refund(3, 2, sent=2, state="failed")]) == 5
    ours = received(approved(lamp=2), UUID(int=3), lamp=2)
    assert left([ours], [refund(3, 2, sent=2)]) == 3, "the refund of a return is not counted beside it"


def test_a_return_that_was_rejected_or_cancelled_frees_its_units() -> None:
    each = asked(lamp=2)
    assert left([evolve(each, reject(each, RejectReturn("used")), 2)]) == 5
    assert left([evolve(each, cancel(each), 2)]) == 5


def test_customers_have_a_window_from_the_arrival_of_each_parcel_and_staff_have_none() -> None:
    gone = Gone([parcel(1, lamp=2), parcel(2, 31, lamp=3)], [], [])
    assert left([], since=SINCE) == 2
    assert returnable(Gone([parcel(2, None, lamp=3)], [], []), SINCE) == {"lamp": 3}, "not here, for all we know"
    with pytest.raises(OutsideReturnWindow) as refusal:
        asked(gone=gone, lamp=3)
    assert refusal.value.facts["lines"] == [{"sku": "lamp", "wanted": 3, "left": 2}]
    assert asked("staff", gone, lamp=3).requested_by == "staff"
    with pytest.raises(ReturnsTooMuch):
        asked("staff", gone, lamp=6)
    with pytest.raises(ReturnsTooMuch):
        asked("staff", gone, desk=1)


def test_a_return_is_decided_on_once_and_received_once() -> None:
    each = approved(lamp=2)
    with pytest.raises(ReturnNotRequested):
        approve(each, "BER")
    with pytest.raises(ReturnNotRequested):
        reject(each, RejectReturn("used"))
    done = received(each, lamp=2)
    gone = Gone([parcel(1, lamp=5)], [done], [])
    for refusal, step in (
        (ReturnNotApproved, lambda: unpack(done, gone, coming(lamp=1))),
        (ReturnNotOpen, lambda: cancel(done)),
        (ReturnNotApproved, lambda: unpack(asked(lamp=1), gone, coming(lamp=1))),
    ):
        kind: type[Refusal] = refusal
        with pytest.raises(kind):
            step()


def test_no_more_is_received_than_was_to_come_nor_put_back_twice() -> None:
    each = approved(lamp=2)
    gone = Gone([parcel(1, lamp=2)], [each], [])
    with pytest.raises(ReceivesTooMuch):
        unpack(each, gone, coming(lamp=3))
    with pytest.raises(ReceivesTooMuch):
        unpack(each, gone, ReceiveReturn("BER", [UnitsIn("lamp", 2, "damaged"), UnitsIn("lamp", 1)]))
    put_back = structs.replace(gone, refunds=[refund(3, 1, sent=1, back=1)])
    with pytest.raises(ReceivesTooMuch) as refusal:
        unpack(each, put_back, coming(lamp=2))
    assert refusal.value.facts["lines"] == [{"sku": "lamp", "wanted": 2, "left": 1}]
    assert [unit.condition for unit in unpack(each, put_back, coming("damaged", lamp=2))] == ["damaged"]


def test_money_goes_back_for_what_came_and_is_left_to_refund() -> None:
    each = approved(lamp=3)
    came = [UnitsIn("lamp", 1), UnitsIn("lamp", 1, "damaged"), UnitsIn("lamp", 1, "damaged", False)]
    wanted = ReceiveReturn("BER", came)
    units = unpack(each, Gone([parcel(1, lamp=3)], [each], []), wanted)
    assert to_refund(units, {"lamp": 5}) == [Demand("lamp", 2)]
    assert to_refund(units, {"lamp": 1}) == [Demand("lamp", 1)]
    assert to_refund(units, {"lamp": 0}) == []


def test_scans_are_believed_by_rank_and_of_what_is_waited_for_alone() -> None:
    each = approved(lamp=1)
    seen = track(each, "out_for_delivery", NOW)
    assert seen is not None
    each = evolve(each, seen, 3)
    assert track(each, "in_transit", NOW) is None
    assert track(each, "delivered", NOW) is not None
    assert track(received(approved(lamp=1), lamp=1), "delivered", NOW) is None


def seen_on_its_way(*statuses: str) -> Return:
    """An approved return that is late by now."""
    each = structs.replace(approved(lamp=1), expires_at=NOW)
    for version, status in enumerate(statuses, 3):
        seen = track(each, status, NOW)
        each = each if seen is None else evolve(each, seen, version)
    return each


def test_what_the_carrier_gave_back_to_the_customer_is_not_at_our_door_and_expires() -> None:
    assert expire(seen_on_its_way("in_transit", "delivered"), NOW) is None
    assert expire(seen_on_its_way("in_transit", "delivered", "returning", "delivered"), NOW) is None, "told late"
    back = seen_on_its_way("in_transit", "returning", "delivered", "delivered", "in_transit")
    assert back.tracking == "back_with_customer"
    assert expire(back, NOW) is not None


@given(st.lists(st.tuples(st.sampled_from(["ask", "reject", "cancel", "receive"]), st.integers(1, 4)), max_size=12))
@BOUNDED
def test_whatever_is_asked_and_received_no_more_comes_back_than_has_left(steps: list[tuple[str, int]]) -> None:
    parcels, returns = [parcel(1, lamp=4), parcel(2, None, lamp=3)], list[Return]()
    for n, (step, quantity) in enumerate(steps, 1):
        gone = Gone(parcels, list(returns), [])
        try:
            if step == "ask":
                wanted = NewReturn([Demand("lamp", quantity)], "other")
                new = evolve(None, request(ORDER, gone, wanted, "customer", SINCE, UUID(int=n)), 1)
                returns.append(evolve(new, approve(new, "BER"), 2))
            elif returns:
                at = quantity % len(returns)
                each = returns[at]
                if step == "cancel":
                    returns[at] = evolve(each, cancel(each), 3)
                elif step == "receive":
                    units = unpack(each, gone, coming(lamp=quantity))
                    returns[at] = evolve(each, ReturnReceived(each.id, ORDER, "BER", units, None), 3)
        except Refusal:
            continue
    back = sum(unit.quantity for each in returns for unit in each.units)
    waited_for = sum(line.quantity for each in returns if each.state == "approved" for line in each.lines)
    assert back + waited_for <= 7
