"""The circuit breaker: who doesn't answer is left alone, then asked by one call at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker, Permit, Withheld


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(breaker.admit(now), now)
    assert breaker.state == "open"
    return breaker


def test_it_opens_at_the_last_of_so_many_failures_in_a_row() -> None:
    breaker = Breaker()
    told = [breaker.failed(breaker.admit(0), 0) for _ in range(FAILURES)]
    assert told == [False] * (FAILURES - 1) + [True]
    assert breaker.room(0, 16) == 0
    with pytest.raises(Withheld) as withheld:
        breaker.admit(FIRST_PAUSE / 2)
    assert withheld.value.retry_after == 1


def test_an_answer_among_the_failures_keeps_it_closed() -> None:
    breaker = Breaker()
    for n in range(3 * FAILURES):
        permit = breaker.admit(0)
        if n % FAILURES == FAILURES - 1:
            breaker.succeeded(permit)
        else:
            breaker.failed(permit, 0)
    assert breaker.room(0, 16) == 16


def test_after_the_pause_one_call_goes_out_and_its_answer_closes_it() -> None:
    breaker = opened()
    assert breaker.room(FIRST_PAUSE, 16) == 1
    probe = breaker.admit(FIRST_PAUSE)
    assert breaker.room(FIRST_PAUSE, 16) == 0
    with pytest.raises(Withheld):
        breaker.admit(FIRST_PAUSE + 100)
    breaker.succeeded(probe)
    assert breaker.room(FIRST_PAUSE, 16) == 16


def test_a_probe_that_fails_doubles_the_pause_to_the_longest() -> None:
    breaker, now, pause = opened(), 0.0, FIRST_PAUSE
    for _ in range(10):
        assert breaker.room(now + pause - 0.01, 1) == 0
        now += pause
        assert breaker.failed(breaker.admit(now), now)
        pause = min(pause * 2, LONGEST_PAUSE)
    breaker.succeeded(breaker.admit(now + pause))
    again = [breaker.failed(breaker.admit(now), now) for _ in range(FAILURES)]
    assert again[-1], "closed by an answer, it has all its patience again"
    assert breaker.room(now + FIRST_PAUSE, 1) == 1, "and begins with the first pause"


def test_what_began_before_it_opened_tells_nothing() -> None:
    breaker = Breaker()
    late = [breaker.admit(0) for _ in range(3)]
    for _ in range(FAILURES):
        breaker.failed(breaker.admit(0), 0)
    breaker.succeeded(late[0])
    assert breaker.state == "open"
    assert not breaker.failed(late[1], 0.9)
    assert breaker.room(FIRST_PAUSE, 1) == 1, "its end is not put off"


def test_a_probe_whose_caller_went_away_lets_the_next_one_probe() -> None:
    breaker = opened()
    breaker.given_up(breaker.admit(FIRST_PAUSE))
    breaker.succeeded(breaker.admit(FIRST_PAUSE))
    assert breaker.state == "closed"


@given(st.lists(st.tuples(st.sampled_from(["ask", "ask", "ok", "fail", "gone"]), st.floats(0, 20)), max_size=80))
def test_while_it_is_not_closed_no_two_calls_are_under_way(happenings: list[tuple[str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    under_way: list[Permit] = []
    probing: Permit | None = None
    for what, later in happenings:
        now += later
        if what == "ask":
            room, closed = breaker.room(now, 1), breaker.state == "closed"
            try:
                permit = breaker.admit(now)
            except Withheld:
                assert room == 0
                continue
            assert room == 1, "what has room is let in, and nothing else"
            assert closed or probing is None
            probing = probing if closed else permit
            under_way.append(permit)
        elif under_way:
            permit = under_way.pop(0)
            probing = None if permit is probing else probing
            if what == "fail":
                breaker.failed(permit, now)
            else:
                (breaker.succeeded if what == "ok" else breaker.given_up)(permit)
