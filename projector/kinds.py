"""What kind of thing a product is, told from its name: whoever searches for a "notebook" wants no bag for one.

In a name the noun that says what a thing is stands last in its phrase: a "notebook case" is a case (heads of noun
phrases: Quirk et al., A Comprehensive Grammar of the English Language, ch. 17; German compounds end with theirs, too).
Behind the phrase come facts: numbers, sizes, colours, whatever the merchant says in attributes as well. So a name is
cut at facts, and the last word before each cut is a kind: "Compaq 6720s Notebook PC 15.4 in" has compaq and notebook,
"Sleeve notebook case Gray" has case. What it is *for*, or comes *with*, is not what it is.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from shared.events.catalog import AttributeValue, ProductFacts

_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|\S")
# "pc" are pieces: a "Notebook PC" is a notebook, the other word says more.
_UNITS = """cm cl db dpi gb gbit ghz hz in inch kg khz kv kva kw mah mb mbit mhz ml mm ms mw pc pcs ppm px pixels rpm tb
            va wh"""
_LINKS = "and in of the to or incl on und der die das von zu oder"
_CUTS = frozenset(f"{_UNITS} {_LINKS}".split())
_OTHERS = frozenset(("for", "with", "für", "mit"))  # what follows are other things
_KIND = "product type"  # an attribute that merchants have for the kind itself: no fact to cut at


def kind_words(facts: ProductFacts) -> list[str]:
    """The kinds that a product's name and product type tell, in lower case."""
    told = set(_words(facts.brand))
    for name, value in facts.attributes.items():
        if name.lower() != _KIND:
            told.update(_value_words(value))
    found = [*_ends_of_phrases(_words(facts.name), told), *_words(facts.product_type)[-1:]]
    return list(dict.fromkeys(word for word in found if word[0].isalnum()))


def _ends_of_phrases(words: list[str], told: set[str]) -> Iterator[str]:
    last = found = None
    for word in words:
        if word in _OTHERS and (last or found):
            break
        if word in _CUTS or word in told or not _is_noun_like(word):
            found = last or found
            if last:
                yield last
            last = None
        else:
            last = word
    if last:
        yield last


def _is_noun_like(word: str) -> bool:
    return len(word) > 1 and (word.isalpha() or (word[0].isalpha() and not any(char.isdigit() for char in word)))


def _value_words(value: AttributeValue) -> Sequence[str]:
    if isinstance(value, str):
        return _single_words(value)
    if isinstance(value, list):
        return [word for part in value if isinstance(part, str) for word in _single_words(part)]
    return ()


@lru_cache(maxsize=20_000)  # a shop's products say the same over and over
def _single_words(part: str) -> Sequence[str]:
    """A longer one may hold the kind itself: "Pouch case"."""
    return [text.strip().lower() for text in part.split(",") if len(text.split()) == 1]


def _words(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())
