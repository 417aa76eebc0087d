"""Which events may be published: the contiguous prefix of the log, and when a missing number is dead. Pure.

Positions come from a sequence, so they become visible out of order, and a rolled-back transaction leaves a hole for
ever. Neither `position > last` nor `xid < xmin` is right (the first loses events, the second loses or reorders them);
this rule does neither (research: sequence-lock fence, checked on Postgres 15 and 18):

`nextval()` takes a lock on the sequence and keeps it until its transaction ends. When a number g is missing while a
higher one h is visible, the transaction that drew g either has ended, or is among the holders of that lock at any
moment after h was seen. So: take the holders H0 *after* seeing h; the hole is dead as soon as none of H0 holds the lock
any more and g is still absent in a read made later than that. No timeout, no other database, no unrelated long
transaction matters.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

Holders = Set[str]  # virtual transaction ids that hold the sequence's lock


class Seen(NamedTuple):
    """A highest visible position, and who held the sequence's lock at a moment after it was seen."""

    highest: int
    holders: Holders


class Prefix:
    """The emitted prefix of the log. For each poll: `needs_holders`, then `take`."""

    def __init__(self, last: int) -> None:
        self.last = last  # everything at or below it was emitted or is dead
        self.dead = 0  # how many numbers turned out to be holes
        self._seen: list[Seen] = []
        self._unwatched: int | None = None  # a highest position with a hole below it, holders not yet taken

    @property
    def needs_holders(self) -> bool:
        """Whether the next poll must read the holders, in a statement before it reads the log."""
        return self._unwatched is not None or bool(self._seen)

    def take(self, positions: Sequence[int], holders: Holders | None) -> int:
        """How many of the visible `positions` (ascending, all above `last`) may be emitted now.

        `holders` were read before the positions, by a separate statement; None if `needs_holders` was false.
        """
        if holders is not None and self._unwatched is not None:
            self._seen.append(Seen(self._unwatched, holders))
            self._unwatched = None
        taken = 0
        for position in positions:
            if not self._reaches(position, holders):
                self._watch(positions[-1])
                break
            self.last = position
            taken += 1
        self._seen = [seen for seen in self._seen if seen.highest > self.last]
        return taken

    def _reaches(self, position: int, holders: Holders | None) -> bool:
        """Whether every number between `last` and `position` is dead; moves `last` over those that are."""
        while self.last + 1 < position:
            watched = next((seen for seen in self._seen if seen.highest > self.last + 1), None)
            if watched is None or holders is None or watched.holders & holders:
                return False
            over = min(watched.highest, position) - 1  # all holes below what was seen then are dead together
            self.dead += over - self.last
            self.last = over
        return True

    def _watch(self, highest: int) -> None:
        if not self._seen or self._seen[-1].highest < highest:
            self._unwatched = highest
