"""How well a product fits the words of a search: the score that results are sorted by. Pure: words in, a query out.

Each part, what it brought and what it costs: decision 26.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from read_side.search.rules import NOTHING, Applied
from shared.events.merchandising import Boost

Json = dict[str, Any]

# `cross_fields` takes the fields for one: "sony headphones" may find its brand here and its kind there.
FIELDS = ["name^3", "product_type.text^2", "brand.text^2", "description", "attributes_text", "translated"]
EVERYWHERE = "words"  # holds what all of these say: one dictionary instead of six

ALL_WORDS = 12.0  # all words are there: before any product that has but one of them, however often
KIND = 3.0  # a word says what kind of thing it is: "notebook" means notebooks, not what is made for them
JOINED = 1.5  # two words are one in this catalog: "head set"
CAN_BE_HAD: Json = {"terms": {"availability": ["in", "low"]}}
AT_HAND = 0.5
LIKED = 0.2  # bought often; those bought most count twice: they win among what fits as well, if they can be had
MOST_LIKED = 40
PINNED = 10_000.0  # above any other score, and apart: what a pinned product scores besides moves it by no place
MOST_PINNED = 200  # in their order; those behind them share a place: each in order is a part of the question
# What the marks of hits begin with that have all words. Each query has one of its own: of several that are called the
# same Elasticsearch tells the last one alone.
ALL = "all"
LATIN = "\u024f"  # the last sign of it: in other scripts a word may be several
ELSEWHERE = 0.3  # of what the other fields say counts, beside the one that says it best
LONGEST_JOINED = 6  # words: longer texts are copied, not typed
# Letters and digits: WH-1000XM4.
_MODEL = re.compile(r"(?=.*[^\W\d_])(?=.*\d)[^\W_][\w./+-]{2,40}")


def scored(text: str, applied: Applied = NOTHING) -> Json:
    """Products that fit some of the words, best first: scores that add up, and so can be told apart by `explain`."""
    at_hand = _flat(CAN_BE_HAD, AT_HAND)
    others = [at_hand, *liked(applied.popular), *_lifted(applied.boosts)]
    return _lowered({"bool": {"must": [_said(text, applied)], "should": others}}, applied.boosts)


def _said(text: str, applied: Applied) -> Json:
    others = [*(_reading(words) for words in applied.readings), *(_joined(*joint) for joint in _joints(text))]
    readings = [fits(f"{ALL}/{place}") for place, fits in enumerate([_reading(text), *others])]
    return readings[0] if len(readings) == 1 else {"dis_max": {"queries": readings}}


def parts(text: str, applied: Applied) -> dict[str, list[Json]]:
    """What a score is the sum of, by name; `lowered` tells by how much the first four of them are divided."""
    lowered = [_flat(having, 1.0 - strength) for having, strength in _moved(applied.boosts) if strength < 0]
    return {
        "text": [_said(text, applied)],
        "at_hand": [_flat(CAN_BE_HAD, AT_HAND)],
        "popular": liked(applied.popular),
        "lifted": _lifted(applied.boosts),
        "lowered": lowered,
        "model": by_model(text),
        "pinned": pinned(applied),
    }


def liked(popular: Sequence[str]) -> list[Json]:
    """What is bought most, and a little more what is bought more than that: the first of them are in both."""
    parts = [part for part in (popular, popular[:MOST_LIKED]) if part]
    return [_flat({"terms": {"product_id": list(part)}}, LIKED) for part in parts]


def pinned(applied: Applied) -> list[Json]:
    """What stands first, in its order, whether the words find it or not."""
    first, others = applied.pins[:MOST_PINNED], applied.pins[MOST_PINNED:]
    places = [
        _flat({"term": {"product_id": product}}, PINNED * (MOST_PINNED + 1 - place))
        for place, product in enumerate(first)
    ]
    return [*places, _flat({"terms": {"product_id": list(others)}}, PINNED)] if others else places


def _moved(boosts: Sequence[Boost]) -> list[tuple[Json, int]]:
    """What has any of the values that one field's boosts of one strength name, and that strength: a thousand rules are
    few parts, as Elasticsearch takes but so many."""
    values: dict[tuple[str, int], list[str]] = defaultdict(list)
    for boost in boosts:
        values[boost.field, boost.strength].append(boost.value)
    return [({"terms": {_path(field): several}}, strength) for (field, strength), several in values.items()]


def _path(field: str) -> str:
    attribute = field.removeprefix("attribute:")
    return field if field == attribute else f"facets.{attribute}"


def _lifted(boosts: Sequence[Boost]) -> list[Json]:
    return [_flat(having, float(strength)) for having, strength in _moved(boosts) if strength > 0]


def _lowered(found: Json, boosts: Sequence[Boost]) -> Json:
    """Scores can't be subtracted from, so they are divided: by 2 for −1, by 11 for −10. Side by side: `boosting` would
    nest, and Elasticsearch takes 30 levels."""
    down = ((having, strength) for having, strength in _moved(boosts) if strength < 0)
    functions = [{"filter": having, "weight": 1 / (1 - strength)} for having, strength in down]
    if not functions:
        return found
    return {"function_score": {"query": found, "functions": functions, "score_mode": "multiply"}}


def by_model(text: str) -> list[Json]:
    """Products whose names have one of the words that look like a model's number, however it is punctuated."""
    numbers = [word for word in text.split() if _MODEL.fullmatch(word)]
    name = f"{ALL}/model" if numbers == [text] else None
    return [_flat({"match": {"name.models": " ".join(numbers)}}, ALL_WORDS, name)] if numbers else []


