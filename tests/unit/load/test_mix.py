"""The shoppers' mix: the chain they follow has TPC-W's percentages, and no others."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from loadtests import crowd, funnel, mix, timeline

_FIGURES = Path(__file__).parents[4] / "shared" / "data" / "load_mixes.json"


def test_the_percentages_are_all_there_is() -> None:
    assert sum(mix.PERCENT.values()) == pytest.approx(100, abs=0.05)
    assert all(0 < share < 1 for _, share in mix.NEXT.values())


def test_a_shopper_who_follows_the_chain_does_each_thing_as_often_as_told() -> None:
    dice, last, steps = random.Random(4), mix.HOME, 400_000
    seen: Counter[str] = Counter()
    for _ in range(steps):
        last = mix.next_after(last, dice)
        seen[last] += 1
    for name, percent in mix.PERCENT.items():
        assert seen[name] / steps * 100 == pytest.approx(percent, rel=0.05, abs=0.05), name


@pytest.mark.skipif(not _FIGURES.exists(), reason="the figures with their source lie beside the checkout")
def test_the_figures_are_those_of_the_source() -> None:
    figures = json.loads(_FIGURES.read_text())["tpcw_percent_of_interactions"]["Shopping(WIPS)"]
    assert {name.replace(" ", "_"): percent for name, percent in mix.PERCENT.items()} == figures


def test_the_doors_open_at_once_and_the_crowd_goes_home() -> None:
    shares = [crowd.share_of_peak(at / 100) or 0.0 for at in range(100)]
    assert (shares[0], max(shares)) == (0, 1)
    assert shares[15] == pytest.approx(0.1)
    assert shares[20] == pytest.approx(1)
    assert shares[60] == pytest.approx(1)
    assert shares[99] < 0.2
    assert crowd.share_of_peak(1.0) is None


@pytest.mark.parametrize("seconds", [60, 600, 3600])
def test_a_peak_is_ten_times_the_calm_within_two_minutes(seconds: float) -> None:
    calm = crowd.share_of_peak(0.25, crowd.peak(seconds))
    peak = crowd.share_of_peak(0.25 + min(0.25, 120 / seconds) + 0.001, crowd.peak(seconds))
    assert calm is not None and peak == pytest.approx(10 * calm)
    assert crowd.share_of_peak(0.999, crowd.peak(seconds)) == 1


def test_shoppers_fill_carts_and_buy_as_often_as_retailrockets() -> None:
    dice, views = random.Random(5), 400_000
    added = [funnel.adds(dice) for _ in range(views)]
    bought = [funnel.purchases(dice) for each in added if each]
    assert sum(added) / views == pytest.approx(0.0260, rel=0.05)
    assert sum(bought) / views == pytest.approx(0.00843, rel=0.08)
    assert all(funnel.adds(dice, eagerness=50) for _ in range(100))


@pytest.mark.skipif(not _FIGURES.exists(), reason="the figures with their source lie beside the checkout")
def test_the_funnel_is_that_of_the_source() -> None:
    events = json.loads(_FIGURES.read_text())["retailrocket_funnel"]["events"]
    assert events == {"view": funnel.VIEWS, "addtocart": funnel.ADDS, "transaction": funnel.PURCHASES}


def test_what_several_generators_saw_adds_up() -> None:
    first, second = timeline.Timeline(2), timeline.Timeline(2)
    first.request(0.5, timeline.QUERY, 10, failed=False)
    first.count(3, "order placed")
    second.request(1.5, timeline.QUERY, 30, failed=True)
    second.way("checkout", 900)
    first.add(second.told())
    [early, late] = first.slices()
    assert (early["query_rate"], early["query_p95"], early["failures"]) == (1, 30, 1)
    assert (late["at"], late["order placed"], late["query_p95"]) == (2, 1, None)
    assert first.ways == {"checkout": [900]}
    assert second.slices() == []  # told once
    assert first.sides()["query"]["requests"] == 2
