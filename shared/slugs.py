"""Slugs: the part of an address that says what it shows. Pure."""

import re
import unicodedata
from hashlib import sha256

LONGEST = 100
PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*(?!\n)$"  # `$` alone also matches ahead of a line end

# What Unicode does not take apart, and signs that tell two names apart (DVD+R and DVD-R).
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i",
     "+": " plus ", "&": " and ", "@": " at ", "#": " sharp ", "µ": "u", "'": "", "’": "", "®": "", "™": ""}
)  # fmt: skip
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def slug_of(name: str) -> str:
    """A slug for a name; one without any Latin letter or digit gets a short hash, so it is never empty."""
    spelled = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED))
    slug = shortened(_NOT_WORD.sub("-", spelled.encode("ascii", "ignore").decode()).strip("-"))
    return slug or f"x-{sha256(name.encode()).hexdigest()[:10]}"


def shortened(slug: str, longest: int = LONGEST) -> str:
    """At most so many characters, cut between words where that loses little."""
    if len(slug) <= longest:
        return slug
    cut = slug[:longest]
    at_word = cut.rpartition("-")[0]
    return (at_word if len(at_word) > longest // 2 else cut).strip("-")


def with_suffix(slug: str, suffix: str) -> str:
    """The slug made another one: `usb-cable` and `4711` → `usb-cable-4711`."""
    end = slug_of(suffix)[: LONGEST // 2].strip("-")
    return f"{shortened(slug, LONGEST - len(end) - 1)}-{end}"
