"""Steps: work that waits in rows (intents to create, mails to send) and is done outside of any transaction."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from time import perf_counter
from typing import Any, NamedTuple

from shared.cancellation import stop_if_cancelled
from write_side import metrics

log = logging.getLogger(__name__)

WORST_PAUSE = 5.0  # seconds between tries while a step fails as a whole


class Step(NamedTuple):
    """A name for logs and metrics, the pause in seconds when nothing was left to do, and the work.

    `full`: how much makes a round worth its questions to Postgres. After one that did less what comes gathers for the
    pause, or else each of many is asked for by itself.

    `woken`: set by whoever knows that there is something to do. Without it the step rests, however long that is.

    `run` does what is due and answers how much that was; it claims rows (FOR UPDATE SKIP LOCKED, or a state it sets
    first), so that several workers may run it at once. What can't be done now it puts off in the row itself.
    """

    name: str
    pause: float
    run: Callable[[], Awaitable[int]]
    full: int = 1
    woken: asyncio.Event | None = None


def growing(first: float, attempts: int, longest: float) -> timedelta:
    """The pause before what has been tried so often is tried again: twice the one before, in seconds."""
    return timedelta(seconds=min(first * 2 ** min(attempts, 12), longest))


async def keep_doing(step: Step, stopping: asyncio.Event) -> None:
    """Run a step until `stopping`, and what is in hand then to its end; a failure is logged and tried again, with a
    growing pause."""
    pause = step.pause
    while not stopping.is_set():
        stop_if_cancelled()
        began = perf_counter()
        try:
            done = await step.run()
            pause = step.pause
            _count(step, done, perf_counter() - began)
        except Exception:
            log.exception("step failed", extra={"fields": {"step": step.name}})
            metrics.STEP_RUNS.labels(step.name, "failed").inc()
            done, pause = 0, max(step.pause, min(max(pause, 0.1) * 2, WORST_PAUSE))
        if done < step.full:
            await _paused(pause, stopping)
            if step.woken is not None and not step.woken.is_set():
                await until_either(step.woken.wait(), stopping.wait())


def _count(step: Step, done: int, seconds: float) -> None:
    metrics.STEP_RUNS.labels(step.name, "worked" if done else "idle").inc()
    if done:
        metrics.STEP_ITEMS.labels(step.name).inc(done)
        metrics.STEP_SECONDS.labels(step.name).observe(seconds)


async def _paused(seconds: float, stopping: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def until_either(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of them is over; the others are cancelled."""
    waiting = [asyncio.create_task(each) for each in waits]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
