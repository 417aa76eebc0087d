"""What all benchmarks share: both sides in turns, round by round, each round with its CPU and its neighbours."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field, structs

from doorbuster.bench import cpu


class Invalid(RuntimeError):
    """A measurement that says nothing: an answer was wrong, or something was not there."""


class Work(Struct, frozen=True):
    """What one round did: so many operations in so many seconds, and the figure that is compared."""

    operations: int
    seconds: float
    value: float
    load_cpu_ms: float  # of the load generator
    facts: dict[str, float] = {}  # further figures, of which the median is told
    load: str = "load"  # what the generator is called, where it is the very program that is measured


class Round(Struct, frozen=True):
    """One round of one side."""

    work: Work
    cpu_ms_per_op: dict[str, float]
    others_cores: float
    stolen_ms: float


Side = Callable[[], Work]


class Rounds(NamedTuple):
    """How many rounds of each side are measured, behind one that is thrown away unless it is to start cold."""

    measured: int
    cold: bool = False

    @property
    def total(self) -> int:
        """How many there are in all."""
        return self.measured + (not self.cold)


def in_turns(
    rounds: Rounds, sides: Mapping[str, Side], roots: Callable[[], Mapping[str, int]], before: Callable[[str], None]
) -> dict[str, list[Round]]:
    """Rounds of each side, one after the other: what disturbs the machine for a while disturbs all of them.

    `before` is called before each with the side's name, to wait until the round before is digested, or to prepare.
    """
    done: dict[str, list[Round]] = {name: [] for name in sides}
    for _ in range(rounds.total):
        for name, side in sides.items():
            before(name)
            done[name].append(_round(side, roots()))
    return {name: all_of_them[-rounds.measured :] for name, all_of_them in done.items()}


def _round(side: Side, roots: Mapping[str, int]) -> Round:
    before, began = cpu.used(roots), time.monotonic()
    work = side()
    used, took = cpu.used(roots).since(before), time.monotonic() - began
    per_op = {name: spent / work.operations for name, spent in used.programs.items() if spent}
    per_op[work.load] = work.load_cpu_ms / work.operations
    return Round(work, per_op, used.others(took), used.stolen)


def by_fact(rounds: Sequence[Round], name: str) -> list[Round]:
    """The same rounds, compared by another of their figures."""
    return [structs.replace(each, work=structs.replace(each.work, value=each.work.facts[name])) for each in rounds]


def target(round_: Round, value: float) -> Round:
    """What stands beside a round where there is no bare program to compare with."""
    return Round(Work(1, 0.0, value, 0.0), {}, round_.others_cores, 0.0)


class Spread(Struct, frozen=True):
    """Least, middle and most of the rounds; `spread` is (most - least) / middle."""

    min: float
    median: float
    max: float
    spread: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of one figure over the rounds."""
        least, middle, most = min(values), statistics.median(values), max(values)
        return cls(_short(least), _short(middle), _short(most), _short((most - least) / middle if middle else 0.0))


class Result(Struct, frozen=True, omit_defaults=True):
    """A benchmark's line. `better` tells whether `ours`, `limit` and `ratio` (ours / limit) should be high or low."""

    bench: str
    ours: float
    limit: float
    ratio: float
    unit: str
    better: str
    cpu_ms_per_op: dict[str, float]
    limit_cpu_ms_per_op: dict[str, float]
    noise: dict[str, object]
    setting: dict[str, object]
    further: dict[str, object] = field(default_factory=dict)


def result(
    bench: str,
    done: Mapping[str, Sequence[Round]],
    *,
    unit: str,
    better: str = "higher",
    setting: Mapping[str, object],
    further: Mapping[str, object] | None = None,
) -> Result:
    """The line of a benchmark whose sides are named `ours` and `limit`: medians over the rounds."""
    ours, limit = (Spread.of([round_.work.value for round_ in done[side]]) for side in ("ours", "limit"))
    return Result(
        bench=bench,
        ours=ours.median,
        limit=limit.median,
        ratio=_short(ours.median / limit.median),
        unit=unit,
        better=better,
        cpu_ms_per_op=cpu_per_op(done["ours"]),
        limit_cpu_ms_per_op=cpu_per_op(done["limit"]),
        noise=noise(done),
        setting=dict(setting),
        further={**facts(done), **(further or {})},
    )


def cpu_per_op(rounds: Sequence[Round]) -> dict[str, float]:
    """CPU milliseconds of one operation by program, median over the rounds; `load` is the load generator."""
    names = dict.fromkeys(name for round_ in rounds for name in round_.cpu_ms_per_op)
    found = {name: statistics.median(round_.cpu_ms_per_op.get(name, 0.0) for round_ in rounds) for name in names}
    return {name: _short(value) for name, value in found.items() if value >= 0.0005}


def noise(done: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    """How far the rounds of each side lie apart, the ratio of each pair of rounds, and what the machine did besides."""
    every = [round_ for rounds in done.values() for round_ in rounds]
    pairs = zip(done["ours"], done["limit"], strict=True)
    told: dict[str, object] = {"rounds": len(done["ours"])}
    told |= {side: Spread.of([round_.work.value for round_ in rounds]) for side, rounds in done.items()}
    told["ratio"] = Spread.of([ours.work.value / limit.work.value for ours, limit in pairs])
    told["others_cores"] = Spread.of([round_.others_cores for round_ in every])
    told["stolen_ms"] = _short(sum(round_.stolen_ms for round_ in every))
    return told


def facts(done: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    """The further figures of each side, medians over the rounds."""
    told: dict[str, object] = {}
    for side, rounds in done.items():
        names = dict.fromkeys(name for round_ in rounds for name in round_.work.facts)
        found = {name: _short(statistics.median(r.work.facts[name] for r in rounds)) for name in names}
        if found:
            told[side] = found
    return told


def _short(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")
