"""Which searches of others are suggested."""

from typing import Any

from read_side.search import past
from read_side.search.past import Texts


def _asked(**visitors: list[int]) -> dict[str, Any]:
    """An answer of Elasticsearch: of each text, by how many visitors it was asked on each day."""
    buckets = [
        {"key": text.replace("_", " "), "days": {"buckets": [{"visitors": {"value": count}} for count in days]}}
        for text, days in visitors.items()
    ]
    return {"aggregations": {"texts": {"buckets": buckets}}}


def test_what_too_few_asked_on_any_day_is_nobody_elses_business() -> None:
    assert past.by_several(_asked(usb_cable=[1, 3], my_secret=[2, 2, 2])) == {"usb cable": 3}


def test_what_was_masked_as_an_address_or_a_number_is_never_suggested() -> None:
    assert past.by_several(_asked(lamp=[9], **{"lamp_#": [9]})) == {"lamp": 9}


def test_only_what_some_product_says_all_words_of_is_suggested() -> None:
    found = {"aggregations": {"texts": {"buckets": {"0": {"doc_count": 0}, "1": {"doc_count": 2}}}}}
    assert past.found_by(["john lamp", "desk lamp"], found) == ["desk lamp"]


def test_what_most_asked_stands_first_and_what_is_typed_already_is_left_out() -> None:
    texts = Texts({"desk lamp": 3, "lamp": 9, "lamp shade": 5})
    assert texts.beginning("lamp") == ["lamp shade", "desk lamp"]
    assert texts.beginning("lapm s") == ["lamp shade"]
