"""How late a read model is told to be."""

import time

import pytest

from projector.freshness import Freshness
from projector.metrics import Of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def age_of(place: Freshness) -> float:
    told: Of = place._metrics
    return float(told.lag_age._value.get())


def test_in_a_rush_whoever_has_what_was_there_a_tick_ago_is_not_late(clock: list[float]) -> None:
    """There is always something newer: the alert for 10 s without catching up rang from sixteen orders a second on."""
    place = Freshness("orders", 0)
    for tick in range(20):
        clock[0] += 1
        place.at = 10 * tick + 7
        place.seen_head(10 * tick + 10)
    assert age_of(place) <= 1


def test_whoever_stands_still_is_as_late_as_that_takes(clock: list[float]) -> None:
    place = Freshness("orders", 1)
    for tick in range(20):
        clock[0] += 1
        place.seen_head(10 * (tick + 1))
    assert age_of(place) >= 18
