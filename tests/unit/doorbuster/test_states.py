"""States of a fold: most lie packed, and nobody can tell."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorbuster.invariants.states import States
from projector.model import Folded


class Lamp(Folded, frozen=True):
    name: str


WRITTEN = st.lists(st.tuples(st.sampled_from("abcdefg"), st.text()), max_size=40)


@given(WRITTEN, st.integers(0, 4))
def test_whichever_lie_packed_they_are_what_was_written_last(written: list[tuple[str, str]], as_they_are: int) -> None:
    states, expected = States(Lamp, as_they_are), dict[str, Folded]()
    for position, (id_, name) in enumerate(written):
        before = states.get(id_)
        assert before == expected.get(id_)
        states[id_] = expected[id_] = Lamp(position, name)
    assert same(states, expected)
    assert states.fresh == expected.keys()


def same(states: States, expected: Mapping[str, Folded]) -> bool:
    return (
        dict(states) == expected
        and len(states) == len(expected)
        and all(id_ in states for id_ in expected)
        and "z" not in states
    )


def test_what_was_not_written_since_is_not_fresh() -> None:
    states = States(Lamp, 1)
    states["a"], states["b"] = Lamp(1, "a"), Lamp(2, "b")
    states.fresh.clear()
    assert states["a"] == Lamp(1, "a")  # looking is no writing
    states["b"] = Lamp(3, "c")
    assert states.fresh == {"b"}


def test_one_that_is_gone_is_gone_packed_or_not() -> None:
    states = States(Lamp, 1)
    states["a"], states["b"] = Lamp(1, "a"), Lamp(2, "b")
    for id_ in ("a", "b"):
        del states[id_]
        assert id_ not in states
        with pytest.raises(KeyError):
            del states[id_]
    assert not states
