"""Who shares a batch, and what one command's failure is to the others."""

import asyncio
from collections.abc import Sequence

import pytest

from write_side import group_commit
from write_side.group_commit import GroupCommit, Overloaded


class Till:
    """Carries out batches of numbers when it is let; answers each doubled, odd ones are refused."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()

    async def carry_out(self, batch: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(batch))
        await self.open.wait()
        return [ValueError(str(n)) if n % 2 else 2 * n for n in batch]


async def test_whoever_finds_a_lane_free_goes_alone_and_those_who_wait_go_together() -> None:
    till = Till()
    commits = GroupCommit(till.carry_out, lambda n: n, lanes=1)
    first = asyncio.create_task(commits.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(commits.submit(n)) for n in (4, 6, 8)]
    await asyncio.sleep(0)
    till.open.set()
    assert await asyncio.gather(first, *others) == [4, 8, 12, 16]
    assert till.batches == [[2], [4, 6, 8]]


async def test_where_it_is_to_gather_the_first_waits_for_company() -> None:
    till = Till()
    till.open.set()
    commits = GroupCommit(till.carry_out, lambda n: n, lanes=1, gather=0.05)
    first = asyncio.create_task(commits.submit(2))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(commits.submit(4))
    assert [await first, await second] == [4, 8]
    assert till.batches == [[2, 4]]
    assert await commits.submit(6) == 12


async def test_a_refusal_concerns_nobody_else() -> None:
    till = Till()
    till.open.set()
    commits = GroupCommit(till.carry_out, lambda n: n)
    answers = await asyncio.gather(*(commits.submit(n) for n in (2, 3, 4)), return_exceptions=True)
    assert [type(each).__name__ for each in answers] == ["int", "ValueError", "int"]


async def test_a_failure_of_the_call_reaches_everybody_and_the_next_batch_goes_on() -> None:
    fails = [True]

    async def carry_out(batch: Sequence[int]) -> list[int | Exception]:
        if fails.pop() if fails else False:
            raise ConnectionError("gone")
        return list(batch)

    commits = GroupCommit(carry_out, lambda n: n, lanes=1)
    answers = await asyncio.gather(*(commits.submit(n) for n in (1, 2)), return_exceptions=True)
    assert [type(each).__name__ for each in answers] == ["ConnectionError"] * 2
    assert await commits.submit(7) == 7


async def test_what_must_stay_apart_is_never_in_one_batch() -> None:
    till = Till()
    commits = GroupCommit(till.carry_out, lambda n: n % 10, lanes=1)
    waiting = [asyncio.create_task(commits.submit(n)) for n in (2, 12, 4, 22)]
    await asyncio.sleep(0)
    till.open.set()
    assert await asyncio.gather(*waiting) == [4, 24, 8, 44]
    assert till.batches == [[2, 4], [12], [22]]


async def test_no_batch_is_larger_than_it_may_be() -> None:
    till = Till()
    till.open.set()
    commits = GroupCommit(till.carry_out, lambda n: n, most=3, lanes=1)
    await asyncio.gather(*(commits.submit(2 * n) for n in range(7)))
    assert [len(batch) for batch in till.batches] == [3, 3, 1]


async def test_a_client_that_went_away_before_its_turn_costs_nothing() -> None:
    till = Till()
    commits = GroupCommit(till.carry_out, lambda n: n, lanes=1)
    first = asyncio.create_task(commits.submit(2))
    await asyncio.sleep(0)
    gone = asyncio.create_task(commits.submit(4))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    till.open.set()
    assert await first == 4
    assert await commits.submit(6) == 12
    assert till.batches == [[2], [6]]


async def test_too_many_waiting_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "LONGEST", 2)
    till = Till()
    commits = GroupCommit(till.carry_out, lambda n: n, lanes=1)
    waiting = [asyncio.create_task(commits.submit(2))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(commits.submit(n)) for n in (4, 6)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await commits.submit(8)
    till.open.set()
    assert await asyncio.gather(*waiting) == [4, 8, 12]


async def test_whoever_comes_again_at_once_with_an_answer_is_not_forgotten() -> None:
    till = Till()
    till.open.set()
    commits = GroupCommit(till.carry_out, lambda n: n, lanes=1)

    async def twice() -> list[int]:
        return [await commits.submit(2), await commits.submit(4)]

    async with asyncio.timeout(5):
        assert await twice() == [4, 8]


async def test_a_batch_that_is_held_up_lets_others_pass() -> None:
    locked = asyncio.Event()

    async def carry_out(batch: Sequence[int]) -> list[int]:
        if 0 in batch:
            await locked.wait()
        return list(batch)

    commits = GroupCommit(carry_out, lambda n: n, patience=0.01)
    stuck = asyncio.ensure_future(commits.submit(0))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(commits.submit(1), 5) == 1  # waited when the lane was found to be held up
    assert await asyncio.wait_for(commits.submit(2), 5) == 2  # came later
    assert not stuck.done()
    locked.set()
    assert await stuck == 0


async def _most_at_once(commands: int, most: int) -> int:
    """How many batches were under way at once while so many commands came together."""
    under_way, highest = 0, 0

    async def carry_out(batch: Sequence[int]) -> list[int]:
        nonlocal under_way, highest
        under_way += 1
        highest = max(highest, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return list(batch)

    commits = GroupCommit(carry_out, lambda n: n, most=most, patience=60)
    assert await asyncio.gather(*map(commits.submit, range(commands))) == list(range(commands))
    return highest


async def test_as_long_as_the_lane_moves_and_fewer_wait_than_go_together_there_is_only_one() -> None:
    assert await _most_at_once(20, most=24) == 1


async def test_where_a_whole_batch_waits_beside_the_one_under_way_there_are_two_and_never_more() -> None:
    assert await _most_at_once(40, most=2) == 2


async def test_what_must_stay_apart_is_never_in_two_batches_at_once_either() -> None:
    till = Till()
    commits = GroupCommit(till.carry_out, lambda n: n % 10, most=2, patience=60)
    first = asyncio.create_task(commits.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(commits.submit(n)) for n in (12, 4, 6)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert till.batches == [[2], [4, 6]]  # a whole batch waits, so there is a second lane; 12 is not in it
    till.open.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(first, *others) == [4, 24, 8, 12]
    assert till.batches == [[2], [4, 6], [12]]
