"""How far one version on one shard is, and may go: one that isn't served stays behind the one that is, so that whoever
is led from one to the other never sees an older state."""

import asyncio
from typing import Self

from shared.cancellation import stop_if_cancelled

LOOK_AGAIN = 0.25  # seconds: a leader may be given, or taken away, meanwhile


def until_next(every: float, now: float) -> float:
    """Seconds to the next of the moments that come so often and are the same for all: who waits for them works
    together."""
    return every - now % every


class Pace:
    """A place in the log that only we move."""

    def __init__(self) -> None:
        self.at = 0
        self.reaching = 0  # up to here it may have written, though no answer came yet
        self.leader: Self | None = None  # the served version's, which this one must not get ahead of
        self.held = False  # it stays where it is, for the moment of a swap
        self._moved = asyncio.Event()

    def start_at(self, at: int) -> None:
        """The sink's word: everything up to there is in it."""
        self.at = self.reaching = at

    def reach(self, upto: int) -> None:
        """A write up to there begins."""
        self.reaching = max(self.reaching, upto)

    def advance(self, upto: int) -> None:
        """The write was taken."""
        if upto != self.at:
            self.at = upto
            self._moved.set()
            self._moved = asyncio.Event()

    def bound(self, upto: int) -> int:
        """How far towards `upto` it may go now."""
        if self.held:
            return self.at
        return upto if self.leader is None else min(upto, self.leader.at)

    def may_go(self, upto: int) -> bool:
        """Whether it may go there at once: a batch is applied whole or not at all."""
        return self.bound(upto) == upto

    async def leader_moves(self) -> None:
        """Until the leader is further than now, or the bound may be another one."""
        stop_if_cancelled()
        await (self.leader or self).moves(LOOK_AGAIN)

    async def moves(self, seconds: float) -> None:
        """Until it is further than now, or for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            pass
