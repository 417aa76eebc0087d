"""The pure parts of searching and of the category tree."""

import pytest
from msgspec import structs

from read_side.categories.queries import Categories
from read_side.search import cursors, elastic, facets, wording
from read_side.search.parameters import SearchRequest
from read_side.search.relevance import are_all_asked
from read_side.search.wording import Change
from shared.documents.products import Category, CategoryTree
from shared.http.problems import Problem
from shared.ids import uuid7

ASKED = SearchRequest(
    text="lamp", categories=(), brands=("Nox",), attributes={"Colour": ("red",)}, price_min=None, price_max=None,
    currency="EUR", available=False, sort="relevance", limit=20, cursor=None, facets=None,
)  # fmt: skip


def test_a_facet_is_counted_under_all_choices_but_its_own() -> None:
    chosen = elastic.selections(ASKED, None)
    counted = facets.questions(["brand", "filter.Colour", "filter.Size"], chosen, ASKED, {})
    brand, colour = chosen["brand"], chosen["filter.Colour"]
    under = [facet["filter"]["bool"]["filter"] for facet in counted.values()]
    assert under == [[colour], [brand], [brand, colour]]


def test_every_order_is_total() -> None:
    for sort in ("relevance", "price_asc", "price_desc", "newest", "name"):
        for text in ("", "lamp"):
            order = elastic.order(structs.replace(ASKED, sort=sort, text=text))
            assert "product_id" in order[-1]


def test_a_cursor_survives_another_page_size_but_no_other_query() -> None:
    mark = cursors.fingerprint(ASKED, None)
    cursor = cursors.encode("secret", mark, ["lamp", [1.5, "id"]])
    again = cursors.fingerprint(structs.replace(ASKED, limit=5, cursor=cursor, facets=()), None)
    assert cursors.decode("secret", again, cursor) == ["lamp", [1.5, "id"]]
    others = [cursors.fingerprint(ASKED, "lamps"), cursors.fingerprint(structs.replace(ASKED, text="lamps"), None)]
    for secret, query in [("secret", other) for other in others] + [("other", mark)]:
        with pytest.raises(Problem, match="broken_cursor"):
            cursors.decode(secret, query, cursor)


def test_an_orphan_stands_at_the_top_and_is_not_lost() -> None:
    top, orphan = Category(uuid7(), None, "top", "Top"), Category(uuid7(), uuid7(), "orphan", "Orphan")
    child = Category(uuid7(), top.id, "child", "Child")
    categories = Categories(CategoryTree([top, orphan, child]))
    assert [node.slug for node in categories.nested().categories] == ["orphan", "top"]
    assert categories.with_descendants("top") == [str(top.id), str(child.id)]


def test_a_word_is_corrected_wherever_it_stands_and_no_part_of_another_is() -> None:
    told = {"suggest": {"wording": [{"offset": 0, "length": 3, "options": [{"text": "lamp", "score": 0.75}]}]}}
    changes = wording.corrected("Lmp, lmps, Lmp!", told)
    assert changes == [Change("Lmp", "lamp", "misspelt")]
    assert wording.changed("Lmp, lmps, Lmp!", changes) == "lamp, lmps, lamp!"


def test_what_is_far_from_any_word_is_no_misspelling() -> None:
    told = {"suggest": {"wording": [{"offset": 0, "length": 4, "options": [{"text": "lamp", "score": 0.5}]}]}}
    assert wording.corrected("limo", told) == []


def test_a_word_that_no_product_says_is_parted_where_most_products_say_both_parts_or_ignored() -> None:
    words = ["desklamp", "red", "xyzzyx"]
    asked = wording.known(words)["known"]["filters"]["filters"]
    counts = dict.fromkeys(asked, 0) | {"red/": 4, "desklamp/4": 7, "desklamp/5": 1}
    found = {"aggregations": {"known": {"buckets": {name: {"doc_count": n} for name, n in counts.items()}}}}
    changes, ignored = wording.parted(words, found)
    assert changes == [Change("desklamp", "desk lamp", "run_together")]
    assert ignored == ["xyzzyx"]


@pytest.mark.parametrize(
    ("text", "known"),
    [("lamp", True), ("Müller T640", True), ("750 gb", True), ("750gb", False), ("wh-1000", False), ("a b c", False),
     ("\u7535\u8111", False)],
)  # fmt: skip
def test_whether_all_words_are_asked_for_is_known_of_few_plain_ones(text: str, known: bool) -> None:
    assert are_all_asked(text) is known
