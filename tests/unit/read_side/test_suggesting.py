"""Names of categories by their first letters."""

import pytest
from msgspec import structs

from read_side.categories.queries import Categories
from read_side.search.names import begins_nearly
from read_side.search.suggesting import CategoryNames
from shared.documents.products import Category, CategoryTree
from shared.ids import uuid7

AUDIO = Category(uuid7(), None, "audio", "Audio")
PHONES = Category(uuid7(), AUDIO.id, "phones", "Wireless Headphones")
NAMES = CategoryNames(Categories(CategoryTree([AUDIO, PHONES])))


@pytest.mark.parametrize("typed", ["headp", "wireless h", "haedphones", "hedph", "headdph"])
def test_a_category_is_found_by_any_of_its_words_and_in_spite_of_a_slip(typed: str) -> None:
    [found] = NAMES.beginning(typed)
    assert (found.slug, found.above) == ("phones", ["Audio"])


@pytest.mark.parametrize("typed", ["phones", "eadphones", "hxa", "headxyz", "z"])
def test_what_begins_otherwise_is_not_found(typed: str) -> None:
    assert NAMES.beginning(typed) == []


def test_a_category_is_found_by_its_name_in_the_language_asked_for_and_in_the_shops_own() -> None:
    german = structs.replace(PHONES, names={"de": "Kopfhörer", "fr": "Casques"})
    names = CategoryNames(Categories(CategoryTree([AUDIO, german])), ("de-AT", "de"))
    for typed in ("kopf", "wireless", "headp"):
        [found] = names.beginning(typed)
        assert (found.name, found.above) == ("Kopfhörer", ["Audio"])
    assert names.beginning("casques") == []


@pytest.mark.parametrize(
    ("text", "typed", "near"),
    [
        ("lamp", "lanp", True), ("lamps", "lamsp", True), ("lamp", "lmp", True), ("lamp", "laamp", True),
        ("lamp", "la", True), ("lamp", "lnap", False), ("lamp", "lonk", False),
    ],
)  # fmt: skip
def test_one_slip_is_forgiven_and_no_second(text: str, typed: str, near: bool) -> None:
    assert begins_nearly(text, typed) is near
