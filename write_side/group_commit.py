"""Group commit: commands that wait at the same time go through one call, one transaction and one flush of the WAL.

Nobody waits for company, unless `gather` says so: whoever finds the lane free goes at once, alone if need be, and those
who arrive meanwhile make up the next batch. So batches grow with the load by themselves, and with them falls what a
command costs. One lane is enough, and cheapest, as long as it moves. Another one opens where a whole batch waits beside
the one under way: then batches are as large as they get, and one is decided while the other is carried out. So it does
where a batch is held up (somebody else has locked a row).
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from typing import Generic, TypeVar

from write_side import metrics
from write_side.errors import Refusal

Command = TypeVar("Command")
Result = TypeVar("Result")

Carried = Sequence[Result | Exception]  # an outcome for each command, in order

MOST = 24  # commands of one batch: it has to commit within 50 ms of its first append
LANES = 3  # batches under way at once, at most two of them not held up
PATIENCE = 0.1  # seconds after which a batch is held up: ten times what one takes
LONGEST = 2_000  # commands that wait; whoever comes then is told to come again


class Overloaded(Refusal):
    """More commands wait than can be worked off in reasonable time."""

    status = 503
    code = "overloaded"


class GroupCommit(Generic[Command, Result]):
    """Takes commands one by one and has them carried out in batches. Belongs to one event loop.

    `carry_out` answers each command on its own: the refusal of one is no concern of the others. `apart` names what no
    two commands may share that are carried out at once, in one batch or in two: the second one waits until the first is
    answered, or a repeat would be refused for the sake of its own first call. `gather`: where no customer waits,
    whoever finds the lane free waits so many seconds for others. `name` is that of its metrics.
    """

    def __init__(
        self,
        carry_out: Callable[[Sequence[Command]], Awaitable[Carried[Result]]],
        apart: Callable[[Command], Hashable],
        *,
        most: int = MOST,
        lanes: int = LANES,
        patience: float = PATIENCE,
        gather: float = 0.0,
        name: str = "commands",
    ) -> None:
        self._carry_out, self._apart = carry_out, apart
        self._most, self._lanes, self._patience, self._gather = most, lanes, patience, gather
        self._waiting: list[tuple[Command, asyncio.Future[Result]]] = []
        self._under_way: set[Hashable] = set()  # what no command may share with those of batches being carried out
        self._busy = 0  # lanes that will look at `_waiting` again
        self._held_up = 0  # those of them whose batch takes long
        self._tasks: set[asyncio.Task[None]] = set()  # held, or a lane could be collected while it waits
        self._sizes = metrics.GROUP_COMMANDS.labels(name)
        metrics.GROUP_WAITING.labels(name).set_function(lambda: len(self._waiting))

    async def submit(self, command: Command) -> Result:
        """The command's result; raises its refusal or failure, and 503 `overloaded` when too many wait."""
        if len(self._waiting) >= LONGEST:
            raise _overloaded()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        self._open_lane()
        return await future

    def _open_lane(self) -> None:
        moving = self._busy - self._held_up
        another = not moving or (moving == 1 and len(self._waiting) >= self._most)
        if self._waiting and another and self._busy < self._lanes:
            self._busy += 1
            # A context of its own: the lane works for many requests, its log lines name none of them.
            task = asyncio.get_running_loop().create_task(self._lane(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _lane(self) -> None:
        try:
            if self._gather:
                await asyncio.sleep(self._gather)
            await self._work()
        finally:  # at once, and not when the task is known to be done: whoever comes in between would wait for ever
            self._busy -= 1

    async def _work(self) -> None:
        while batch := self._next_batch():
            self._sizes.observe(len(batch))
            try:
                with self._watched():
                    results = await self._carry_out([command for command, _ in batch.values()])
            except BaseException as error:
                for _, future in batch.values():
                    _settle(future, error if isinstance(error, Exception) else _overloaded())
                if not isinstance(error, Exception):
                    raise
                continue
            finally:
                self._under_way -= batch.keys()
            for (_, future), result in zip(batch.values(), results, strict=True):
                _settle(future, result)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Lets others pass if what is done within takes long."""
        late = False

        def hold_up() -> None:
            nonlocal late
            late = True
            self._held_up += 1
            self._open_lane()

        timer = asyncio.get_running_loop().call_later(self._patience, hold_up, context=Context())
        try:
            yield
        finally:
            timer.cancel()
            self._held_up -= late

    def _next_batch(self) -> dict[Hashable, tuple[Command, "asyncio.Future[Result]"]]:
        taken: dict[Hashable, tuple[Command, asyncio.Future[Result]]] = {}
        left = []
        for place, (command, future) in enumerate(self._waiting):
            if len(taken) == self._most:
                left += self._waiting[place:]
                break
            apart = self._apart(command)
            if apart in taken or apart in self._under_way:
                left.append((command, future))
            elif not future.done():  # its client went away before anything was begun
                taken[apart] = command, future
        self._waiting = left
        self._under_way |= taken.keys()
        return taken


def _settle(future: "asyncio.Future[Result]", result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def _overloaded() -> Overloaded:
    return Overloaded("too many wait already; try again in a moment", retry_after=1)
