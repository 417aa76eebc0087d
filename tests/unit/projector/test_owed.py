"""What nobody can see is written later, and the checkpoint stays behind it until then."""

import time

import pytest

from projector.model import Change, Folded, Rendered
from projector.owed import SECONDS, TOGETHER, Owed


def quiet(id_: str, position: int) -> Change:
    return Change(id_, f"product:{id_}", None, Folded(position), None)


def seen(id_: str, position: int) -> Change:
    return Change(id_, f"product:{id_}", None, Folded(position), Rendered({id_: b"{}"}))


def test_what_shows_is_written_and_what_does_not_may_wait() -> None:
    now, later = Owed().split([seen("lamp", 5), quiet("chair", 6)])
    assert ([c.id for c in now], [c.id for c in later]) == (["lamp"], ["chair"])


def test_the_checkpoint_stays_behind_the_first_event_that_is_not_written() -> None:
    owed = Owed()
    assert owed.floor(9) == 9
    owed.add([quiet("lamp", 12)], behind=10)
    owed.add([quiet("chair", 15), quiet("lamp", 16)], behind=12)
    assert owed.floor(16) == 10
    owed.paid([seen("lamp", 17)])
    assert owed.floor(17) == 12
    owed.paid([quiet("chair", 15)])
    assert owed.floor(17) == 17


def test_a_state_that_is_owed_is_the_newest_there_is() -> None:
    owed = Owed()
    owed.add([quiet("lamp", 12)], behind=10)
    owed.add([quiet("lamp", 16)], behind=12)
    assert owed.states(["lamp", "chair"]) == {"lamp": Folded(16)}


def test_a_debt_that_is_due_is_written_though_new_ones_keep_coming() -> None:
    owed = Owed(seconds=0)
    owed.add([quiet("lamp", 12)], behind=10)
    now, later = owed.split([quiet("lamp", 16)])
    assert ([c.after.position for c in now], later) == ([16], [])


def test_a_debt_that_shows_at_last_is_written_once() -> None:
    owed = Owed(seconds=0)
    owed.add([quiet("lamp", 12)], behind=10)
    now, _ = owed.split([seen("lamp", 16)])
    assert [c.after.position for c in now] == [16]


def test_of_too_many_the_oldest_are_written() -> None:
    owed = Owed(seconds=1000, most=1)
    owed.add([quiet("lamp", 12), quiet("chair", 13)], behind=10)
    now, _ = owed.split([])
    assert [c.id for c in now] == ["lamp"]


def test_what_is_due_in_a_moment_is_paid_with_what_is_due_now(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    owed = Owed()
    for at, id_ in ((0.0, "lamp"), (TOGETHER / 2, "chair"), (TOGETHER * 2, "table")):
        clock[0] = at
        owed.add([quiet(id_, 12)], behind=10)
    clock[0] = SECONDS - 0.1
    assert owed.split([])[0] == [], "nothing is paid before something is due"
    clock[0] = SECONDS
    assert [change.id for change in owed.split([])[0]] == ["lamp", "chair"]
