"""Answers made a moment ago, given again to whoever asks the very same; and one question for all who ask it at once.

An answer is given again for some seconds, counted from before the stores were asked for it, and not once a price in it
has changed by the clock. `Age` says how old it is, so whoever keeps it for its `max-age` keeps it no longer than if it
were new. What is known to be out of date is not given again.
"""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Hashable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec import structs

from read_side import metrics
from read_side.answers import Answer
from read_side.latest import Latest
from read_side.search.results import Page

MOST, MOST_BYTES = 2_000, 32_000_000
IN_MEMORY = 5  # bytes that a page takes for each byte of its JSON; by what it shows 2 to 4.5


class Made(NamedTuple):
    """An answer, the page that its body is the JSON of, and when the clock changes a price in it next."""

    answer: Answer[Page]
    page: Page
    changes_at: datetime | None = None


Making = Callable[[], Coroutine[Any, Any, Made]]


class _Kept(NamedTuple):
    asked_at: float
    made: Made


class Recent:
    """The latest answers. Its methods belong to one event loop. `seconds`: 0 keeps nothing and joins nobody."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._kept = Latest[Hashable, _Kept](MOST, MOST_BYTES)
        self._asking: dict[Hashable, tuple[float, asyncio.Task[Made]]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def answer(self, key: Hashable, make: Making) -> Made:
        """The answer to what the key stands for: the one made lately, the one that is being made, or a new one. Raises
        what making it raises, to all who wait for it."""
        if not self._seconds:
            return await make()
        now = self._clock()
        if (kept := self._kept.get(key)) is not None and self._holds(kept, now):
            metrics.SEARCHES_GIVEN_AGAIN.inc()
            return _aged(kept.made, now - kept.asked_at)
        # No frame that waits may name the task: where it fails, the two would keep each other, and with them `receive`
        # of whoever asked, until the garbage is collected (see `shared.http.frame`).
        asked_at = self._asking[key][0] if key in self._asking else -self._seconds
        if now < asked_at + self._seconds:
            metrics.SEARCHES_JOINED.inc()
            made = await asyncio.shield(self._asking[key][1])
            return _aged(made, self._clock() - asked_at)
        return await asyncio.shield(self._ask(key, make, now))

    def replace(self, key: Hashable, asked_at: float, made: Made) -> None:
        """An answer that had to be made, asked for at that moment of the clock: whoever was given it must not be given
        an older one when they ask the same again, nor join a question from before.

        Where something was asked for later, neither is known to have seen what the other one waited for: none is kept.
        """
        asking, kept = self._asking.pop(key, None), self._kept.get(key)
        newer = max(asking[0] if asking else asked_at, kept.asked_at if kept else asked_at)
        self._kept.drop(key)
        if newer <= asked_at:
            self._keep(key, _Kept(asked_at, made))

    def _ask(self, key: Hashable, make: Making, now: float) -> asyncio.Task[Made]:
        """In a task of its own: who asked first may go, the others wait on."""

        def done(task: asyncio.Task[Made]) -> None:
            failed = task.cancelled() or task.exception() is not None
            if self._asking.get(key) == (now, task):  # else something newer has taken its place
                del self._asking[key]
                if not failed:
                    self._keep(key, _Kept(now, task.result()))

        task = asyncio.create_task(make())
        self._asking[key] = now, task
        task.add_done_callback(done)
        return task

    def _holds(self, kept: _Kept, now: float) -> bool:
        changes_at = kept.made.changes_at
        return now < kept.asked_at + self._seconds and (changes_at is None or datetime.now(UTC) < changes_at)

    def _keep(self, key: Hashable, kept: _Kept) -> None:
        if kept.made.answer.stale or not self._holds(kept, self._clock()):
            return
        self._kept.keep(key, kept, len(kept.made.answer.body) * (1 + IN_MEMORY))
        oldest = self._clock() - self._seconds
        while (first := self._kept.first()) is not None and first[1].asked_at < oldest:
            self._kept.drop(first[0])


def _aged(made: Made, seconds: float) -> Made:
    """Whole seconds, none too few: it is never said to be younger than it is."""
    return made._replace(answer=structs.replace(made.answer, age=math.ceil(seconds)))
