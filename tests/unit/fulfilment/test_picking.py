"""Pick lists: what is listed where, what of it is still due at the shelf, and what becomes of what isn't there."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation
from shared.events.picking import PickCancelled, PickFinished, PickListed, PickStarted
from write_side.errors import Invalid
from write_side.fulfilment.picking.domain import (
    FinishPick,
    MissesTooMuch,
    Pick,
    PickNotListed,
    PickNotStarted,
    as_sent,
    evolve,
    held,
    list_up,
    on_shelves,
    reallocated,
    shares,
    shelf,
    short_of,
    split,
    start,
)

ORDER = UUID(int=1)
PLACES = [Allocation("lamp", "BER", 2), Allocation("lamp", "HAM", 1), Allocation("cord", "HAM", 1)]


def lines(**quantities: int) -> list[ParcelLine]:
    return [ParcelLine(sku, quantity) for sku, quantity in quantities.items()]


def pick(n: int, state: Any, warehouse: str = "BER", **quantities: int) -> Pick:
    return Pick(UUID(int=n), ORDER, warehouse, lines(**quantities), state, 1)


def finishing(**wanted: Any) -> FinishPick:
    return msgspec.convert(wanted, FinishPick)


def test_each_warehouse_has_a_list_of_what_it_holds() -> None:
    found = list_up({"lamp": 3, "cord": 1}, [], PLACES)
    assert found == {"BER": lines(lamp=2), "HAM": lines(lamp=1, cord=1)}
    assert list_up({"lamp": 1, "cord": 0}, [], PLACES) == {"BER": lines(lamp=1)}, "the rest was refunded"


def test_nothing_is_listed_twice() -> None:
    assert list_up({"lamp": 3}, [pick(1, "listed", lamp=2)], PLACES) == {"HAM": lines(lamp=1)}
    # Both of Berlin's are packed, and held: only what Hamburg has is due.
    assert list_up({"lamp": 1}, [pick(1, "picked", lamp=2)], PLACES) == {"HAM": lines(lamp=1)}
    assert list_up({"lamp": 2}, [pick(1, "cancelled", lamp=2)], PLACES) == {"BER": lines(lamp=2)}


def test_a_list_holds_its_goods_from_its_start_on() -> None:
    picks = [pick(1, "listed", lamp=1), pick(2, "picking", lamp=1), pick(3, "picked", lamp=1, cord=1)]
    assert held(picks) == {"lamp": 2, "cord": 1}


def shared(owed: int, *picks: Pick, places: list[Allocation] = PLACES) -> list[int]:
    """How many lamps each of these lists has to send."""
    found = shares(picks, {"lamp": owed}, on_shelves(places, []))
    return [found[pick.id]["lamp"] for pick in picks]


def test_what_was_refunded_is_taken_off_some_of_the_lists_that_hold_it() -> None:
    berlin, hamburg = pick(1, "picked", lamp=2), pick(2, "picked", "HAM", lamp=1)
    assert [shared(n, berlin, hamburg) for n in range(5)] == [[0, 0], [1, 0], [2, 0], [2, 1], [2, 1]]
    assert shared(1, berlin, hamburg, places=[Allocation("lamp", "HAM", 1)]) == [0, 1], "those of Berlin are for sale"
    assert shared(2, berlin, hamburg, places=[Allocation("lamp", "HAM", 1)]) == [1, 1], "but nobody else has another"
    assert shared(1, pick(1, "picking", lamp=2), hamburg) == [0, 1], "it is there for sure"
    assert shared(1, pick(1, "listed", lamp=2), pick(2, "cancelled", lamp=2)) == [0, 0]


def test_a_list_whose_parcel_has_left_is_what_left() -> None:
    picks = [pick(1, "picked", lamp=2), pick(2, "picked", lamp=2)]
    sent = as_sent(picks, {UUID(int=1): lines(lamp=1), None: lines(lamp=5)})
    assert [each.lines for each in sent] == [lines(lamp=1), lines(lamp=2)]


def test_what_was_refunded_meanwhile_stays_on_the_shelf() -> None:
    listed = pick(1, "listed", lamp=2, cord=1)
    here = {"lamp": 2, "cord": 1}
    assert start(listed, {"lamp": 1, "cord": 1}, here) == PickStarted(listed.id, ORDER, lines(lamp=1, cord=1))
    assert start(listed, {"lamp": 0, "cord": -1}, here) == PickCancelled(listed.id, ORDER)


def test_a_list_takes_no_more_than_lies_on_its_shelf_for_its_order() -> None:
    listed = pick(1, "listed", lamp=2)
    picks = [listed, pick(2, "picked", lamp=1), pick(3, "cancelled", lamp=1), pick(4, "picked", "HAM", lamp=1)]
    assert shelf(listed, picks, PLACES) == {"lamp": 1}
    assert start(listed, {"lamp": 2}, {"lamp": 1}) == PickStarted(listed.id, ORDER, lines(lamp=1))
    assert start(listed, {"lamp": 2}, {}) == PickCancelled(listed.id, ORDER)


@pytest.mark.parametrize("state", ["picking", "picked", "cancelled"])
def test_a_list_is_started_once(state: str) -> None:
    with pytest.raises(PickNotListed):
        start(pick(1, state, lamp=1), {"lamp": 1}, {"lamp": 1})


@pytest.mark.parametrize("state", ["listed", "picked", "cancelled"])
def test_only_what_was_started_is_finished(state: str) -> None:
    with pytest.raises(PickNotStarted):
        split(pick(1, state, lamp=1), FinishPick())


def test_what_is_missing_has_a_reason_and_is_no_more_than_was_listed() -> None:
    begun = pick(1, "picking", lamp=2, cord=1)
    one = [{"sku": "lamp", "quantity": 1}]
    assert split(begun, finishing(missing=one, reason="damaged")) == (lines(lamp=1, cord=1), {"lamp": 1})
    assert split(begun, FinishPick()) == (begun.lines, {})
    for wrong in ({"missing": one}, {"reason": "damaged"}):
        with pytest.raises(Invalid):
            split(begun, finishing(**wrong))
    with pytest.raises(MissesTooMuch) as refused:
        split(begun, finishing(missing=[*one, {"sku": "lamp", "quantity": 2}], reason="damaged"))
    assert refused.value.facts["lines"] == [{"sku": "lamp", "wanted": 3, "left": 2}]


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_of_what_is_missing_as_much_is_made_up_for_as_is_owed_beside_what_was_found(
    here: int, gone: int, due: int, on_shelf: int
) -> None:
    short = short_of(lines(lamp=here), {"lamp": gone}, {"lamp": due}, {"lamp": on_shelf})
    assert here + short.owed.get("lamp", 0) == min(max(due, here), here + gone)
    assert here + short.out.get("lamp", 0) == min(max(on_shelf, here), here + gone)
    assert all(n > 0 for each in short[1:] for n in each.values())


@given(st.integers(0, 5), st.integers(0, 5), st.data())
def test_a_short_pick_moves_goods_between_shelves_and_makes_none(here: int, there: int, data: st.DataObject) -> None:
    before = [Allocation("lamp", "BER", here), Allocation("lamp", "HAM", there)]
    missing, found = data.draw(st.integers(0, here)), data.draw(st.integers(0, 5))
    after = reallocated(before, "BER", {"lamp": missing}, [Allocation("lamp", "HAM", found)])
    assert sum(place.quantity for place in after) == here + there - missing + found
    assert all(place.quantity > 0 for place in after)


def test_a_list_of_which_nothing_was_found_is_over() -> None:
    listed = evolve(None, PickListed(UUID(int=1), ORDER, "BER", lines(lamp=1)), 1)
    begun = evolve(listed, PickStarted(listed.id, ORDER, lines(lamp=1)), 2)
    done = evolve(begun, PickFinished(listed.id, ORDER, [], lines(lamp=1), "damaged", [], None), 3)
    assert (begun.state, done.state) == ("picking", "cancelled")