def is_one_word(text: str) -> bool:
    """Whether it is a single word for Elasticsearch, too."""
    return text.isalpha()


def are_all_asked(text: str) -> bool:
    """Whether it is one or two words for Elasticsearch, too, so that none of them may be missing. "500GB" is two."""
    words = text.split()
    return len(words) <= 2 and all(word.isalnum() and _is_one(word) for word in words)


def _is_one(word: str) -> bool:
    return max(word) <= LATIN and (word.isdecimal() or not word[0].isdecimal())


def _reading(text: str) -> Callable[[str], Json]:
    return lambda name: _fits(text, name)


def _fits(text: str, name: str) -> Json:
    """Any word finds; products that have all of them, or are of the kind that one of them says, stand before others."""
    # Of three words and more a quarter may be missing: people say more than merchants do.
    every = {"match": {EVERYWHERE: {"query": text, "minimum_should_match": "2<75%"}}}
    every = _flat(every, ALL_WORDS, name if are_all_asked(text) else None)
    return {"bool": {"must": [_words(text)], "should": [every, _flat({"match": {"kinds": text}}, KIND)]}}


def _words(text: str) -> Json:
    asked = {"query": text, "type": "cross_fields", "fields": FIELDS, "operator": "or", "tie_breaker": ELSEWHERE}
    return {"multi_match": asked}


def _flat(query: Json, boost: float, name: str | None = None) -> Json:
    named = {} if name is None else {"_name": name}
    return {"constant_score": {"filter": query, "boost": boost, **named}}


def _joints(text: str) -> list[tuple[str, str]]:
    """The text with two neighbours joined, and the joined word, for each pair."""
    words = text.split()
    if len(words) > LONGEST_JOINED:
        return []
    pairs = [(place, words[place] + words[place + 1]) for place in range(len(words) - 1)]
    return [(" ".join((*words[:place], joined, *words[place + 2 :])), joined) for place, joined in pairs]


def _joined(text: str, kind: str) -> Callable[[str], Json]:
    """Counts only where the joined word is a kind of thing, so it costs nothing where there is no such word."""
    filter_ = [{"match": {"kinds": kind}}]
    return lambda name: {"bool": {"filter": filter_, "must": [_fits(text, name)], "boost": JOINED}}
