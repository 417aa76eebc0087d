"""Numbers in attributes: kept as words that sort like them, on a scale that holds each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.quantities import Quantity, indexed, number_of, quantity, sortable, step_of, word_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e18, max_value=1e18, allow_subnormal=False)


@given(NUMBERS, NUMBERS)
def test_words_sort_like_their_numbers_and_give_them_back(one: float, other: float) -> None:
    assert (sortable(one) < sortable(other)) == (one < other)
    assert number_of(sortable(one)) == one


@given(st.one_of(NUMBERS, st.integers(-(10**15), 10**15).map(float)).filter(lambda n: n == 0 or abs(n) > 1e-12))
def test_each_number_stands_on_its_step(number: float) -> None:
    low, high = step_of(number)
    assert low <= number < high or low == number == high == 0
    assert step_of(low).low == low, "a step begins where it begins"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("17.8", Quantity(17.8, "")),
        ("-20", Quantity(-20.0, "")),
        ("500 GB", Quantity(5e11, "B")),
        ("0.2mm", Quantity(0.0002, "m")),
        ("1,5 kg", Quantity(1500.0, "g")),
        ("0,125 kg", Quantity(125.0, "g")),
        ("1.125 kg", Quantity(1125.0, "g")),
        ("1250,125", Quantity(1250.125, "")),
        ("1,1250 kg", Quantity(1125.0, "g")),
        ("10,000 mAh", None),
        ("1,500", None),
        ("-1,500 W", None),
        ("1,234,567", None),
        ('15.6"', Quantity(15.6, '"')),
        ("60 dB", Quantity(60.0, "dB")),
        ("0 - 40", None),
        ("1e5", None),
        ("5 years", None),
        ("Wi-Fi 6", None),
        ("", None),
    ],
)
def test_what_is_a_quantity(text: str, told: Quantity | None) -> None:
    assert quantity(text) == told


def test_an_attribute_is_kept_as_the_numbers_that_it_is_and_their_steps_each_once() -> None:
    told = indexed("size", ("512 GB", "blue", "500 GB", "500GB"))
    assert told is not None
    assert told.numbers == [word_of(Quantity(5e11, "B")), word_of(Quantity(5.12e11, "B"))]
    assert told.steps == [word_of(Quantity(step_of(number).low, "B")) for number in (5e11, 5.12e11)]
    assert indexed("size (GB)", ("512",)) == indexed("size", ("512 GB",)), "the name tells the unit"
    assert indexed("size", ("blue", "1 - 2")) is None
