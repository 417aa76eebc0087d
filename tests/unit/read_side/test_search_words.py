"""The pure parts of searching and of the category tree."""

from typing import Any

import pytest
from msgspec import structs

from read_side.categories.queries import Categories
from read_side.search import counted_again, cursors, elastic, facets, wording
from read_side.search.kinds import Kind
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


def test_ranges_are_asked_for_again_only_where_they_count_a_product_twice() -> None:
    values = [facets.FacetValue(f"{low}..<{low + 2}", "", 5, selected=False) for low in (36, 38)]
    size = facets.Facet("filter.size", "size", values, 0, "number")
    slid = structs.replace(size, values=[*values, facets.FacetValue("37..39", "", 4, selected=True)])
    word = structs.replace(size, values=[*values, facets.FacetValue("one size", "", 30, selected=True)])
    one_by_one = structs.replace(size, values=[structs.replace(each, value=each.value[:2]) for each in values])
    text = structs.replace(size, kind="text")
    some = structs.replace(one_by_one, others=1)
    single = structs.replace(one_by_one, values=[*one_by_one.values, slid.values[-1]])
    for made, have, again in (
        (size, 9, ["0"]), (size, 10, []), (one_by_one, 9, []), (some, 9, ["0"]), (text, None, []),
        (slid, 10, []), (slid, 9, ["0"]), (word, 10, []), (single, 9, []),
    ):  # fmt: skip
        found = {"buckets": [{"doc_count": 5}, {"doc_count": 5}], "sum_other_doc_count": 0}
        counted = {"0": {} if have is None else {"have": {"doc_count": have}, "values": found}}
        assert list(counted_again.questions([made], counted, {}, ASKED, {})) == again


def test_what_is_left_of_words_is_asked_for_again_only_where_products_say_several() -> None:
    tags = facets.Facet("filter.tags", "tags", [facets.FacetValue("new", "new", 5, selected=False)], 9)
    brand, several = structs.replace(tags, parameter="brand"), {"tags": Kind("text", several=True)}
    typed = structs.replace(ASKED, typed={"tags": "ne"})
    for made, asked, known, again in (
        (tags, ASKED, several, ["0"]), (tags, ASKED, {"tags": Kind("text")}, []), (tags, ASKED, {}, []),
        (structs.replace(tags, others=0), ASKED, several, []), (brand, ASKED, {"brand": several["tags"]}, []),
        (tags, typed, several, []),
    ):  # fmt: skip
        assert list(counted_again.questions([made], {"0": {}}, {}, asked, known)) == again


def test_a_chosen_category_is_shown_with_those_above_it_however_full_others_are() -> None:
    top, chosen = Category(uuid7(), None, "top", "Top"), Category(uuid7(), None, "chosen", "Chosen")
    inner = Category(uuid7(), chosen.id, "inner", "Inner")
    full = [Category(uuid7(), None, f"full-{place}", "Full") for place in range(60)]
    categories = Categories(CategoryTree([top, chosen, inner, *full]))
    buckets = [{"key": str(each.id), "doc_count": 9} for each in full]
    asked = structs.replace(ASKED, categories=("inner",))
    for counted, own in (([], 0), ([{"key": str(inner.id), "doc_count": 2}], 2)):
        values = {"buckets": [*buckets, *counted], "sum_other_doc_count": 0}
        facet = facets.facet("category", {"values": values}, asked, categories, None, {})
        assert len(facet.values) == 52
        assert [(each.value, each.count, each.selected, each.parent) for each in facet.values[50:]] == [
            ("chosen", own, False, None), ("inner", own, True, "chosen"),
        ]  # fmt: skip


def test_others_of_categories_are_products_that_lie_in_none_that_is_shown() -> None:
    roots = [Category(uuid7(), None, f"root-{place:02}", f"Root {place:02}") for place in range(60)]
    below = Category(uuid7(), roots[0].id, "below", "Below")
    categories = Categories(CategoryTree([*roots, below]))
    buckets = [{"key": str(each.id), "doc_count": 100 - place} for place, each in enumerate([below, *roots])]
    values = {"buckets": buckets, "sum_other_doc_count": 0}

    def others(asked: SearchRequest) -> int:
        return facets.facet("category", {"values": values}, asked, categories, None, {}).others

    assert others(ASKED) == sum(100 - place for place in range(50, 61))
    assert others(structs.replace(ASKED, categories=("root-59",))) == sum(100 - place for place in range(50, 60))
    assert others(structs.replace(ASKED, typed={"category": "root 5"})) == 0, "all that begin so are shown"


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
    changes = [Change("Lmp", "lamp", "misspelt")]
    assert wording.changed("Lmp, lmps, Lmp! lmp's", changes) == "lamp, lmps, lamp! lmp's"


def told(words: list[str], *options: tuple[str, float], **known: int) -> dict[str, Any]:
    """An answer of Elasticsearch that knows these words, and suggests these options for the first of all."""
    counts = dict.fromkeys(wording.known(words)["known"]["filters"]["filters"], 0)
    counts |= {name.replace("_", "/"): count for name, count in known.items()}
    suggested = {"text": words[0], "options": [{"text": text, "score": score} for text, score in options]}
    return {
        "aggregations": {"known": {"buckets": {name: {"doc_count": n} for name, n in counts.items()}}},
        "suggest": {"0": [suggested]},
    }


def test_what_is_far_from_any_word_is_no_misspelling() -> None:
    assert wording.near(["limo"], told(["limo"], ("lamp", 0.5))) == {}
    assert wording.near(["limo"], told(["limo"], ("lime", 0.75), ("limp", 0.7))) == {"limo": ["lime", "limp"]}
    assert wording.near(["limo"], told(["limo"], ("lime", 0.75), limo_=1)) == {}, "some product says it"


def test_a_word_that_no_product_says_is_parted_where_most_products_say_both_parts_or_ignored() -> None:
    words = ["desklamp", "red", "xyzzyx"]
    found = told(words, red_=4, desklamp_4=7, desklamp_5=1)
    said = wording.understood("Desklamp desklamp red xyzzyx", words, found, {})
    assert said.changes == [Change("desklamp", "desk lamp", "run_together")]
    assert (said.text, said.ignored) == ("Desklamp desk lamp red xyzzyx", ["xyzzyx"])


@pytest.mark.parametrize(
    ("text", "known"),
    [("lamp", True), ("Müller T640", True), ("750 gb", True), ("750gb", False), ("wh-1000", False), ("a b c", False),
     ("\u7535\u8111", False)],
)  # fmt: skip
def test_whether_all_words_are_asked_for_is_known_of_few_plain_ones(text: str, known: bool) -> None:
    assert are_all_asked(text) is known
