"""Answers of searches that are given again, and questions that many wait for."""

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from read_side.answers import CATALOG, Answer
from read_side.documents import BEHIND
from read_side.search.facets import Facet, FacetValue
from read_side.search.recent import MOST, MOST_BYTES, Made, Making, Recent
from read_side.search.results import Page, Total


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Shop:
    """Says with each answer how often it was asked, once it is let."""

    def __init__(self, stale: str | None = None, changes_at: datetime | None = None) -> None:
        self.asked, self.lets = 0, asyncio.Event()
        self._stale, self._changes_at = stale, changes_at
        self.lets.set()

    async def make(self) -> Made:
        self.asked += 1
        number = self.asked
        await self.lets.wait()
        page = Page([], Total(number, "exact"), [], None)
        return Made(Answer.made(page, CATALOG, self._stale), page, self._changes_at)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recent(clock: Clock) -> Recent:
    return Recent(1.0, clock)


async def told(recent: Recent, make: Making, key: str = "lamp") -> tuple[int, int]:
    """Which answer was given, and how old it is said to be."""
    made = await recent.answer(key, make)
    return made.page.total.value, made.answer.age


async def test_an_answer_is_given_again_and_says_how_old_it_is_none_too_few_seconds(
    recent: Recent, clock: Clock
) -> None:
    shop = Shop()
    assert await told(recent, shop.make) == (1, 0)
    clock.now += 0.2
    assert await told(recent, shop.make) == (1, 1)
    assert ("age", "1") in (await recent.answer("lamp", shop.make)).answer.headers()


async def test_one_that_has_its_seconds_behind_it_is_made_anew(recent: Recent, clock: Clock) -> None:
    shop = Shop()
    await told(recent, shop.make)
    clock.now += 1.0
    assert await told(recent, shop.make) == (2, 0)


async def test_the_seconds_count_from_when_it_was_asked_and_not_from_when_it_was_there(
    recent: Recent, clock: Clock
) -> None:
    shop = Shop()
    shop.lets.clear()
    first = asyncio.create_task(told(recent, shop.make))
    await asyncio.sleep(0)
    clock.now += 0.8
    shop.lets.set()
    await first
    clock.now += 0.2
    assert await told(recent, shop.make) == (2, 0)


async def test_what_asks_something_else_is_another_question(recent: Recent) -> None:
    shop = Shop()
    assert [await told(recent, shop.make, key) for key in ("lamp", "desk")] == [(1, 0), (2, 0)]


async def test_who_ask_the_same_at_once_are_one_question(recent: Recent) -> None:
    shop = Shop()
    found = await asyncio.gather(*(told(recent, shop.make) for _ in range(20)))
    assert {number for number, _ in found} == {1}


async def test_nobody_waits_for_a_question_that_is_older_than_an_answer_may_be(recent: Recent, clock: Clock) -> None:
    shop = Shop()
    shop.lets.clear()
    first = asyncio.create_task(told(recent, shop.make))
    await asyncio.sleep(0)
    clock.now += 1.5
    second = asyncio.create_task(told(recent, shop.make))
    await asyncio.sleep(0)
    shop.lets.set()
    assert [await first, await second] == [(1, 0), (2, 0)]


