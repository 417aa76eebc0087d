"""The questions that complete what is typed to names of products, and what their answers say. Pure.

Names in other languages are looked for only by whoever reads one; in the shop's own nothing is asked that was not asked
before there were others.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from read_side.search import elastic
from read_side.search.names import FORGIVEN_FROM
from shared.documents.products import LOCALE, called_in, words_of
from shared.locales import Locales
from shared.publishing import is_open

Json = dict[str, Any]

MOST = 8
OWN, OTHERS = "products", "translated"  # suggesters: of the shop's own language, and of those asked for
COMPLETIONS = "completions"
SLIPS: Json = {"fuzzy": {"fuzziness": "AUTO", "min_length": FORGIVEN_FROM, "prefix_length": 1}}
_SOURCE = ["slug", "name", "image", "skus", "publish_at", "unpublish_at"]


def source(locales: Locales) -> list[str]:
    """What is shown of a product."""
    return [*_SOURCE, "names"] if locales else _SOURCE


def completing(typed: str, locales: Locales, how: Json | None = None) -> Json:
    """Names that begin so, in the shop's own language and in these."""
    asked = {"size": MOST, "skip_duplicates": True, **(how or {})}
    told: Json = {OWN: {"prefix": typed, "completion": {"field": "completion", **asked}}}
    if locales:
        others = {"field": COMPLETIONS, "contexts": {LOCALE: list(locales)}, **asked}
        told[OTHERS] = {"prefix": typed, "completion": others}
    return told


def with_all_words(typed: str, locales: Locales, now: datetime, *, nearly: bool = False) -> Json:
    """The question for names with all words, the last one as a beginning; `nearly`: a slip in each of the others."""
    how = {"fuzziness": "AUTO:5,9"} if nearly else {}
    begun: Json = {"match_bool_prefix": {"name": {"query": typed, "operator": "and", **how}}}
    if locales and (words := words_of(typed)):
        called = [_called(words, locale, nearly=nearly) for locale in locales]
        begun = {"bool": {"should": [begun, *called]}}
    query = {"bool": {"must": [begun], "filter": elastic.listed(now)}}
    return {
        "query": query,
        "size": MOST,
        "source": source(locales),
        "track_total_hits": False,
        "timeout": elastic.TIMEOUT,
    }


def _called(words: list[str], locale: str, *, nearly: bool) -> Json:
    """Products that are called so in a language."""
    *whole, begun = words
    said = [_word(word, locale, nearly=nearly) for word in whole]
    said.append({"prefix": {"called": called_in(locale, begun)}})
    return {"constant_score": {"filter": {"bool": {"filter": said}}}}


def _word(word: str, locale: str, *, nearly: bool) -> Json:
    slips = (len(word) >= 5) + (len(word) >= 9) if nearly else 0
    if not slips:
        return {"term": {"called": called_in(locale, word)}}
    certain = len(called_in(locale, ""))
    return {"fuzzy": {"called": {"value": called_in(locale, word), "fuzziness": slips, "prefix_length": certain}}}


def completed(found: Json, now: datetime) -> list[Json]:
    """What begins as typed, each product once: what can be had first, as good ones by the language asked for."""
    told: Json = found["suggest"]
    hits = {hit["_id"]: hit for hit in _options(told) if _is_open(hit, now)}
    if OTHERS not in told:
        return list(hits.values())
    return sorted(hits.values(), key=lambda hit: -hit["_score"])


def _options(told: Json) -> Iterator[Json]:
    return (hit for name in (OTHERS, OWN) if name in told for hit in told[name][0]["options"])


def _is_open(hit: Json, now: datetime) -> bool:
    """The suggester takes no filter: what it completes may not be there yet, or no more."""
    shown = hit["_source"]
    return is_open(_moment(shown.get("publish_at")), _moment(shown.get("unpublish_at")), now)


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
