"""Numbers as a file writes them, made those with a point: by what its mapping says, and never guessed. Pure."""

import re
from collections.abc import Callable

from shared.documents.quantities import quantity

Value = bool | int | float | str

SPACES = "[ \u00a0\u202f]"  # spreadsheets put one that doesn't break where a plain one is meant

_number = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_with_unit = re.compile(r"(-?[0-9](?:.*[0-9])?)(\s?[^\W\d]{0,4}|\s?\W{0,2})")


def typed(text: str) -> Value:
    """`True` and `False`, numbers as people write them (17.0 is 17; 007 and 1e5 are texts), else the text."""
    if text in ("True", "False", "true", "false"):
        return text[0] in "Tt"
    if not _number.fullmatch(text) or len(text) > 16:  # more digits than a float keeps
        return text
    if "." not in text:
        return int(text)
    value = float(text)
    return int(value) if value.is_integer() else value


def typed_by(decimal: str, thousands: str) -> Callable[[str], Value]:
    """What reads values with these separators: 1.234,5 is 1234.5, and 10.000 mAh are 10000 mAh. What they make no
    number of is read as anywhere, as is 204.123.456 or 100 200 300, whatever stands between, for numbers of articles
    are written so, and lists."""
    if decimal == "." and not thousands:
        return typed
    point = pointed(decimal, thousands)
    several = re.compile(rf"-?[0-9]+(?:{_between(thousands)}[0-9]+){{2,}}") if thousands else None

    def read(text: str) -> Value:
        match = _with_unit.fullmatch(text)
        if match is None or (several and several.fullmatch(match[1])):
            return typed(text)
        number, unit = point(match[1]), match[2]
        value = typed(number)
        if isinstance(value, str):
            return typed(text)
        if not unit:
            return value
        told = quantity(number + unit)
        return text if told is None or told == quantity(text) else number + unit

    return read


def pointed(decimal: str, thousands: str) -> Callable[[str], str]:
    """What makes `1234.5` of `1.234,5`, with these separators; a text that they make no number of becomes empty."""
    if decimal == "." and not thousands:
        return str
    grouped = rf"[0-9]{{1,3}}(?:{_between(thousands)}[0-9]{{3}})+|" if thousands else ""
    number = re.compile(rf"(-?(?:{grouped}[0-9]+))(?:{re.escape(decimal)}([0-9]+))?")

    def point(text: str) -> str:
        match = number.fullmatch(text)
        if match is None:
            return ""
        whole = re.sub(r"[^0-9-]", "", match[1])
        return whole if match[2] is None else f"{whole}.{match[2]}"

    return point


def _between(thousands: str) -> str:
    """The expression of what stands there."""
    return SPACES if thousands == " " else re.escape(thousands)
