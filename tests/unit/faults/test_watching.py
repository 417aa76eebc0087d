"""What looks on from a thread: how long events take to readers and to searches; and none ends unnoticed."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from doorbuster.bench.frame import Invalid
from doorbuster.faults.watching import LagWatch
from projector.read_models.all import READ_MODELS
from projector.read_models.product_search import MODEL as SEARCHED

Fields = dict[str, Mapping[bytes, bytes]]


def watch(monkeypatch: pytest.MonkeyPatch, look: Callable[[], Fields]) -> LagWatch:
    """Of what `look` answers instead of Redis."""
    made = LagWatch("redis://127.0.0.1:1", READ_MODELS)
    monkeypatch.setattr(made._checkpoints, "look", look)
    return made


def everywhere(at: int, *, seen: int) -> Fields:
    """All read models stand at `at` of shard 0, and searches see what was up to `seen`."""
    return {model.name: {b"0": b"%d" % at, b"ready:0": b"1", b"seen:0": b"%d" % seen} for model in READ_MODELS}


def test_what_was_written_is_reached_before_searches_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = everywhere(7, seen=6)
    with watch(monkeypatch, lambda: shown) as looking:
        looking.wait({0: 7}, patience=0.1)
        now = time.time()
        assert len(looking.ways([(0, 7, now)])) == 1
        assert looking.ways([(0, 7, now)], [SEARCHED], seen=True) == []
        shown = everywhere(7, seen=7)
        looking.wait({0: 7}, patience=10)
        [written], [searched] = (looking.ways([(0, 7, now)], [SEARCHED], seen=seen) for seen in (False, True))
        assert searched > written
        assert looking.ways([(0, 8, now)]) == []


def test_who_ends_too_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> Fields:
        raise ValueError("no position")

    with pytest.raises(Invalid, match="a watcher fell asleep") as told, watch(monkeypatch, look) as looking:
        began = time.monotonic()
        looking.wait({0: 1}, patience=60)
        assert time.monotonic() - began < 30, "nobody waits for one who is gone"
    assert isinstance(told.value.__cause__, ValueError)


def test_what_went_wrong_meanwhile_is_told_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> Any:
        raise ValueError("no position")

    with pytest.raises(KeyError), watch(monkeypatch, look) as looking:
        looking.wait({0: 1}, patience=60)
        raise KeyError("the crowd failed")
