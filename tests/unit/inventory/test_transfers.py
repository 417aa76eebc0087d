"""Transfers that take their time, pure: whatever is done to one, each unit that was sent is somewhere."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.transfers import Difference
from write_side.errors import Refusal
from write_side.inventory.domain import Demand
from write_side.inventory.transfers.domain import (
    CloseTransfer,
    DifferenceUnexplained,
    PlanTransfer,
    ReceiveTransfer,
    ToldDifference,
    Transfer,
    cancel,
    close,
    dispatch,
    evolve,
    plan,
    receive,
    surplus,
)

ID = UUID(int=1)


def planned(**quantities: int) -> Transfer:
    lines = [Demand(sku, quantity) for sku, quantity in quantities.items()]
    return evolve(None, plan(PlanTransfer("BER", "HAM", lines, "T-17"), ID), 1)


def after(transfer: Transfer, event: Any) -> Transfer:
    return transfer if event is None else evolve(transfer, event, transfer.version + 1)


def closing(*told: tuple[str, int, Any]) -> CloseTransfer:
    return CloseTransfer([ToldDifference(*each) for each in told], "claimed")


def test_lines_stand_by_their_skus() -> None:
    assert [line.sku for line in planned(lamp=1, bulb=2, Zebra=3).lines] == ["Zebra", "bulb", "lamp"]


def test_a_difference_names_what_is_not_explained() -> None:
    moving = after(planned(lamp=3, bulb=1), dispatch(planned(lamp=3, bulb=1)))
    with pytest.raises(DifferenceUnexplained) as refused:
        close(moving, closing(("lamp", 4, "lost"), ("bulb", 1, "damaged")))
    assert refused.value.facts == {"lines": [{"sku": "lamp", "in_transit": 3, "explained": 4}]}


def test_a_surplus_is_added_up() -> None:
    moving = after(planned(lamp=1), dispatch(planned(lamp=1)))
    event = close(moving, closing(("lamp", 1, "lost"), ("lamp", 1, "surplus"), ("lamp", 2, "surplus")))
    assert event is not None
    assert event.differences[0] == Difference("lamp", 1, "lost")
    assert [(line.sku, line.quantity) for line in surplus(event)] == [("lamp", 3)]


STEPS = st.one_of(
    st.sampled_from(["dispatch", "cancel"]),
    st.tuples(st.just("receive"), st.sampled_from(["lamp", "bulb"]), st.integers(1, 4)),
    st.tuples(st.just("close"), st.sampled_from(["lost", "damaged", "surplus"]), st.integers(1, 4)),
)


@given(st.lists(STEPS, max_size=12))
def test_each_unit_that_was_sent_is_somewhere(steps: list[Any]) -> None:
    transfer, here, there = planned(lamp=5, bulb=3), 20, 0
    for step in steps:
        before = transfer
        try:
            transfer = after(transfer, _event(transfer, step))
        except Refusal:
            assert transfer is before
            continue
        here -= 8 if (before.state, transfer.state) == ("planned", "in_transit") else 0
        here += sum(line.returned for line in transfer.lines) - sum(line.returned for line in before.lines)
        there += sum(line.received + line.surplus for line in transfer.lines)
        there -= sum(line.received + line.surplus for line in before.lines)
        gone = sum(line.lost + line.damaged - line.surplus for line in transfer.lines)
        assert here + there + sum(transfer.on_the_road.values()) + gone == 20
        assert all(line.left >= 0 for line in transfer.lines)


def _event(transfer: Transfer, step: Any) -> Any:
    match step:
        case "dispatch":
            return dispatch(transfer)
        case "cancel":
            return cancel(transfer, "the truck broke down")
        case ("receive", sku, quantity):
            return receive(transfer, ReceiveTransfer([Demand(sku, quantity)]))
        case ("close", "surplus", quantity):
            return close(transfer, closing(("lamp", quantity, "surplus"), *_left(transfer, "lost")))
        case ("close", why, _):
            return close(transfer, closing(*_left(transfer, why)))


def _left(transfer: Transfer, why: str) -> list[tuple[str, int, str]]:
    return [(sku, quantity, why) for sku, quantity in transfer.on_the_road.items()]
