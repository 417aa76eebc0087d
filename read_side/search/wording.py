"""What a search takes its words for: misspelt ones are corrected, run-together ones parted, unknown ones said. Pure.

A word that no product says finds nothing, so nothing is lost by taking it for the nearest one that some product says.
Which words those are is asked only where no hit says all of them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, field

Json = dict[str, Any]

NAME = "wording"
MOST_PARTED = 3  # words of a text that may be run together
SHORTEST_PART = 3
LONGEST_PARTED = 40
LEAST_ALIKE = 0.7  # of 1: one sign of four may be wrong, two of eight
_WORD = re.compile(r"[^\W_]+")


class Change(Struct, frozen=True):
    """A word that was taken for another."""

    asked: str
    taken: str
    why: Literal["misspelt", "run_together"]


class Wording(Struct, frozen=True):
    """How the words of a search were understood. `ignored` are words that no product says.

    `text` is what was searched for; a client shows it where `changes` are told: "Results for …".
    """

    text: str
    changes: list[Change] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def question(text: str) -> Json:
    """Which of the words no product says, and what each may have been meant for."""
    near = {
        "field": "words",
        "suggest_mode": "missing",
        "sort": "score",
        "size": 1,
        "max_edits": 2,
        "prefix_length": 1,
        "min_word_length": 4,
    }
    return {"text": text, NAME: {"term": near}}


def corrected(text: str, found: Json) -> list[Change]:
    """The changes that Elasticsearch's answer suggests."""
    changes = []
    for told in found.get("suggest", {}).get(NAME, []):
        near = told["options"]
        if near and near[0]["score"] >= LEAST_ALIKE:
            asked = text[told["offset"] : told["offset"] + told["length"]]
            changes.append(Change(asked, near[0]["text"], "misspelt"))
    return changes


def changed(text: str, changes: list[Change]) -> str:
    """The text with the changes made, each at every place where its word stands."""
    taken = {change.asked: change.taken for change in changes}
    return _WORD.sub(lambda word: taken.get(word[0], word[0]), text)


def words_of(text: str) -> list[str]:
    """The words of a text, each once."""
    return list(dict.fromkeys(_WORD.findall(text)))


def known(words: list[str]) -> Json:
    """Counts of products that say each of these words, and each two words that one of them may be run together of."""
    asked: dict[str, Json] = {_by_itself(word): _says(word) for word in words}
    for word in sorted(words, key=len, reverse=True)[:MOST_PARTED]:
        asked |= {_in_parts(word, place): _says(f"{word[:place]} {word[place:]}") for place in _places(word)}
    return {"known": {"filters": {"filters": asked}}}


def parted(words: list[str], found: Json) -> tuple[list[Change], list[str]]:
    """Words that no product says: those that are two in one, and those that are nothing at all."""
    counts: Mapping[str, int] = {
        name: bucket["doc_count"] for name, bucket in found["aggregations"]["known"]["buckets"].items()
    }
    changes, ignored = [], []
    for word in words:
        if counts[_by_itself(word)]:
            continue
        places = [place for place in _places(word) if counts.get(_in_parts(word, place))]
        if places:
            best = max(places, key=lambda place: counts[_in_parts(word, place)])
            changes.append(Change(word, f"{word[:best]} {word[best:]}", "run_together"))
        else:
            ignored.append(word)
    return changes, ignored


def _by_itself(word: str) -> str:
    return f"{word}/"


def _in_parts(word: str, place: int) -> str:
    return f"{word}/{place}"


def _places(word: str) -> Iterator[int]:
    last = len(word) - SHORTEST_PART if len(word) <= LONGEST_PARTED else 0
    return iter(range(SHORTEST_PART, last + 1))


def _says(words: str) -> Json:
    return {"match": {"words": {"query": words, "operator": "and"}}}
