"""Zones: which one a place lies in, what sending costs there, and which may be set."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.orders import Shipping
from shared.events.shipping import Bracket, Method, Place
from write_side.shipping import domain
from write_side.shipping.domain import (
    BracketInput,
    BrokenZone,
    MethodInput,
    Parcel,
    PlaceInput,
    PlaceTaken,
    UnknownCurrency,
    UnknownDestination,
    UnknownShippingMethod,
    Zone,
    ZoneInput,
)
from write_side.shipping.seeds import ZONES, of_rates

ID = UUID(int=1)
PARCEL = Parcel("ES", "", "28001", "EUR", 1200, 4000)


def method(code: str, *brackets: Bracket, free_from: int | None = None) -> Method:
    return Method(code, code.title(), {"EUR": list(brackets)}, {} if free_from is None else {"EUR": free_from})


def zone(code: str, *places: Place, methods: tuple[Method, ...] = ()) -> Zone:
    return Zone(ID, code, code.title(), list(places), list(methods), 1)


def said(*places: PlaceInput, methods: tuple[MethodInput, ...] = ()) -> ZoneInput:
    return ZoneInput("A zone", list(places), list(methods))


SPAIN = zone("spain", Place("ES"))
BALEARICS = zone("balearics", Place("ES", regions=["IB"]))
CANARIES = zone("canaries", Place("ES", postcodes=["35", "38"]))
LANZAROTE = zone("lanzarote", Place("ES", postcodes=["355"]))


@pytest.mark.parametrize(
    ("region", "postcode", "expected"),
    [
        ("", "28001", SPAIN), ("ib", "07001", BALEARICS), ("", "35001", CANARIES), ("", "35 500", LANZAROTE),
        ("IB", "35001", CANARIES), ("", "", SPAIN),
    ],
)  # fmt: skip
def test_the_zone_that_names_a_place_most_closely_holds(region: str, postcode: str, expected: Zone) -> None:
    zones = [CANARIES, SPAIN, LANZAROTE, BALEARICS]
    assert domain.zone_of(zones, "ES", region, postcode) == expected
    assert domain.zone_of(reversed(zones), "ES", region, postcode) == expected


def test_a_part_of_a_country_is_not_the_country() -> None:
    assert domain.zone_of([CANARIES], "ES", "", "28001") is None
    assert domain.zone_of([SPAIN], "PT", "", "28001") is None


@pytest.mark.parametrize(
    ("grams", "value", "price"),
    [(1000, 4000, 490), (1001, 4000, 690), (5000, 4000, 690), (5001, 4000, None), (1000, 9999, 490), (1000, 10_000, 0),
     (5001, 10_000, None)],
)  # fmt: skip
def test_the_first_bracket_that_fits_holds_and_what_fits_none_is_not_sent(
    grams: int, value: int, price: int | None
) -> None:
    parcel = method("parcel", Bracket(490, up_to_grams=1000), Bracket(690, up_to_grams=5000), free_from=10_000)
    assert domain.price_of(parcel, Parcel("DE", "", "", "EUR", grams, value)) == price
    assert domain.price_of(parcel, Parcel("DE", "", "", "USD", grams, value)) is None


@pytest.mark.parametrize(
    ("value", "price", "from_"), [(2000, 490, 0), (2001, 190, 2001), (9_999, 190, 2001), (10_000, 0, 10_000)]
)
def test_what_costs_less_from_a_value_on_says_from_which(value: int, price: int, from_: int) -> None:
    parcel = method("parcel", Bracket(490, up_to_minor=2000), Bracket(190), free_from=10_000)
    zones = [zone("spain", Place("ES"), methods=(parcel,))]
    [sent] = domain.options(zones, Parcel("ES", "", "", "EUR", 0, value))
    assert (sent.price_minor, sent.from_minor) == (price, from_)


def test_what_costs_nothing_anyway_needs_no_value() -> None:
    letter = method("letter", Bracket(0), free_from=1000)
    [sent] = domain.options([zone("spain", Place("ES"), methods=(letter,))], Parcel("ES", "", "", "EUR", 0, 5000))
    assert (sent.price_minor, sent.from_minor) == (0, 0)


def test_brackets_go_by_value_too() -> None:
    letter = method("letter", Bracket(190, up_to_minor=2000), Bracket(90))
    assert [domain.price_of(letter, Parcel("DE", "", "", "EUR", 0, value)) for value in (2000, 2001)] == [190, 90]


def test_the_cheapest_is_taken_unless_another_one_is_wanted() -> None:
    methods = (method("express", Bracket(1490)), method("standard", Bracket(490)), method("letter", Bracket(90, 500)))
    options = domain.options([zone("spain", Place("ES"), methods=methods)], PARCEL)
    assert [(option.method, option.price_minor, option.zone) for option in options] == [
        ("standard", 490, "spain"), ("express", 1490, "spain"),
    ]  # fmt: skip
    assert domain.chosen(options, None, PARCEL).method == "standard"
    assert domain.chosen(options, "express", PARCEL) == Shipping("express", "Express", 1490, "spain")
    with pytest.raises(UnknownShippingMethod) as refused:
        domain.chosen(options, "letter", PARCEL)
    assert refused.value.facts["methods"] == ["standard", "express"]


def test_where_nothing_goes_is_no_destination() -> None:
    assert domain.options([SPAIN], PARCEL) == []
    with pytest.raises(UnknownDestination):
        domain.chosen([], None, PARCEL)


def test_what_stands_so_already_is_no_event() -> None:
    event = domain.set_zone([], "spain", said(PlaceInput("ES")), ID)
    assert event is not None
    stands = domain.evolve(event, 1)
    assert domain.set_zone([stands], "spain", said(PlaceInput("ES")), UUID(int=2)) is None
    moved = domain.set_zone([stands], "spain", said(PlaceInput("PT")), UUID(int=2))
    assert moved is not None
    assert (moved.zone_id, moved.places) == (ID, [Place("PT")])


@pytest.mark.parametrize(
    "place", [PlaceInput("ES"), PlaceInput("ES", regions=["IB"]), PlaceInput("ES", postcodes=["99", "38"])]
)
def test_no_two_zones_name_the_same_place(place: PlaceInput) -> None:
    with pytest.raises(PlaceTaken) as refused:
        domain.set_zone([SPAIN, BALEARICS, CANARIES], "mine", said(PlaceInput("PT"), place), ID)
    assert refused.value.facts["pointer"] == "/places/1"
    closer = PlaceInput("ES", postcodes=["381"])
    assert domain.set_zone([SPAIN, BALEARICS, CANARIES], "mine", said(closer), ID) is not None


@pytest.mark.parametrize(
    ("methods", "refusal", "pointer"),
    [
        ([("a", {"EUR": [(1, None)]}), ("a", {"EUR": [(1, None)]})], BrokenZone, "/methods/1/code"),
        ([("a", {"XXX": [(1, None)]})], UnknownCurrency, "/methods/0/prices"),
        ([("a", {"EUR": [(1, None), (2, 500)]})], BrokenZone, "/methods/0/prices/EUR/1"),
        ([("a", {"EUR": [(1, 500), (2, 500)]})], BrokenZone, "/methods/0/prices/EUR/1"),
    ],
)
def test_a_zone_that_cannot_be_meant_is_refused(
    methods: list[tuple[str, dict[str, list[tuple[int, int | None]]]]], refusal: type[Exception], pointer: str
) -> None:
    given_methods = tuple(
        MethodInput(code, code, {c: [BracketInput(*bracket) for bracket in brackets] for c, brackets in prices.items()})
        for code, prices in methods
    )
    with pytest.raises(refusal) as refused:
        domain.set_zone([], "mine", said(PlaceInput("ES"), methods=given_methods), ID)
    assert refused.value.facts["pointer"] == pointer  # type: ignore[attr-defined]


def test_days_run_forwards() -> None:
    slow = MethodInput("slow", "Slow", {"EUR": [BracketInput(1)]}, min_days=5, max_days=4)
    with pytest.raises(BrokenZone):
        domain.set_zone([], "mine", said(methods=(slow,)), ID)


@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(0, 50)), min_size=1, max_size=6), st.data())
def test_of_brackets_that_may_be_set_each_holds_for_something(
    brackets: list[tuple[int, int | None]], data: st.DataObject
) -> None:
    slow = MethodInput("slow", "Slow", {"EUR": [BracketInput(price, grams) for price, grams in brackets]})
    try:
        event = domain.set_zone([], "mine", said(methods=(slow,)), ID)
    except BrokenZone:
        return
    assert event is not None
    kept = event.methods[0].prices["EUR"]
    for n, bracket in enumerate(kept):
        least = max((b.up_to_grams + 1 for b in kept[:n] if b.up_to_grams is not None), default=0)
        assert bracket.up_to_grams is None or least <= bracket.up_to_grams, "some parcel costs this"


def test_the_first_zones_can_be_set_and_so_can_those_of_old_rates() -> None:
    for first in (ZONES, of_rates({"DE": {"EUR": 490}, "AT": {"EUR": 690, "CHF": 790}})):
        zones: list[Zone] = []
        for code, zone_ in first.items():
            event = domain.set_zone(zones, code, zone_, ID)
            assert event is not None
            zones.append(domain.evolve(event, 1))
    assert domain.options(zones, Parcel("AT", "", "", "CHF", 0, 0))[0].price_minor == 790
