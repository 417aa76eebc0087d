"""Names, and other texts, that somebody is to read."""

from unicodedata import category

_WITHOUT_WIDTH = frozenset(("Cc", "Cf", "Cs"))  # a sign that is newer than our tables (Cn) may well be seen
# Letters by their category, and still nothing to be seen: Hangul fillers and the empty Braille pattern.
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_blank(text: str) -> bool:
    """Whether there is nothing to be seen in it: white space, or signs without a width."""
    return all(sign.isspace() or sign in _UNSEEN or category(sign) in _WITHOUT_WIDTH for sign in text)


def kept_name(text: str) -> str:
    """A name as it is kept: without space around it, and empty if there is nothing to be seen in it."""
    return "" if is_blank(text) else text.strip()


def visible(text: str, instead: str, but: str = "") -> str:
    """A text with a sign of its own in the place of those that nobody sees, and that terminals, headers and such obey;
    those in `but` stay."""
    return "".join(sign if sign.isprintable() or sign in but else instead for sign in text)
