"""Ranges of numbers: cut out of what was found, and read from a URL."""

from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_side.search import ranges
from read_side.search.ranges import Bin, Range, Scale
from read_side.search.worth import worth_counting
from shared.documents.quantities import quantity, step_of
from tests.unit.read_side.test_search_words import ASKED

NUMBERS = st.one_of(
    st.integers(-(10**6), 10**9).map(float),
    st.decimals(-1000, 1000, places=2).map(float),
    st.integers(0, 30).map(float),
)


@given(st.lists(NUMBERS, min_size=1, max_size=200), st.booleans())
def test_ranges_hold_each_number_once(numbers: list[float], by_steps: bool) -> None:
    counted = Counter(step_of(number).low if by_steps else number for number in numbers)
    bins = [Bin(low, step_of(low).high if by_steps else low, n) for low, n in sorted(counted.items())]
    cut = ranges.cut(bins)
    assert len(cut) <= ranges.MOST_RANGES
    for low, high, count in cut:
        assert count == len([number for number in numbers if low <= number < high]) > 0
    assert sum(part.products for part in cut) == len(numbers)
    assert all(one.high <= other.low for one, other in pairwise(cut))


@given(st.decimals(-(10**8), 10**8, places=3), st.sampled_from([("g", 1.0), ("kg", 1000.0), ("", 1.0)]))
def test_what_a_range_says_is_read_as_the_same(number: Decimal, unit: tuple[str, float]) -> None:
    scale, kept = Scale(*unit, written=True), quantity(f"{number} {unit[0]}")
    assert kept is not None
    shown = scale.shown(kept.number)
    told = ranges.parsed("weight", scale.text(f"{shown}..{shown}"))
    assert told is not None
    assert told.low == told.high == kept.number


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("100..200", Range(100, 200, "g")),
        ("100..<200", Range(100, 200, "g", apart=True)),
        ("1..2 kg", Range(1000, 2000, "g")),
        ("-5..5 °C", Range(-5, 5, "°C")),
        ("1..", Range(1, float("inf"), "g")),
        ("..<1", Range(float("-inf"), 1, "g", apart=True)),
        ("1..<", Range(1, float("inf"), "g")),
        ("..", None),
        ("5", None),
        ("a..b", None),
        ("1..2 apples", None),
        ("1,500..2,000", None),
        ("1..2,000", None),
        ("1,500..2", None),
    ],
)
def test_what_is_a_range(text: str, told: Range | None) -> None:
    assert ranges.parsed("weight (g)", text) == told


def test_facets_are_those_that_many_have_and_that_tell_them_apart() -> None:
    some = {"lid": ["yes"]}, {"lid": ["no"]}, {"lid": ["yes"]}
    hits = [
        {
            "_source": {
                "facets": {
                    "maker": ["Nox"],
                    "serial": [f"S-{number}"],
                    "weight (g)": [str(number)],
                    "colour": [("red", "blue")[number % 2]],
                    **(some[number] if number < 3 else {}),
                }
            }
        }
        for number in range(12)
    ]
    assert worth_counting(hits, ASKED, 5) == ["Colour", "weight (g)", "colour", "serial", "lid"], "chosen, then useful"
    assert worth_counting([], ASKED, 5) == ["Colour"]
