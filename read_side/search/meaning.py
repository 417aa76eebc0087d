"""Asking Elasticsearch what the words of a search were meant for, where no hit says all of them."""

from datetime import UTC, datetime

from read_side.search import elastic, wording
from read_side.search.index import Index
from read_side.search.wording import Wording

MOST_WORDS = 10  # of a text that are looked up one by one


async def meaning(text: str, index: Index) -> Wording:
    """What its words were meant for: one question of its own, since most searches need none, and one more where a
    word is near to others. Answers 503 while Elasticsearch is down."""
    words = wording.words_of(text)[:MOST_WORDS]
    if not words:
        return Wording(text)
    shop = elastic.whole_shop(datetime.now(UTC))
    found = await index.search(**elastic.counting(wording.known(words), shop), suggest=wording.question(words))
    near = wording.near(words, found)
    said = await index.search(**elastic.counting(wording.sayable(near), shop)) if near else {}
    return wording.understood(text, words, found, wording.meant(near, said))
