"""Values of facets by what is typed of them, and brands however they are spelt. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from shared.slugs import slug_of

Json = dict[str, Any]

_BREAK = r"[ \-/]"  # what words of a value stand behind, as Elasticsearch and Python both read it
same_brand = lru_cache(maxsize=10_000)(slug_of)  # told anew it would cost as much as a search's answer


def including(typed: str) -> str:
    """What Elasticsearch takes for values of which a word begins so, in any case."""
    begun = "".join(_in_any_case(letter) for letter in typed)
    return f"(.*{_BREAK})?{begun}.*"


def _in_any_case(letter: str) -> str:
    cases = {each for each in (letter.lower(), letter.upper()) if len(each) == 1}
    if not letter.isalnum():
        return f"\\{letter}"
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
