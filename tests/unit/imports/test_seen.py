"""What was seen is found again, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from write_side.imports.seen import SHELVES, Seen

numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3).map(lambda n: n * SHELVES + 5))


@given(st.sets(numbers), st.sets(numbers))
def test_what_was_seen_is_found_and_nothing_else(seen: set[int], others: set[int]) -> None:
    kept = Seen()
    for number in [*seen, *seen]:
        kept.add(number)
    assert {number for number in seen | others if number in kept} == seen
