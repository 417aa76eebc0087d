"""Descriptions in HTML, as other shops' exports have them: what a page of theirs shows as words.

An expression, and not `html.parser`: that takes more than 20 s for 100,000 characters of `<a "`, this one 20 ms
(of half as many: the longest description).
"""

import re
from html import unescape

_MARK = re.compile(
    r"""<!--.*?(?:-->|\Z)                                                 # nobody sees a comment
    | <(?:(script)|style)(?![\w:-]).*?(?:</(?(1)script|style)\s*>|\Z)
    | </?(?P<name>[a-z][\w:-]*+)(?:[^"'<>]++|"[^"]*+"|'[^']*+')*+>        # a > within quotes ends no tag
    | <[!?][^<>]*+>""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_INLINE = """a abbr b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small span strike strong sub
             sup u var wbr"""
_WITHIN_WORDS = frozenset(_INLINE.split())  # all others begin a line, or a cell: there a word ends


def plain(text: str) -> str:
    """A text without markup: `<b>W</b>arm &amp; soft<br>red` is "Warm & soft red". One that has none is itself."""
    without = _MARK.sub(_instead, text) if "<" in text else text
    return unescape(without) if "&" in without else without


def _instead(mark: re.Match[str]) -> str:
    name = mark["name"]
    return "" if name and name.lower() in _WITHIN_WORDS else " "
