"""A bounded number inside, a bounded line before it, and nobody in the line for long.

Whoever would wait too long is told so at once, or as soon as it is clear: an answer in time that says "later" is better
than a late one. Who is nearer to the till goes first.
"""

import asyncio
from collections import deque
from enum import IntEnum

from msgspec import Struct


class Rank(IntEnum):
    """Who goes first."""

    BUYING = 0
    LOOKING = 1


class Full(Exception):
    """There is no place, and waiting for one is no use."""


class Size(Struct, frozen=True):
    """How many may be inside; how many of them may only be looking; how long a line; seconds in it, by rank."""

    seats: int
    looking: int
    line: int
    patience: tuple[float, float] = (2.0, 0.25)


class Doors:
    """Belongs to one event loop. `await enter(rank)`, and `leave(rank)` once for each that came in."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.inside = [0, 0]  # by rank
        self.turned_away = 0
        self._lines: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return sum(len(line) for line in self._lines)

    def came_in(self, rank: Rank) -> bool:
        """A place at once, if there is one and nobody stands before it."""
        if self._stands_before(rank) or not self._has_place(rank):
            return False
        self.inside[rank] += 1
        return True

    async def enter(self, rank: Rank) -> None:
        """A place, at once or after a wait; raises `Full`."""
        if self.came_in(rank):
            return
        self._make_room(rank)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[rank].append(turn)
        timer = asyncio.get_running_loop().call_later(self.size.patience[rank], self._put_out, rank, turn)
        try:
            await turn
        except asyncio.CancelledError:  # its client went away
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(rank)  # the place came at the same moment
            elif turn in self._lines[rank]:
                self._lines[rank].remove(turn)
            raise
        finally:
            timer.cancel()

    def leave(self, rank: Rank) -> None:
        """The place goes to whoever is next."""
        self.inside[rank] -= 1
        if self._stands_before(Rank.LOOKING):
            self._let_in()

    def _let_in(self) -> None:
        for rank in Rank:
            line = self._lines[rank]
            while line and self._has_place(rank):
                turn = line.popleft()
                if not turn.done():
                    self.inside[rank] += 1
                    turn.set_result(None)

    def _has_place(self, rank: Rank) -> bool:
        buying, looking = self.inside
        if buying + looking >= self.size.seats:
            return False
        return rank is Rank.BUYING or looking < self.size.looking

    def _stands_before(self, rank: Rank) -> bool:
        buying, looking = self._lines
        return bool(buying) or (rank is Rank.LOOKING and bool(looking))

    def _make_room(self, rank: Rank) -> None:
        """A place in line; of those who only look, whoever came last has to go for somebody who buys."""
        if self.waiting < self.size.line:
            return
        lookers = self._lines[Rank.LOOKING]
        if rank is not Rank.BUYING or not lookers:
            self.turned_away += 1
            raise Full
        self._put_out(Rank.LOOKING, lookers[-1])

    def _put_out(self, rank: Rank, turn: "asyncio.Future[None]") -> None:
        if not turn.done():
            self._lines[rank].remove(turn)
            self.turned_away += 1
            turn.set_exception(Full())
