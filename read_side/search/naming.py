"""Values of facets by what is typed of them, and brands however they are spelt. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from shared.slugs import slug_of

Json = dict[str, Any]

LONGEST_PATTERN = 5000  # characters: Elasticsearch took one of 19,000 and refused one of 42,000 as too complex
_BREAK = r"[ \-/]"  # what words of a value stand behind, as Elasticsearch and Python both read it
same_brand = lru_cache(maxsize=10_000)(slug_of)  # told anew it would cost as much as a search's answer


def including(typed: str, called: Iterable[str] = ()) -> str:
    """What Elasticsearch takes for values of which a word begins so, in any case; and for those that are called so, as
    many of these as it takes."""
    begun = "".join(_in_any_case(letter) for letter in typed)
    pattern = f"(.*{_BREAK})?{begun}.*"
    for value in called:
        further = f"{pattern}|{''.join(_as_it_is(letter) for letter in value)}"
        pattern = further if len(further) <= LONGEST_PATTERN else pattern
    return pattern


def _as_it_is(letter: str) -> str:
    return letter if letter.isalnum() else f"\\{letter}"


def _in_any_case(letter: str) -> str:
    cases = {each for each in (letter.lower(), letter.upper()) if len(each) == 1}
    if not letter.isalnum():
        return _as_it_is(letter)
    return letter if len(cases) < 2 else f"[{''.join(sorted(cases))}]"


def begins(value: str, typed: str) -> bool:
    """The same of one value."""
    return re.search(rf"(^|{_BREAK}){re.escape(typed)}", value, re.IGNORECASE) is not None


def as_one(buckets: Sequence[Json]) -> list[Json]:
    """The counts of brands, those that are one under the spelling that most have."""
    found: dict[str, Json] = {}
    for bucket in buckets:
        known = found.setdefault(same_brand(bucket["key"]), {"key": bucket["key"], "doc_count": 0})
        known["doc_count"] += bucket["doc_count"]
    return sorted(found.values(), key=lambda bucket: -bucket["doc_count"])
