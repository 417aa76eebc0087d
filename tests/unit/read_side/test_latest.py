"""What was made up for now is kept within bounds, however large pages are."""

import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from read_side.answers import CATALOG, Answer
from read_side.documents import Documents, Found
from read_side.latest import FRAME, Latest
from read_side.pictures import Pictures
from read_side.prices import pages
from read_side.prices.pages import Till
from read_side.prices.promotions import Known, PromotionShelf
from read_side.prices.shelf import PriceListShelf
from read_side.products import showcase
from read_side.products.showcase import Showcase
from shared.documents.prices import ShownPrice
from shared.documents.products import PageVariant, ProductPage
from shared.documents.promotions import PromotionStep, ShownPromotion
from shared.events.promotions import Percentage, PromotionTerms
from shared.shown_promotions import Promotions

LARGE = 100_000  # bytes: a page of 300 variants
ALL_LARGE = 500  # of them don't fit
KEY = FRAME + 100  # bytes beside the body of what is kept under a short key, at most
VARIANT = PageVariant(UUID(int=1), "lamp", None, "", {}, [ShownPrice(1_000, "EUR")], "in")
PAGE = ProductPage(UUID(int=1), "lamp", "Lamp", "", "x" * LARGE, "", None, {}, [], [VARIANT])


def test_whoever_came_first_makes_room() -> None:
    latest = Latest[str, int](2, 10**9)
    for n, key in enumerate("abac"):
        latest.keep(key, n, 1)
    assert [latest.get(key) for key in "abc"] == [2, None, 3]
    assert (len(latest), latest.first()) == (2, ("a", 2))
    latest.drop("a")
    latest.drop("unknown")
    assert (len(latest), latest.first()) == (1, ("c", 3))


def test_bytes_are_bounded_and_what_is_larger_than_all_there_are_takes_nobody_s_place() -> None:
    latest = Latest[str, int](100, 10 * KEY)
    for n in range(20):
        latest.keep(str(n), n, 0)
    assert len(latest) == 10
    latest.keep("large", 1, 10 * KEY)
    assert (len(latest), latest.get("large")) == (10, None)
    latest.keep("half", 1, 5 * KEY)
    assert (len(latest), latest.get("19"), latest.get("half")) == (5, 19, 1)
    latest.keep("half", 2, 0)
    latest.keep("another", 3, 4 * KEY)
    assert latest.get("half") == 2, "what was replaced takes no room"


def a_till() -> Till:
    terms = PromotionTerms("", Percentage(1_000), "", [], {}, None, None, False, 1, None, None)
    sale = Promotions([ShownPromotion(UUID(int=1), [PromotionStep(datetime(2026, 1, 1, tzinfo=UTC), terms)])])

    async def known(_position: object) -> Known:
        return Known(sale, "mark")

    shelf = cast(PromotionShelf, SimpleNamespace(known=known))
    return Till(cast(Documents, None), cast(PriceListShelf, None), shelf)


def made_up() -> Callable[[int], Awaitable[Answer[ProductPage] | None]]:
    till, body = a_till(), msgspec.json.encode(PAGE)
    return lambda n: till.answer(Found(str(n), body, None), str(n), "web", CATALOG, None)


def hung() -> Callable[[int], Awaitable[Answer[ProductPage] | None]]:
    shown, page = Showcase(Pictures("https://cdn.example", "", [])), Answer[ProductPage].made(PAGE, CATALOG)

    async def of(n: int) -> Answer[ProductPage]:
        return shown.shown(structs.replace(page, etag=str(n)), None)

    return of


@pytest.mark.parametrize(("made", "most_bytes"), [(made_up, pages.MOST_BYTES), (hung, showcase.MOST_BYTES)])
async def test_large_pages_that_are_kept_take_no_more_memory_than_others(
    made: Callable[[], Callable[[int], Awaitable[Answer[ProductPage] | None]]], most_bytes: int
) -> None:
    page = made()
    tracemalloc.start()
    try:
        for n in range(ALL_LARGE):
            last = await page(n)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < most_bytes * 1.1 < ALL_LARGE * LARGE
    again = await page(ALL_LARGE - 1)
    assert last is not None
    assert again is not None
    assert again.body is last.body, "as many are kept as there is room for"
