"""What is kept of searches and behaviour leads to nobody; of too many searches a fair sample is kept."""

from datetime import date

import pytest
from msgspec import structs
from redis.asyncio import Redis

from read_side.behaviour.domain import LONGEST_TEXT, anonymous, mark_of
from read_side.behaviour.outbox import MOST_SEARCHES, Outbox
from read_side.behaviour.searches import search_record
from read_side.search.results import Page, Total
from read_side.search.wording import Change, Wording, changed
from tests.integration.read_side.shelves import NOW
from tests.unit.read_side.test_search_words import ASKED

PLAIN = structs.replace(ASKED, brands=(), attributes={})
PAGE = Page([], Total(0, "exact"), [], None, Wording("lamp ZZZ", [Change("Lapm", "lamp", "misspelt")], ["ZZZ"]))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Desk   LAMP ", "desk lamp"),
        ("ada@example.org", "#"),
        ("order of Ada@Example.org please", "order of # please"),
        ("+49 151 2345678", "#"),
        ("030/1234567", "#"),
        ("call 0151 / 234567", "call #"),
        ("+49 (0) 151 - 234567", "#"),
        ("4242 4242 4242 4242", "#"),
        ("4006381333931", "4006381333931"),  # an EAN
        ("4006381333932", "#"),  # none: its check digit is another
        ("WH-1000XM4 500 GB", "wh-1000xm4 500 gb"),
        ("x" * 300, "x" * LONGEST_TEXT),
        ("", ""),
    ],
)
def test_words_are_kept_and_what_may_be_a_person_s_is_not(typed: str, kept: str) -> None:
    assert anonymous(typed) == kept


def test_a_session_s_mark_is_another_one_each_day_and_in_each_shop() -> None:
    friday, saturday = date(2026, 11, 27), date(2026, 11, 28)
    marks = [mark_of("s" * 16, friday, "a"), mark_of("s" * 16, saturday, "a"), mark_of("s" * 16, friday, "b")]
    assert len(set(marks)) == 3
    assert mark_of("s" * 16, friday, "a") == marks[0]
    assert "s" * 16 not in marks[0]


def test_a_search_is_told_with_its_filters_names_and_without_their_values() -> None:
    record = search_record(structs.replace(PLAIN, text="Lapm ZZZ"), PAGE, listing=True, at=NOW, seconds=0.0124)
    assert (record.text, record.corrected, record.ignored, record.took_ms) == ("lapm zzz", "lamp zzz", ["zzz"], 12)
    assert (record.results, record.listing, record.filters) == (0, True, [])
    record = search_record(structs.replace(ASKED, price_max=5000), PAGE, listing=False, at=NOW, seconds=0)
    assert record.filters == ["brand", "price", "Colour"]


def test_the_parts_of_an_address_or_number_are_kept_nowhere() -> None:
    typed = "lapm zzz adalovelace@example.org 0151/234567"
    changes = [Change("Lapm", "lamp", "misspelt"), Change("adalovelace", "ada lovelace", "run_together")]
    ignored = ["zzz", "example", "org", "0151", "234567"]
    page = structs.replace(PAGE, wording=Wording(changed(typed, changes), changes, ignored))
    asked = structs.replace(ASKED, text=typed.title(), attributes={"Ada@example.org": ("x",), "Colour": ("red",)})
    record = search_record(asked, page, listing=False, at=NOW, seconds=0)
    assert (record.text, record.corrected, record.ignored) == ("lapm zzz # #", "lamp zzz # #", ["zzz"])
    assert record.filters == ["brand", "#", "Colour"]


async def test_of_too_many_searches_a_sample_is_kept_that_stands_for_all() -> None:
    async with Redis.from_url("redis://127.0.0.1:9/0") as nowhere:
        outbox = Outbox(nowhere)
        for n in range(3 * MOST_SEARCHES):
            outbox.tell(structs.replace(PLAIN, text=f"lamp {n % 97}"), PAGE, False, 0.01)
        kept = outbox.waiting_searches()
        assert len(kept) == MOST_SEARCHES
        assert sum(search.weight for search in kept) == 3 * MOST_SEARCHES
        await outbox.empty()  # Redis is not there: they are lost, and nobody is troubled
        assert outbox.waiting_searches() == []
