"""Requests that gather while another is under way go out together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from projector.combine import Combined


async def test_what_gathers_goes_out_together() -> None:
    sent: list[list[int]] = []

    async def send(requests: Sequence[int]) -> Sequence[int | Exception]:
        sent.append(list(requests))
        await asyncio.sleep(0.01)
        return [n * 2 for n in requests]

    double = Combined(send)
    first = asyncio.create_task(double(1))
    await asyncio.sleep(0.001)
    assert list(await asyncio.gather(first, double(2), double(3))) == [2, 4, 6]
    assert sent == [[1], [2, 3]]


async def test_the_first_may_wait_a_moment_for_others() -> None:
    sent: list[list[int]] = []

    async def send(requests: Sequence[int]) -> Sequence[int | Exception]:
        sent.append(list(requests))
        return list(requests)

    combined = Combined(send, gather=0.05)
    first = asyncio.create_task(combined(1))
    await asyncio.sleep(0.001)
    await asyncio.gather(first, combined(2))
    assert sent == [[1, 2]]


async def test_one_failure_is_one_callers() -> None:
    async def send(requests: Sequence[int]) -> Sequence[int | Exception]:
        return [ValueError(n) if n == 2 else n for n in requests]

    combined = Combined(send)
    answers = await asyncio.gather(combined(1), combined(2), combined(3), return_exceptions=True)
    assert answers[0] == 1
    assert isinstance(answers[1], ValueError)
    assert answers[2] == 3


async def test_a_failure_to_send_is_everybodys() -> None:
    async def send(_requests: Sequence[int]) -> Sequence[int | Exception]:
        raise ConnectionError

    combined: Combined[int, int] = Combined(send)
    with pytest.raises(ConnectionError):
        await combined(1)
    with pytest.raises(ConnectionError):
        await combined(2)


async def test_several_lanes_send_at_once_and_nothing_twice() -> None:
    sent: list[list[int]] = []
    answering = asyncio.Event()

    async def send(requests: Sequence[int]) -> Sequence[int | Exception]:
        sent.append(list(requests))
        await answering.wait()
        return list(requests)

    combined = Combined(send, lanes=2)
    calls = []
    for n in (1, 2, 3):
        calls.append(asyncio.create_task(combined(n)))
        await asyncio.sleep(0.001)
    assert sent == [[1], [2]], "the third waits for a lane"
    answering.set()
    assert list(await asyncio.gather(*calls)) == [1, 2, 3]
    assert sent == [[1], [2], [3]]
