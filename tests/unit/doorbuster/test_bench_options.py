"""What a run of benchmarks may be told, and what it does of it."""

from pathlib import Path
from typing import cast

import pytest

from doorbuster import cli, stack
from doorbuster.bench import run, wrk
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.home import Home


class Asked:
    """A target that notes how long it is asked, and over how many connections."""

    def __init__(self) -> None:
        self.rounds: list[tuple[int, float]] = []

    def run(self, connections: int, seconds: float, _value: object) -> None:
        self.rounds.append((connections, seconds))


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """One that nothing stands on."""
    return Ground(Home(tmp_path), stack.Plan("servers", environment={"DATABASE_URL": ""}))


def warmed(ground: Ground, options: Options) -> list[tuple[int, float]]:
    target = Asked()
    ground.warm(cast(wrk.Target, target), options)
    return target.rounds


@pytest.mark.parametrize(
    ("words", "warm", "searches"),
    [([], 20.0, 3000), (["--warm", "1.5", "--searches", "60"], 1.5, 60), (["--warm", "0"], 0.0, 3000)],
)
def test_how_long_searches_are_warmed_up_and_how_many_there_are_can_be_told(
    monkeypatch: pytest.MonkeyPatch, words: list[str], warm: float, searches: int
) -> None:
    told: list[Options] = []
    monkeypatch.setattr(run, "run", lambda _names, options: told.append(options))
    given = cli.parser().parse_args(["bench", *words])
    given.run(given)
    assert [(options.warm, options.searches) for options in told] == [(warm, searches)]


@pytest.mark.parametrize("words", [["--warm", "-1"], ["--warm", "nan"], ["--seconds", "0"], ["--searches", "0"]])
def test_what_makes_no_measurement_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parser().parse_args(["bench", *words])
    assert ended.value.code == 2


def test_searches_are_asked_beforehand_for_as_long_as_was_told(ground: Ground) -> None:
    assert warmed(ground, Options(warm=1.5, searchers=7)) == [(7, 1.5)]
    assert warmed(ground, Options(warm=0)) == []


def test_a_cold_run_warms_nothing_up(ground: Ground) -> None:
    ground.hurried = True
    assert warmed(ground, Options()) == []
