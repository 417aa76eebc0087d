"""Numbers as a file writes them, made those with a point: by what its mapping says, and never guessed. Pure."""

import re
from collections.abc import Callable

SPACES = "[ \u00a0\u202f]"  # spreadsheets put one that doesn't break where a plain one is meant


def pointed(decimal: str, thousands: str) -> Callable[[str], str]:
    """What makes `1234.5` of `1.234,5`, with these separators; a text that they make no number of becomes empty."""
    if decimal == "." and not thousands:
        return str
    group = SPACES if thousands == " " else re.escape(thousands)
    grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if thousands else ""
    number = re.compile(rf"(-?(?:{grouped}[0-9]+))(?:{re.escape(decimal)}([0-9]+))?")

    def point(text: str) -> str:
        match = number.fullmatch(text)
        if match is None:
            return ""
        whole = re.sub(r"[^0-9-]", "", match[1])
        return whole if match[2] is None else f"{whole}.{match[2]}"

    return point
