"""In which language somebody is served."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.products import Category
from shared.ids import uuid7
from shared.locales import Languages, Locales, best
from tests.properties.values import BOUNDED

SHOP = Languages(["en", "de", "de-AT", "fr"])


@pytest.mark.parametrize(
    ("accept", "chain"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", ("de-AT", "de")),
        ("DE-at", ("de-AT", "de")),
        ("de-CH", ("de",)),
        ("it, fr;q=0.8, de;q=0.7", ("fr",)),
        ("fr;q=0.1, de;q=0.9", ("de",)),
        ("de;q=0, fr", ("fr",)),
        ("en-GB, de", ()),  # the shop's own language needs no translation
        ("*, de;q=0", ()),
        ("", ()),
        (";;q=x,, de", ("de",)),
    ],
)
def test_what_is_liked_best_of_what_there_is(accept: str, chain: tuple[str, ...]) -> None:
    assert SHOP.of(None, accept) == chain


def test_what_is_asked_for_by_name_goes_before_the_browser() -> None:
    assert SHOP.of("fr", "de") == ("fr",)
    assert SHOP.of("it", "de") == ()
    assert SHOP.of("en", "de") == ()


def test_a_shop_of_one_language_depends_on_nothing() -> None:
    assert Languages(["en"]).of("de", "de") is None


@BOUNDED
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_breaks_it(wanted: str, accept: str) -> None:
    assert set(SHOP.of(wanted, accept) or ()) <= {"de", "de-AT", "fr"}


@pytest.mark.parametrize(
    ("locales", "name"),
    [
        (("de-AT", "de"), "Lampal"), (("de-CH", "de"), "Leuchten"), (("de",), "Leuchten"), (("fr",), "Lamps"),
        ((), "Lamps"), (None, "Lamps"),
    ],
)  # fmt: skip
def test_what_is_not_told_in_a_language_is_told_in_the_next_best_one(locales: Locales, name: str) -> None:
    told = {"de": "Leuchten", "de-AT": "Lampal"}
    assert best(told, locales, "Lamps") == name
    assert Category(uuid7(), None, "lamps", "Lamps", told).called(locales) == name