async def test_whoever_asked_first_may_go_without_taking_the_answer_along(recent: Recent) -> None:
    shop = Shop()
    shop.lets.clear()
    first, second = (asyncio.create_task(told(recent, shop.make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    shop.lets.set()
    assert (await second)[0] == 1
    assert shop.asked == 1


async def test_a_failure_is_told_to_all_who_wait_and_the_next_one_asks_anew(recent: Recent) -> None:
    shop = Shop()

    async def fail() -> Made:
        raise ConnectionError

    found = await asyncio.gather(*(recent.answer("lamp", fail) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [ConnectionError] * 3
    assert await told(recent, shop.make) == (1, 0)


async def test_an_answer_that_had_to_be_made_takes_the_place_of_what_was_kept_or_under_way(
    recent: Recent, clock: Clock
) -> None:
    shop = Shop()
    await told(recent, shop.make)
    recent.replace("lamp", clock.now, await shop.make())
    assert await told(recent, shop.make) == (2, 0)
    clock.now += 1
    shop.lets.clear()
    slow = asyncio.create_task(told(recent, shop.make))
    while shop.asked < 3:
        await asyncio.sleep(0)
    shop.lets.set()
    recent.replace("lamp", clock.now, await shop.make())
    assert (await slow)[0] == 3
    assert (await told(recent, shop.make))[0] == 4  # and not what was asked before it


async def test_of_two_answers_that_had_to_be_made_the_one_asked_for_earlier_does_not_take_the_other_ones_place(
    recent: Recent, clock: Clock
) -> None:
    shop, earlier = Shop(), clock.now
    clock.now += 0.1
    later, first, second = clock.now, await shop.make(), await shop.make()
    recent.replace("lamp", later, second)
    recent.replace("lamp", earlier, first)  # was asked for first and is done last
    assert (await told(recent, shop.make))[0] == 3, "neither has seen all that the other one waited for"


async def test_questions_that_failed_together_keep_nothing_of_those_who_waited(recent: Recent) -> None:
    class Receive:
        """What a connection is held open by."""

    async def fail() -> Made:
        await asyncio.sleep(0)
        raise ConnectionError

    async def ask(held: Receive) -> None:
        with suppress(ConnectionError):
            await recent.answer("lamp", fail)

    gc.collect()
    gc.disable()
    try:
        held = [Receive() for _ in range(4)]
        still = [weakref.ref(each) for each in held]
        waiting = [asyncio.create_task(ask(each)) for each in held]
        del held
        for task in waiting:
            await task
        del waiting, task
        await asyncio.sleep(0)
        assert [each() for each in still] == [None] * 4
    finally:
        gc.enable()


def _past() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


@pytest.mark.parametrize("made", [lambda: Shop(stale=BEHIND), lambda: Shop(changes_at=_past())])
async def test_what_is_out_of_date_or_of_prices_that_are_over_is_not_given_again(
    recent: Recent, made: Callable[[], Shop]
) -> None:
    shop = made()
    assert [await told(recent, shop.make) for _ in range(2)] == [(1, 0), (2, 0)]


async def test_prices_that_change_later_are_kept_until_then(recent: Recent) -> None:
    shop = Shop(changes_at=datetime.now(UTC) + timedelta(hours=1))
    assert [(await told(recent, shop.make))[0] for _ in range(2)] == [1, 1]


async def test_no_seconds_keep_nothing_and_let_everybody_ask(clock: Clock) -> None:
    recent, shop = Recent(0, clock), Shop()
    found = await asyncio.gather(*(told(recent, shop.make) for _ in range(2)))
    assert found == [(1, 0), (2, 0)]


async def test_those_asked_first_go_when_there_are_too_many_or_they_are_too_old(recent: Recent, clock: Clock) -> None:
    shop = Shop()
    for number in range(MOST + 5):
        await recent.answer(number, shop.make)
    assert len(recent) == MOST
    assert await told(recent, shop.make, key=str(MOST + 4)) == (MOST + 6, 0)  # a text is no number: another question
    clock.now += 2
    await told(recent, shop.make, "lamp")
    assert len(recent) == 1


async def test_however_many_different_things_are_asked_for_memory_is_bounded(recent: Recent) -> None:
    shop, longest = Shop(), "x" * 50_000

    async def ask(first: int, last: int) -> int:
        for number in range(first, last):
            await recent.answer((f"{number}{longest}".encode(), number), shop.make)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held = [await ask(first, first + 1000) for first in range(0, 3000, 1000)]
    finally:
        tracemalloc.stop()
    assert max(held) < MOST_BYTES * 1.1
    assert len(recent) > 500, "as many as there is room for"


async def test_what_is_counted_of_an_answer_is_no_less_than_what_it_takes(recent: Recent) -> None:
    values = [FacetValue(f"value-{n}", f"Value {n}", 1000 + n, False) for n in range(50)]

    async def make() -> Made:
        facets = [
            Facet(f"filter.f{n}", f"F {n}", [structs.replace(each, value=f"{n}{each.value}") for each in values], 0)
            for n in range(6)
        ]
        page = Page([], Total(1, "exact"), msgspec.json.decode(msgspec.json.encode(facets), type=list[Facet]), None)
        return Made(Answer.made(page, CATALOG), page)

    tracemalloc.start()
    try:
        for number in range(400):
            await recent.answer(number, make)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < MOST_BYTES * 1.1
