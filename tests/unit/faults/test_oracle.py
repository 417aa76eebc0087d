"""The oracle tells what is lost, doubled, out of order or another event; it is no use if it can't go red."""

from uuid import UUID

import pytest

from doorbuster.faults import oracle
from doorbuster.faults.oracle import Count, Event
from doorbuster.faults.shoppers import Purchase
from doorbuster.faults.watching import Entry
from doorbuster.faults.witness import Witnessed, chained

A, B = UUID(int=1), UUID(int=2)


def event(position: int, version: int = 1, *, aggregate: UUID = A, type_: str = "carts.cart_opened.v1") -> Event:
    return Event(position, 0, "cart:a", ("cart", aggregate), version, UUID(int=position), type_, b"{}", 0.0)


LOG = [event(3, 1), event(5, 2), event(9, 3)]


@pytest.mark.parametrize(
    ("found", "count"),
    [
        ([3, 5, 9], Count()),
        ([3, 9], Count(lost=1)),
        ([3, 5, 5, 9], Count(duplicated=1)),
        ([3, 9, 5], Count(reordered=1)),
        ([3, 5, 7, 9], Count(duplicated=1)),
        ([], Count(lost=3)),
    ],
)
def test_a_list_differs_by_what_is_lost_doubled_or_swapped(found: list[int], count: Count) -> None:
    assert oracle.compared([3, 5, 9], found) == count


def test_a_version_that_is_missing_in_the_log_is_lost_and_a_repeated_one_doubled() -> None:
    assert oracle.versions(LOG) == Count()
    assert oracle.versions([LOG[0], LOG[2]]) == Count(lost=1)
    assert oracle.versions([*LOG, event(11, 3)]) == Count(duplicated=1)


def test_an_entry_that_names_a_wrong_predecessor_or_holds_another_event_is_told() -> None:
    entries = [Entry(3, 0, UUID(int=3)), Entry(5, 3, UUID(int=5)), Entry(9, 5, UUID(int=9))]
    assert oracle.streams(LOG, {0: entries}) == (Count(), [])
    assert oracle.streams(LOG, {0: [*entries[:2], Entry(9, 3, UUID(int=9))]})[1]
    assert oracle.streams(LOG, {0: [*entries[:2], Entry(9, 5, UUID(int=8))]})[1]


def test_a_sink_that_saw_other_bytes_at_the_same_positions_is_told() -> None:
    chain = ""
    for each in LOG:
        chain = chained(chain, each.position, each.event_id, each.payload)
    right = Witnessed(9, (3, 5, 9), chain)
    assert oracle.sink("Redis", {"cart:a": LOG}, {"cart:a": right}) == (Count(), [])
    assert oracle.sink("Redis", {"cart:a": LOG}, {"cart:a": Witnessed(9, (3, 5, 9), "other")})[1]
    assert oracle.sink("Redis", {"cart:a": LOG}, {})[0] == Count(lost=3)


def test_an_order_that_no_key_was_answered_with_and_an_answer_without_an_order_are_told() -> None:
    placed = [event(3, aggregate=A, type_="orders.order_placed.v1")]
    answered = Purchase("key", "sku", order_id=str(A))
    assert oracle.orders([answered], placed) == []
    assert oracle.orders([], placed)
    assert oracle.orders([answered], [])
    assert oracle.orders([answered, Purchase("other", "sku", order_id=str(A))], placed), "two keys, one order"
    assert oracle.orders([Purchase("key", "sku", order_id=str(A), problem="500")], placed)
