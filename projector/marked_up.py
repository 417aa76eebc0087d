"""Descriptions and attributes in HTML, as other shops' exports have them: what a page of theirs shows as words.

An expression, and not `html.parser`: that takes more than 20 s for 100,000 characters of `<a "`, this one 20 ms
(of half as many: the longest description).
"""

import re
from html import unescape
from html.entities import html5

_MARK = re.compile(
    r"""<!--.*?(?:-->|\Z)                                                 # nobody sees a comment
    | <(?:(script)|style)(?![\w:-]).*?(?:</(?(1)script|style)\s*>|\Z)
    | <(?P<end>/?)(?P<name>[a-z][\w:-]*+)(?P<said>(?:[^"'<>]++|"[^"]*+"|'[^']*+')*+)>  # a > in quotes ends no tag
    | <[!?][^<>]*+>""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ENTITY = re.compile(r"&(?:(?P<number>#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6}))|\w{1,31});", re.ASCII)  # bounded: int() is

_INLINE = """a abbr b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small span strike strong sub
             sup u var wbr"""
_OTHERS = """address area article aside audio base blockquote body br button canvas caption center col colgroup datalist
             dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5
             h6 head header hgroup hr html iframe img input label legend li link main map menu meta meter nav nobr
             noframes noscript object ol optgroup option output p param picture pre progress rp rt ruby search section
             select slot source summary svg table tbody td template textarea tfoot th thead time title tr track tt ul
             video"""
_ALONE = """allowfullscreen async autoplay border checked compact controls default defer disabled download hidden ismap
            itemscope loop multiple muted noshade novalidate nowrap open playsinline readonly required reversed
            selected"""
_WITHIN_WORDS = frozenset(_INLINE.split())  # all others begin a line, or a cell: there a word ends
_NAMES = _WITHIN_WORDS.union(_OTHERS.split())
_BARE = frozenset(_ALONE.split())  # attributes without a value


def plain(text: str) -> str:
    """A text without markup: `<b>W</b>arm &amp; soft<br>red` is "Warm & soft red". One that has none is itself."""
    without = _MARK.sub(_instead, text) if "<" in text else text
    return _ENTITY.sub(_said, without) if "&" in without else without


def _instead(mark: re.Match[str]) -> str:
    end, name, said = mark.group("end", "name", "said")
    name = name.lower() if name else ""
    if name and not end and not _is_tag(name, said):
        return mark[0]
    return "" if name in _WITHIN_WORDS else " "


def _is_tag(name: str, said: str) -> bool:
    """What no HTML has is what somebody wrote: "in <XL>", "if a<b and c>d"."""
    if "=" in said and said[0].isspace():  # of any name: drawings have others
        return True
    if name not in _NAMES and ":" not in name:
        return False
    return not said or all("-" in word or word in _BARE for word in said.lower().strip("/").split())


def _said(entity: re.Match[str]) -> str:
    """The character; of a name only with its `;`: "laptop&notebook" is no "laptop¬ebook"."""
    told: str = entity[0]
    return unescape(told) if entity["number"] else html5.get(told[1:], told)
