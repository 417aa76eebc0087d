"""What kind of thing a product is, told from its name: whoever searches for a "notebook" wants no bag for one.

In a name the noun that says what a thing is stands last in its phrase: a "notebook case" is a case (heads of noun
phrases: Quirk et al., A Comprehensive Grammar of the English Language, ch. 17; German compounds end with theirs, too).
Behind the phrase come facts: numbers, sizes, colours, whatever the merchant says in attributes as well. So a name is
cut at facts, and the last word before each cut is a kind: "Compaq 6720s Notebook PC 15.4 in" has compaq and notebook,
"Sleeve notebook case Gray" has case. What it is *for*, or comes *with*, is not what it is.
"""

import re
from collections.abc import Iterator

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
    facts_told = {*_words(facts.brand), *_attribute_words(facts)}
    found = [*_ends_of_phrases(_words(facts.name), _CUTS | facts_told), *_words(facts.product_type)[-1:]]
    return list(dict.fromkeys(word for word in found if word[0].isalnum()))


def _ends_of_phrases(words: list[str], cuts: frozenset[str]) -> Iterator[str]:
    last = found = None
    for word in words:
        if word in _OTHERS and (last or found):
            break
        if word in cuts or not _is_noun_like(word):
            found = last or found
            if last:
                yield last
            last = None
        else:
            last = word
    if last:
        yield last


def _is_noun_like(word: str) -> bool:
    return len(word) > 1 and word[0].isalpha() and not any(char.isdigit() for char in word)


def _attribute_words(facts: ProductFacts) -> Iterator[str]:
    for name, value in facts.attributes.items():
        if name.lower() != _KIND:
            yield from _value_words(value)


def _value_words(value: AttributeValue) -> Iterator[str]:
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, str):
            # A longer one may hold the kind itself: "Pouch case".
            yield from (text.strip().lower() for text in part.split(",") if len(text.split()) == 1)


def _words(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())
