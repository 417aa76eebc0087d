"""Stock decisions, with data."""

from collections.abc import Sequence
from itertools import product
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.inventory import StockItemOpened, StockReserved
from shared.events.orders import Allocation
from shared.ids import uuid7
from shared.settings import AllocationStrategy
from write_side.errors import Invalid
from write_side.inventory.allocating import allocate, summed
from write_side.inventory.domain import (
    BelowReserved,
    CountOutOfDate,
    CountStock,
    Demand,
    MoveStock,
    OutOfStock,
    StockItem,
    TransferStock,
    UnknownStock,
    check_adjustment,
    check_transfer,
    count,
    evolve_item,
    transfer,
)

PRODUCT = UUID(int=1)


def item(sku: str, warehouse: str, on_hand: int, reserved: int = 0) -> StockItem:
    return StockItem(uuid7(), sku, warehouse, PRODUCT, on_hand, reserved, low_at=5, version=1)


def test_two_lines_of_one_sku_are_checked_together() -> None:
    assert summed([Demand("lamp", 2), Demand("bulb", 1), Demand("lamp", 3)]) == {"lamp": 5, "bulb": 1}


def test_the_first_warehouse_with_enough_ships_it_whole() -> None:
    items = [item("lamp", "BER", 1), item("lamp", "HAM", 4)]
    assert allocate({"lamp": 3}, items) == [(Allocation("lamp", "HAM", 3), items[1].id)]


def test_what_no_warehouse_has_alone_is_split() -> None:
    items = [item("lamp", "BER", 2, reserved=1), item("lamp", "HAM", 4)]
    split = [(Allocation("lamp", "BER", 1), items[0].id), (Allocation("lamp", "HAM", 4), items[1].id)]
    assert allocate({"lamp": 5}, items) == split


def test_a_refusal_tells_what_is_left_of_every_lacking_line() -> None:
    items = [item("lamp", "BER", 10, reserved=7), item("bulb", "BER", 0), item("cord", "BER", 9)]
    with pytest.raises(OutOfStock, match="4 wanted, 3 left") as refusal:
        allocate({"lamp": 4, "bulb": 1, "cord": 1}, items)
    assert refusal.value.facts["lines"] == [
        {"sku": "bulb", "wanted": 1, "available": 0},
        {"sku": "lamp", "wanted": 4, "available": 3},
    ]


def test_a_sku_kept_nowhere_is_not_merely_out_of_stock() -> None:
    with pytest.raises(UnknownStock):
        allocate({"ghost": 1}, [])


def test_each_strategy_takes_from_the_place_it_is_called_after() -> None:
    items = [item("bulb", "BER", 9), item("lamp", "HAM", 5), item("bulb", "MUC", 9), item("lamp", "MUC", 5)]
    items.append(item("bulb", "ULM", 99))

    def places(strategy: AllocationStrategy) -> dict[str, str]:
        taken = allocate({"lamp": 2, "bulb": 2}, items, strategy)
        return {allocation.sku: allocation.warehouse for allocation, _ in taken}

    assert places("priority") == {"bulb": "BER", "lamp": "HAM"}
    assert places("most_stock") == {"bulb": "ULM", "lamp": "HAM"}
    assert places("fewest_parcels") == {"bulb": "MUC", "lamp": "MUC"}


@given(st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=6))
def test_no_choice_needs_fewer_parcels_than_the_strategy_that_is_called_so(whole: Sequence[set[int]]) -> None:
    """Each SKU comes whole from these warehouses, the others have too few; held against every choice there is."""
    kept = [(place, sku, 2 if place in places else 1) for sku, places in enumerate(whole) for place in range(5)]
    items = [item(f"sku-{sku}", f"W{place}", count) for place, sku, count in sorted(kept)]
    demand = {f"sku-{sku}": 2 for sku in range(len(whole))}
    used = {allocation.warehouse for allocation, _ in allocate(demand, items, "fewest_parcels")}
    assert len(used) == min(len(set(choice)) for choice in product(*whole))


STRATEGIES = st.sampled_from(get_args(AllocationStrategy))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6), st.integers(1, 60), STRATEGIES)
def test_an_allocation_is_exact_and_never_takes_what_is_promised(
    places: Sequence[tuple[int, int]], wanted: int, strategy: AllocationStrategy
) -> None:
    items = [item("lamp", f"W{n}", on_hand + reserved, reserved) for n, (on_hand, reserved) in enumerate(places)]
    try:
        chosen = [allocation for allocation, _ in allocate({"lamp": wanted}, items, strategy)]
    except UnknownStock:
        assert not items
    except OutOfStock:
        assert sum(i.available for i in items) < wanted
    else:
        available = {i.warehouse: i.available for i in items}
        assert sum(a.quantity for a in chosen) == wanted
        assert all(0 < a.quantity <= available[a.warehouse] for a in chosen)
        assert len({a.warehouse for a in chosen}) == len(chosen)


def test_an_adjustment_by_nothing_is_a_mistake() -> None:
    with pytest.raises(Invalid):
        check_adjustment(MoveStock("lamp", "BER", 0, "count"))


def test_a_transfer_to_where_it_is_is_a_mistake() -> None:
    with pytest.raises(Invalid):
        check_transfer(TransferStock("lamp", "BER", "BER", 1, "?"))


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(1, 20))
def test_a_transfer_loses_nothing_and_leaves_what_is_promised(free: int, held: int, there: int, wanted: int) -> None:
    source, target = item("lamp", "BER", free + held, held), item("lamp", "HAM", there)
    command, id_ = TransferStock("lamp", "BER", "HAM", wanted, "nearer"), uuid7()
    if wanted > free:
        with pytest.raises(BelowReserved):
            transfer(source, target, command, id_)
        return
    out, into = transfer(source, target, command, id_)
    assert out.on_hand + into.on_hand == source.on_hand + target.on_hand
    assert out.on_hand >= out.reserved == held
    assert (out.transfer_id, out.to_warehouse, into.from_warehouse) == (into.transfer_id, "HAM", "BER")


def test_a_count_says_what_was_found_and_by_how_much_it_differs() -> None:
    event = count(item("lamp", "BER", 9, reserved=2), CountStock("lamp", "BER", 7, 9, "inventory"))
    assert (event.on_hand, event.reserved, event.change) == (7, 2, -2)


def test_a_count_of_what_changed_meanwhile_is_refused_with_what_is_there_now() -> None:
    with pytest.raises(CountOutOfDate) as refusal:
        count(item("lamp", "BER", 8), CountStock("lamp", "BER", 9, 9, "inventory"))
    assert refusal.value.facts == {"on_hand": 8, "reserved": 0}


def test_a_count_below_what_is_promised_is_refused() -> None:
    with pytest.raises(BelowReserved):
        count(item("lamp", "BER", 9, reserved=2), CountStock("lamp", "BER", 1, 9, "inventory"))


def test_an_event_says_the_figures_and_nothing_is_added_up() -> None:
    id_ = uuid7()
    opened = evolve_item(None, id_, 1, StockItemOpened("lamp", "BER", PRODUCT, 9, 0, 5, "opened"))
    after = evolve_item(opened, id_, 2, StockReserved("lamp", "BER", uuid7(), quantity=1, on_hand=7, reserved=3))
    assert (after.on_hand, after.reserved, after.available, after.version) == (7, 3, 4, 2)
