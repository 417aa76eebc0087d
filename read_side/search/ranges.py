"""Ranges of numbers: how a URL tells them, and which ones a result is cut into. Pure.

`100..200` takes both ends in, `100..<200` leaves out the second, `100..` and `..200` have one end. A unit stands behind
the last number and holds for both; without one the unit in the attribute's name holds.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, inf, log10
from typing import Any, NamedTuple

from msgspec import Struct

from shared.documents.quantities import UNITS, Quantity, quantity, step_of, told_by, unit_in, word_of

Json = dict[str, Any]

MOST_RANGES = 7
ALIKE = 20.0  # numbers that lie this many times apart are cut into ranges as wide as each other
_NICE = (1, 2, 5)
_NUMBER = r"-?[0-9]{1,15}(?:[.,][0-9]{1,9})?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})?\.\.(?P<apart><)?(?P<high>{_NUMBER})?(?P<unit>\s?\S{{1,4}})?")


class Range(Struct, frozen=True):
    """In the unit that numbers are counted in. `apart`: the high end is not part of it."""

    low: float
    high: float
    unit: str
    apart: bool = False

    def holds(self, told: Quantity) -> bool:
        """Whether a quantity lies in it."""
        below = told.number < self.high if self.apart else told.number <= self.high
        return told.unit == self.unit and self.low <= told.number and below


class Bin(NamedTuple):
    """Products whose number lies from `low` up to `high`; a single number where both are the same."""

    low: float
    high: float
    products: int


class Scale(NamedTuple):
    """The unit that a client sees, and how many of what is counted in it is."""

    unit: str
    size: float
    written: bool  # whether the attribute's name doesn't tell it

    def shown(self, number: float) -> str:
        """A number in it, with as few digits as tell it."""
        whole, _, part = f"{number / self.size:.9f}".partition(".")
        part = part.rstrip("0")
        return f"{whole}.{part}" if part else whole

    def text(self, numbers: str) -> str:
        """With the unit behind, where a URL has to tell it."""
        return f"{numbers} {self.unit}" if self.written and self.unit else numbers


def parsed(attribute: str, text: str) -> Range | None:
    """The range that a filter's value is; None if it is none: it may be a word like any other."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or not (match["low"] or match["high"]):
        return None
    unit = (match["unit"] or "").strip() or unit_in(attribute)
    ends = {end: quantity(f"{match[end]} {unit}") for end in ("low", "high") if match[end]}
    known = [told for told in ends.values() if told is not None]
    if len(known) < len(ends):
        return None
    low, high = ends.get("low"), ends.get("high")
    apart = bool(match["apart"] and high)
    return Range(low.number if low else -inf, high.number if high else inf, known[0].unit, apart)


def between(field: str, range_: Range) -> Json:
    """The filter on a field of an attribute's numbers. Elasticsearch wants both ends told in a flattened field."""
    low, high = (word_of(Quantity(end, range_.unit)) for end in (range_.low, range_.high))
    return {"range": {field: {"gte": low, ("lt" if range_.apart else "lte"): high}}}


def scale_of(attribute: str, unit: str, middle: float) -> Scale:
    """The unit for an attribute's numbers: the one in its name, else the one that keeps the middle one short."""
    named = unit_in(attribute)
    if named and UNITS[named][0] == unit:
        return Scale(named, UNITS[named][1], written=False)
    sizes = [(name, size) for name, (base, size) in UNITS.items() if base == unit and _common(name, unit, size)]
    fitting = [(name, size) for name, size in sizes if size <= abs(middle)] or [(unit, 1.0)]
    name, size = max(fitting, key=lambda pair: pair[1])
    return Scale(name, size, written=True)


def _common(name: str, unit: str, size: float) -> bool:
    """Nobody says decigrams, and no byte has parts."""
    if name in (f"d{unit}", f"K{unit}") or (name == f"c{unit}" and unit != "m"):
        return False
    return size >= 1 or unit not in ("B", "bit")


def cut(bins: Sequence[Bin]) -> list[Bin]:
    """The bins as ranges with round ends, at most seven, none of them empty. The bins are in order."""
    if not bins:
        return []
    edges = _even(bins) if _even_fits(bins) else _growing(bins)
    ranges = list(_filled(bins, edges))
    while len(ranges) > MOST_RANGES:
        # The two neighbours that hold least together become one.
        at = min(range(len(ranges) - 1), key=lambda place: ranges[place].products + ranges[place + 1].products)
        one, other = ranges[at : at + 2]
        ranges[at : at + 2] = [Bin(one.low, other.high, one.products + other.products)]
    return ranges


def _even_fits(bins: Sequence[Bin]) -> bool:
    return bins[0].low < 0 or (bins[0].low > 0 and bins[-1].low <= ALIKE * bins[0].low)


def _even(bins: Sequence[Bin]) -> list[float]:
    """Edges one round width apart, no closer than numbers are told apart."""
    low, high = bins[0].low, bins[-1].high
    step = step_of(max(abs(low), abs(high)))
    finest = max(bin_.high - bin_.low for bin_ in bins) or (step.high - step.low) / 100
    width = _round_up(max((high - low) / MOST_RANGES, finest))
    first, last = floor(low / width) - 1, ceil(high / width) + 1
    return [_exact(place, width) for place in range(first, last + 1)]


def _round_up(width: float) -> float:
    exponent = floor(log10(width))
    return next(size for size in _nice(exponent) if size >= width * (1 - 1e-12))


def _nice(exponent: int) -> list[float]:
    return [float(f"{digit}e{exponent + more}") for more in (0, 1) for digit in _NICE]


def _exact(place: int, width: float) -> float:
    return float(f"{place * width:.12g}")


def _growing(bins: Sequence[Bin]) -> list[float]:
    """0, then 1, 2, 5, 10, 20, 50, … around all numbers."""
    smallest = next((bin_.low for bin_ in bins if bin_.low > 0), 1.0)
    exponents = range(floor(log10(smallest)), floor(log10(max(bins[-1].high, smallest))) + 2)
    sizes = [float(f"{digit}e{exponent}") for exponent in exponents for digit in _NICE]
    needed = [size for size in sizes if size > smallest and size <= bins[-1].low]
    first = max(size for size in [*sizes, float(f"5e{exponents[0] - 1}")] if size <= smallest)
    last = min(size for size in sizes if size > bins[-1].low)
    return [*([0.0] if bins[0].low == 0 else []), first, *needed, last]


def _filled(bins: Sequence[Bin], edges: Sequence[float]) -> Iterator[Bin]:
    lows = [bin_.low for bin_ in bins]
    places = [bisect_left(lows, edge) for edge in edges]
    for (low, high), (first, end) in zip(pairwise(edges), pairwise(places), strict=True):
        if first < end:
            yield Bin(low, high, sum(bin_.products for bin_ in bins[first:end]))


@lru_cache(maxsize=20_000)  # the same words come back with each search, hundreds of them
def of_step(word: str) -> tuple[str, float, float]:
    """Unit, low and high end of a step, as Elasticsearch tells it."""
    told = told_by(word)
    return told.unit, told.number, step_of(told.number).high


@lru_cache(maxsize=20_000)
def of_number(word: str) -> tuple[str, float, float]:
    """Unit and both ends of a number that stands for itself."""
    told = told_by(word)
    return told.unit, told.number, told.number
