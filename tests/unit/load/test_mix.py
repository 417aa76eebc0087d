"""The shoppers' mix: the chain they follow has TPC-W's percentages, and no others."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from loadtests import crowd, mix

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
