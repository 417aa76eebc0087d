"""The publishing rule, number by number, and against any interleaving of writers that Hypothesis can think of."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from write_side.prefix import Prefix

NOBODY: frozenset[str] = frozenset()


def test_a_contiguous_run_is_emitted_at_once() -> None:
    prefix = Prefix(0)
    assert prefix.take([1, 2, 3], None) == 3
    assert prefix.last == 3


def test_a_hole_holds_back_what_is_behind_it() -> None:
    prefix = Prefix(0)
    assert prefix.take([1, 3], None) == 1
    assert prefix.needs_holders


def test_a_hole_is_filled_by_a_late_commit_and_everything_comes_in_order() -> None:
    prefix = Prefix(0)
    prefix.take([2], None)
    assert prefix.take([2], frozenset({"4/1"})) == 0
    assert prefix.take([1, 2], frozenset({"4/1"})) == 2


def test_a_hole_is_dead_once_all_that_held_the_lock_when_it_was_seen_have_ended() -> None:
    prefix = Prefix(0)
    prefix.take([2], None)
    assert prefix.take([2], frozenset({"4/1", "5/1"})) == 0
    assert prefix.take([2], frozenset({"5/1", "6/1"})) == 0, "5/1 may still commit number 1"
    assert prefix.take([2], frozenset({"6/1"})) == 1, "6/1 came later and can't have drawn number 1"
    assert prefix.dead == 1


def test_a_run_of_holes_dies_together() -> None:
    prefix = Prefix(10)
    prefix.take([43], None)
    assert prefix.take([43], NOBODY) == 1, "a crash of Postgres jumps over up to 32 numbers"
    assert prefix.dead == 32


def test_a_newer_hole_is_watched_by_its_own_holders() -> None:
    prefix = Prefix(0)
    prefix.take([2], None)
    prefix.take([2, 4], frozenset({"a"}))
    assert prefix.take([2, 4], frozenset({"b"})) == 1, "number 1 is dead, number 3 was first seen missing later"
    assert prefix.take([4], frozenset({"b"})) == 0
    assert prefix.take([4], NOBODY) == 1


@dataclass
class Writer:
    """A transaction that drew numbers and has not ended."""

    name: str
    drawn: list[int] = field(default_factory=list)


class Log(RuleBasedStateMachine):
    """Writers draw numbers and end in any order while the relay polls: it must emit exactly the committed prefix."""

    def __init__(self) -> None:
        super().__init__()
        self.next_number = 1
        self.begun = 0
        self.writers: list[Writer] = []
        self.committed: set[int] = set()
        self.emitted: list[int] = []
        self.prefix = Prefix(0)

    @rule()
    def begin_and_draw(self) -> None:
        self.begun += 1
        self.writers.append(Writer(f"tx{self.begun}", [self._draw()]))

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def draw_again(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.writers)).drawn.append(self._draw())

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), commits=st.booleans())
    def end(self, data: st.DataObject, commits: bool) -> None:
        writer = data.draw(st.sampled_from(self.writers))
        self.writers.remove(writer)
        if commits:
            self.committed |= set(writer.drawn)

    @rule(between=st.booleans(), data=st.data())
    def poll(self, between: bool, data: st.DataObject) -> None:
        holders = frozenset(w.name for w in self.writers) if self.prefix.needs_holders else None
        if between and self.writers:  # a writer ends between reading the holders and reading the log
            self.end(data, commits=True)
        visible = sorted(n for n in self.committed if n > self.prefix.last)
        self.emitted += visible[: self.prefix.take(visible, holders)]

    @invariant()
    def emitted_is_a_prefix_of_what_will_ever_be_committed(self) -> None:
        open_numbers = {n for writer in self.writers for n in writer.drawn}
        assert self.emitted == sorted(n for n in self.committed if n <= self.prefix.last)
        assert not {n for n in open_numbers if n <= self.prefix.last}, "a number that may still commit was passed"

    def teardown(self) -> None:
        self.writers.clear()
        for _ in range(3):
            visible = sorted(n for n in self.committed if n > self.prefix.last)
            holders = NOBODY if self.prefix.needs_holders else None
            self.emitted += visible[: self.prefix.take(visible, holders)]
        assert self.emitted == sorted(self.committed), "once all writers have ended nothing is held back"

    def _draw(self) -> int:
        self.next_number += 1
        return self.next_number - 1


TestLog = Log.TestCase
TestLog.settings = settings(max_examples=200, stateful_step_count=40)
