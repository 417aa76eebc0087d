"""Numbers in attributes, with their units: how the index keeps them, so that they can be compared and counted.

A flattened field knows no numbers, only words in alphabetical order. So a number is kept as sixteen hexadecimal digits
that sort as numbers do, and counted by steps of a scale (1, 2, 5, 10, 20, 50, …), whatever its size.
"""

import re
import struct
from math import floor, log10
from typing import NamedTuple

_QUANTITY = re.compile(r"(-?[0-9]{1,15}(?:[.,][0-9]{1,9})?)\s?([^\W\d_]{1,4}|[\"″%Ω°]|°C)?")
_PREFIXES = {"": 1.0, "m": 1e-3, "c": 1e-2, "d": 1e-1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "µ": 1e-6}
_BASES = ("B", "g", "m", "W", "V", "A", "Ah", "Wh", "Hz", "l", "L", "s", "Ω", "lm", "Pa", "bit")
_WHOLE = ("in", "ft", "lb", "oz", "min", "h", "rpm", "px", "dB", "U", "%", '"', "″", "°", "°C", "K", "pcs")
# Unit → what it is counted in, and how many of these one is.
UNITS: dict[str, tuple[str, float]] = {
    prefix + base: (base, factor) for base in _BASES for prefix, factor in _PREFIXES.items()
} | {unit: (unit, 1.0) for unit in _WHOLE}
_STEPS = (1, 2, 5)
_SIGN = 1 << 63


class Quantity(NamedTuple):
    """A number, in the unit that it is counted in: 500 GB are 500,000,000,000 B. No unit is ""."""

    number: float
    unit: str


class Step(NamedTuple):
    """From `low` up to, and not including, `high`."""

    low: float
    high: float


def quantity(text: str) -> Quantity | None:
    """The quantity that a text is, as a whole; None if it is anything else."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or (match[2] or "") not in UNITS | {"": ("", 1.0)}:
        return None
    unit, factor = UNITS.get(match[2] or "", ("", 1.0))
    number = float(match[1].replace(",", ".")) * factor
    return Quantity(float(f"{number:.12g}"), unit)  # 0.1 mm is 0.0001 m, not 0.00010000000000000002


def sortable(number: float) -> str:
    """A number as a word that sorts like it."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))  # -0.0 is 0.0
    return f"{bits ^ _SIGN if bits < _SIGN else bits ^ (2 * _SIGN - 1):016x}"


def number_of(word: str) -> float:
    """The number behind such a word."""
    bits = int(word, 16)
    (number,) = struct.unpack(">d", struct.pack(">Q", bits ^ _SIGN if bits >= _SIGN else bits ^ (2 * _SIGN - 1)))
    return float(number)


def step_of(number: float) -> Step:
    """The step of the scale that a number stands on."""
    if number == 0:
        return Step(0.0, 0.0)
    edges = _edges_around(abs(number))
    if number > 0:
        low = max(edge for edge in edges if edge <= number)
        return Step(low, min(edge for edge in edges if edge > number))
    low = min(edge for edge in edges if edge >= -number)
    return Step(-low, -max(edge for edge in edges if edge < -number))


def _edges_around(size: float) -> list[float]:
    exponent = floor(log10(size))
    return [float(f"{step}e{exponent + shift}") for shift in (-1, 0, 1) for step in _STEPS]
