import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.slugs import LONGEST, PATTERN, slug_of, with_suffix
from write_side.catalog.domain import free_slug, path_slug, slug_candidates
from write_side.catalog.refusals import SlugTaken


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Pick-up & Return!", "pick-up-and-return"),
        ("DVD+R", "dvd-plus-r"),
        ("DVD-R", "dvd-r"),
        ("Größe Ærø", "grosse-aero"),
        ("Crème brûlée", "creme-brulee"),
        ("17\" Monitor®", "17-monitor"),
    ],
)
def test_a_name_becomes_a_readable_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_a_name_without_latin_letters_has_a_slug_of_its_own() -> None:
    assert slug_of("Наушники") != slug_of("耳机")
    assert re.match(PATTERN, slug_of("Наушники"))


@given(st.text(), st.text())
def test_whatever_the_name_the_slug_is_one(name: str, sku: str) -> None:
    for slug in slug_candidates(name, sku):
        assert re.match(PATTERN, slug)
        assert 0 < len(slug) <= LONGEST


def test_a_taken_slug_gets_the_sku_behind_it_and_the_same_one_each_time() -> None:
    candidates = slug_candidates("USB cable", "A-1")
    assert free_slug(candidates, []) == "usb-cable"
    assert free_slug(candidates, ["usb-cable"]) == "usb-cable-a-1"
    assert free_slug(candidates, candidates[:2]) == candidates[2] == slug_candidates("USB cable", "A-1")[2]
    with pytest.raises(SlugTaken):
        free_slug(candidates, candidates)


def test_a_long_slug_keeps_its_suffix() -> None:
    assert with_suffix("word-" * 30 + "end", "4711").endswith("-4711")


def test_long_paths_of_categories_do_not_run_into_each_other() -> None:
    common = ["Spare parts for professional equipment"] * 4
    assert path_slug([*common, "red"]) != path_slug([*common, "blue"])
    assert path_slug(["Audio", "Accessories"]) == "audio-accessories"
