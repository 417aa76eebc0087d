"""When a step of the worker goes on at once, and when it pauses."""

import asyncio

import pytest

from write_side.steps import Step, keep_doing

PAUSE = 0.05


async def rounds_within(step: Step, seconds: float) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stopping.set)
    await keep_doing(step, stopping)


@pytest.mark.parametrize(("done", "full", "pauses"), [(0, 1, True), (1, 1, False), (3, 16, True), (16, 16, False)])
async def test_after_a_round_that_was_not_worth_it_what_comes_gathers(done: int, full: int, *, pauses: bool) -> None:
    rounds = 0

    async def run() -> int:
        nonlocal rounds
        rounds += 1
        await asyncio.sleep(0.001)
        return done

    await rounds_within(Step("gathering", PAUSE, run, full), 2.5 * PAUSE)
    assert (rounds <= 3) is pauses


async def test_a_step_that_is_woken_rests_until_then_and_goes_on_at_once() -> None:
    rounds, woken, stopping = 0, asyncio.Event(), asyncio.Event()

    async def run() -> int:
        nonlocal rounds
        rounds += 1
        woken.clear()
        return 0

    doing = asyncio.create_task(keep_doing(Step("resting", 0.001, run, woken=woken), stopping))
    await asyncio.sleep(PAUSE)
    assert rounds == 1
    woken.set()
    await asyncio.sleep(PAUSE)
    assert rounds == 2
    stopping.set()
    await asyncio.wait_for(doing, 10)
    assert rounds == 2


async def test_a_step_that_fails_is_tried_again_as_long_as_there_is_something_to_do() -> None:
    rounds, woken, stopping = 0, asyncio.Event(), asyncio.Event()
    woken.set()

    async def run() -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            stopping.set()
        raise RuntimeError("not yet")

    await asyncio.wait_for(keep_doing(Step("failing", 0.001, run, woken=woken), stopping), 10)
    assert rounds == 3
