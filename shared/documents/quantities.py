"""Numbers in attributes, with their units: how the index keeps them, so that they can be compared and counted.

A flattened field knows no numbers, only words in alphabetical order. So a number is kept as its unit and sixteen
hexadecimal digits that sort as numbers do. Where there are too many different ones to count each, they are counted by
steps: their first two digits (990, 1000, 1100, …), whatever their size.
"""

import re
import struct
from functools import lru_cache
from math import floor, log10
from typing import NamedTuple

_QUANTITY = re.compile(r"(-?[0-9]{1,15}(?:[.,][0-9]{1,9})?)\s?([^\W\d_]{1,4}|[\"″%Ω°]|°C)?")
# 1,500 is one and a half to some and 1500 to others: a factor of a thousand is no guess to make.
_EITHER = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")
_PREFIXES = {"": 1.0, "m": 1e-3, "c": 1e-2, "d": 1e-1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "µ": 1e-6}
_BASES = ("B", "g", "m", "W", "V", "A", "Ah", "Wh", "Hz", "l", "L", "s", "Ω", "lm", "Pa", "bit")
_WHOLE = ("in", "ft", "lb", "oz", "min", "h", "rpm", "px", "dB", "U", "%", '"', "″", "°", "°C", "K", "pcs")
# Unit → what it is counted in, and how many of these one is.
UNITS: dict[str, tuple[str, float]] = {
    prefix + base: (base, factor) for base in _BASES for prefix, factor in _PREFIXES.items()
} | {unit: (unit, 1.0) for unit in _WHOLE}
_BARE = ("", 1.0)
_IN_NAME = re.compile(r".*\(([^()]+)\)")
_SIGN = 1 << 63
_APART = "|"


class Quantity(NamedTuple):
    """A number, in the unit that it is counted in: 500 GB are 500,000,000,000 B. No unit is ""."""

    number: float
    unit: str


class Indexed(NamedTuple):
    """An attribute's quantities in the index's words: the numbers, and where the steps begin that they stand on."""

    numbers: list[str]
    steps: list[str]


class Step(NamedTuple):
    """From `low` up to, and not including, `high`."""

    low: float
    high: float


def quantity(text: str) -> Quantity | None:
    """The quantity that a text is, as a whole; None if it is anything else, or may be read as two (`1,500`)."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or (match[2] and match[2] not in UNITS) or _EITHER.fullmatch(match[1]):
        return None
    unit, factor = UNITS[match[2]] if match[2] else _BARE
    number = float(match[1].replace(",", ".")) * factor
    return Quantity(float(f"{number:.12g}"), unit)  # 0.1 mm is 0.0001 m, not 0.00010000000000000002


def unit_in(attribute: str) -> str:
    """The unit that an attribute's name tells for all its values, as in "weight (g)"; "" if it tells none."""
    match = _IN_NAME.fullmatch(attribute.strip())
    return match[1] if match and match[1] in UNITS else ""


def quantity_of(attribute: str, text: str) -> Quantity | None:
    """The quantity that an attribute's value is; a bare number is in the unit that the attribute's name tells."""
    told, unit = quantity(text), unit_in(attribute)
    if told is None or told.unit or not unit:
        return told
    return quantity(f"{text.strip()} {unit}")


@lru_cache(maxsize=20_000)  # a shop's products say the same sizes, weights and counts over and over
def indexed(attribute: str, words: tuple[str, ...]) -> Indexed | None:
    """Those of an attribute's words that are quantities, each once and in order; None if none is."""
    found = [told for word in words if (told := quantity_of(attribute, word))]
    if not found:
        return None
    steps = {word_of(Quantity(step_of(told.number).low, told.unit)) for told in found}
    return Indexed(sorted({word_of(told) for told in found}), sorted(steps))


def word_of(told: Quantity) -> str:
    """How the index keeps it: those of one unit stand together, in their order."""
    return f"{told.unit}{_APART}{sortable(told.number)}"


@lru_cache(maxsize=4096)  # the steps of a facet are told at each search that counts it
def told_by(word: str) -> Quantity:
    """The quantity behind such a word."""
    unit, _, number = word.rpartition(_APART)
    return Quantity(number_of(number), unit)


def sortable(number: float) -> str:
    """A number as a word that sorts like it."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))  # -0.0 is 0.0
    return f"{bits ^ _SIGN if bits < _SIGN else bits ^ (2 * _SIGN - 1):016x}"


def number_of(word: str) -> float:
    """The number behind such a word."""
    bits = int(word, 16)
    (number,) = struct.unpack(">d", struct.pack(">Q", bits ^ _SIGN if bits >= _SIGN else bits ^ (2 * _SIGN - 1)))
    return float(number)


@lru_cache(maxsize=4096)
def step_of(number: float) -> Step:
    """The step that a number stands on: all that begin with its first two digits."""
    if number == 0:
        return Step(0.0, 0.0)
    digits, exponent = _two_digits(abs(number))
    near, far = float(f"{digits}e{exponent}"), float(f"{digits + 1}e{exponent}")
    if number > 0:
        return Step(near, far)
    if number == -near:  # a step begins with its low end: that of −120 goes on to −110
        far, near = near, float(f"{digits - 1}e{exponent}" if digits > 10 else f"99e{exponent - 1}")
    return Step(-far, -near)


def _two_digits(size: float) -> tuple[int, int]:
    """Its first two digits, and the power of ten that they are counted in. A logarithm may be off by one."""
    exponent = floor(log10(size)) - 1
    while float(f"100e{exponent}") <= size:
        exponent += 1
    while float(f"10e{exponent}") > size:
        exponent -= 1
    return max(digits for digits in _around(size / 10.0**exponent) if float(f"{digits}e{exponent}") <= size), exponent


def _around(digits: float) -> tuple[int, int, int]:
    whole = int(digits)
    return whole - 1, whole, whole + 1
