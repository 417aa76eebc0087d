"""What a search takes its words for: misspelt ones are corrected, run-together ones parted, unknown ones said. Pure.

A word that no product says finds nothing, so nothing is lost by taking it for the nearest one that some product says.
Which words those are is asked only where no hit says all of them, and of products that shoppers may find alone: the
suggester knows the words of drafts, too, and of what is to be heard of some day.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field

from read_side.search.relevance import EVERYWHERE, FIELDS

Json = dict[str, Any]

MOST_PARTED = 3  # words of a text that may be run together
SHORTEST_PART = 3
LONGEST_PARTED = 40
LEAST_ALIKE = 0.7  # of 1: one sign of four may be wrong, two of eight
_NEAR: Json = {
    "field": EVERYWHERE,
    "suggest_mode": "always",  # a word that drafts alone say is known to it
    "max_term_freq": 0.99,
    "sort": "score",
    "size": 5,  # of which the first ones may be no shopper's
    "max_edits": 2,
    "prefix_length": 1,
    "min_word_length": 4,
}
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")  # canon's is one
_OWNER = re.compile(r"['\u2019]s$", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_BEFORE, _BEHIND = "\ue000", "\ue001"  # marks that no text has

Near = Mapping[str, Sequence[str]]  # what a word may have been meant for, the nearest first


class Change(Struct, frozen=True):
    """A word that was taken for another, or may be."""

    asked: str
    taken: str
    why: Literal["misspelt", "run_together"]


class Wording(Struct, frozen=True):
    """How the words of a search were understood. `ignored` are words that no product says.

    `text` is what was searched for; a client shows it where `changes` are told: "Results for …". What is `offered` was
    not done, as a word with a digit in it is seldom a slip: "Did you mean …?".
    """

    text: str
    changes: list[Change] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    offered: list[Change] = field(default_factory=list)


def words_of(text: str) -> list[str]:
    """The words of a text, each once."""
    return list(dict.fromkeys(_WORD.findall(text)))


def changed(text: str, changes: Sequence[Change]) -> str:
    """The text with the changes made, each at every place where its word stands."""
    taken = {change.asked: change.taken for change in changes}
    return _WORD.sub(lambda word: taken.get(word[0], word[0]), text)


def question(words: Sequence[str]) -> Json:
    """What each of these words may have been meant for. Each is a text of its own: so nobody has to find out where in
    a text it stood, which Elasticsearch counts in halves of signs."""
    return {str(place): {"text": _bare(word), "term": _NEAR} for place, word in enumerate(words)}


def near(words: Sequence[str], found: Json) -> Near:
    """What Elasticsearch's answer suggests for those words that no product says; nothing for what is no single word to
    it."""
    counts, told = _counts(found), found.get("suggest", {})
    unknown = {word: told.get(str(place), []) for place, word in enumerate(words) if not counts[_by_itself(word)]}
    return {word: options for word, told in unknown.items() if len(told) == 1 and (options := _options(word, told[0]))}


def _options(word: str, told: Json) -> list[str]:
    own = [told["text"]] if _bare(word) != word else []
    return own + [option["text"] for option in told["options"] if option["score"] >= LEAST_ALIKE]


def _bare(word: str) -> str:
    return _OWNER.sub("", word)


def sayable(options: Near) -> Json:
    """Which of these some product says, and how: a suggestion is a stem without its accents."""
    each = {option for several in options.values() for option in several}
    return {f"as {option}": {"filter": {"term": {EVERYWHERE: option}}, "aggs": _spelt(option)} for option in each}


def _spelt(option: str) -> Json:
    fields = [name.partition("^")[0] for name in FIELDS]
    said = {"bool": {"should": [{"term": {name: option}} for name in fields]}}
    shown = {
        "fields": {name: {} for name in fields}, "highlight_query": said, "number_of_fragments": 1,
        "max_analyzed_offset": 20_000, "pre_tags": [_BEFORE], "post_tags": [_BEHIND],
    }  # fmt: skip
    return {"spelt": {"top_hits": {"size": 1, "_source": False, "highlight": shown}}}


def meant(options: Near, found: Json) -> dict[str, str]:
    """The first that some product says of each word's options, as the product spells it, in lower case."""
    said = {name: told for name, told in found.get("aggregations", {}).items() if told["doc_count"]}
    first = {word: next((o for o in several if f"as {o}" in said), None) for word, several in options.items()}
    return {word: _spelling(option, said[f"as {option}"]) for word, option in first.items() if option}


def _spelling(option: str, told: Json) -> str:
    for hit in told["spelt"]["hits"]["hits"]:
        for fragments in hit.get("highlight", {}).values():
            return str(fragments[0]).partition(_BEFORE)[2].partition(_BEHIND)[0].lower()
    return option


def known(words: Sequence[str]) -> Json:
    """Counts of products that say each of these words, and each two words that one of them may be run together of."""
    asked: dict[str, Json] = {_by_itself(word): _says(word) for word in words}
    for word in sorted(words, key=len, reverse=True)[:MOST_PARTED]:
        asked |= {_in_parts(word, place): _says(f"{word[:place]} {word[place:]}") for place in _places(word)}
    return {"known": {"filters": {"filters": asked}}}


def understood(text: str, words: Sequence[str], found: Json, nearest: Mapping[str, str]) -> Wording:
    """Words that no product says: those that are another one, or two in one, and those that are nothing at all."""
    counts = _counts(found)
    unknown = [word for word in words if not counts[_by_itself(word)]]
    told = [change for word in unknown if (change := _change(word, counts, nearest))]
    changes = [change for change in told if not _DIGIT.search(change.asked)]
    made = {change.asked for change in changes}
    offered = [change for change in told if change.asked not in made]
    return Wording(changed(text, changes), changes, [word for word in unknown if word not in made], offered)


def _change(word: str, counts: Mapping[str, int], nearest: Mapping[str, str]) -> Change | None:
    if word in nearest:
        return Change(word, nearest[word], "misspelt")
    places = [place for place in _places(word) if counts.get(_in_parts(word, place))]
    if not places:
        return None
    best = max(places, key=lambda place: counts[_in_parts(word, place)])
    return Change(word, f"{word[:best]} {word[best:]}", "run_together")


def _counts(found: Json) -> Mapping[str, int]:
    return {name: bucket["doc_count"] for name, bucket in found["aggregations"]["known"]["buckets"].items()}


def _by_itself(word: str) -> str:
    return f"{word}/"


def _in_parts(word: str, place: int) -> str:
    return f"{word}/{place}"


def _places(word: str) -> Iterator[int]:
    last = len(word) - SHORTEST_PART if len(word) <= LONGEST_PARTED else 0
    return iter(range(SHORTEST_PART, last + 1))


def _says(words: str) -> Json:
    return {"match": {EVERYWHERE: {"query": words, "operator": "and"}}}
