"""What is asked for most stays kept, within its bounds."""

from itertools import accumulate
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from read_side.frequent import Frequent

THINGS, WARMING, MEASURED = 100_000, 800_000, 200_000


def test_a_tenth_of_the_things_answers_four_of_five_questions_where_the_nth_is_asked_for_an_nth_as_often() -> None:
    random, kept = Random(7), Frequent[int, int](THINGS // 10, 10**9)
    shares = list(accumulate(1 / rank for rank in range(1, THINGS + 1)))
    named = [random.getrandbits(60) for _ in range(THINGS)]

    def hits(questions: int) -> int:
        found = 0
        for drawn in random.choices(named, cum_weights=shares, k=questions):
            if kept.get(drawn) is None:
                kept.offer(drawn, 1, 1)
            else:
                found += 1
        return found

    hits(WARMING)
    assert hits(MEASURED) / MEASURED > 0.80, "always the same tenth: 0.81; least recently used: 0.74"
    assert len(kept) == THINGS // 10


def test_what_everybody_wants_from_now_on_displaces_what_was_wanted_before() -> None:
    kept = Frequent[str, int](2, 10**9)
    for key in ["first", "second"] * 5:
        if kept.get(key) is None:
            assert kept.offer(key, 1, 1)
    assert kept.get("third") is None
    assert not kept.offer("third", 1, 1), "asked for once, and the others five times"
    for _ in range(6):
        kept.get("third")
    assert kept.offer("third", 1, 1)
    assert kept.get("third") == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["ask", "drop", "clear"]), st.integers(0, 400))))
def test_what_is_kept_is_what_was_offered_last_within_places_and_bytes(
    steps: list[tuple[int, str, int]],
) -> None:
    kept, last = Frequent[int, int](4, 100_000), dict[int, int]()
    for key, step, size in steps:
        if step == "drop":
            kept.drop(key)
            assert kept.get(key) is None
        elif step == "clear":
            kept.clear()
            assert len(kept) == 0
        elif kept.offer(key, size, size):
            last[key] = size
        else:
            assert kept.get(key) is None, "refused: then what was there before is no answer either"
        there = {each: value for each in range(10) if (value := kept.get(each)) is not None}
        assert all(last[each] == value for each, value in there.items())
        assert len(there) == len(kept) <= 4
        assert sum(there.values()) <= 100_000
        assert max(there.values(), default=0) * 500 <= 100_000


def test_one_too_large_is_not_kept_nor_does_it_drive_others_out() -> None:
    kept = Frequent[str, int](10, 1000)
    assert kept.offer("small", 1, 2)
    assert not kept.offer("large", 1, 3)
    assert kept.get("small") == 1


def test_nobody_goes_for_one_who_does_not_come_in() -> None:
    kept = Frequent[int, int](2000, 5000)
    for key in range(1000):
        for _ in range(1 if key == 500 else 5):
            kept.get(key)
        assert kept.offer(key, key, 5)
    for _ in range(3):
        kept.get(1000)
    assert not any(kept.offer(1000, 1, 10) for _ in range(500)), "two would have to go, and one is wanted less"
    assert kept.get(500) == 500


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 250)), max_size=40))
def test_who_is_let_in_is_kept(offers: list[tuple[int, int]]) -> None:
    kept = Frequent[int, int](4, 100_000)
    for key, size in offers:
        if kept.get(key) is None:
            expected = kept.lets_in(key, size)
            assert not expected or kept.offer(key, size, size)
