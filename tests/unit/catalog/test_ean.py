import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ean import check_digit, normalized


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("4006381333931", "4006381333931"),
        ("036000291452", "0036000291452"),  # a UPC is an EAN with a zero in front
        ("0036000291452", "0036000291452"),
        ("00036000291452", "0036000291452"),
        ("96385074", "96385074"),
        ("0000096385074", "96385074"),
        ("10036000291459", "10036000291459"),
    ],
)
def test_the_same_number_is_kept_in_one_form(given: str, kept: str) -> None:
    assert normalized(given) == kept
    assert normalized(kept) == kept


@pytest.mark.parametrize(
    "given", ["", "4006381333932", "400638133393", "40063813339310", "400638133393X", "٤٠٠٦٣٨١٣", "1 2"]
)
def test_what_is_no_ean_has_no_form(given: str) -> None:
    assert normalized(given) is None


@given(st.integers(min_value=0, max_value=10**13 - 1))
def test_any_digits_become_an_ean_with_their_check_digit_and_with_no_other(number: int) -> None:
    digits = f"{number:013d}"
    right = check_digit(digits)
    assert normalized(f"{digits}{right}") is not None
    assert all(normalized(f"{digits}{wrong}") is None for wrong in range(10) if wrong != right)
