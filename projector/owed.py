"""Changes that nobody can see, and that are therefore written later: once for many, or together with one that shows.

A sale moves numbers within a product that is "in stock" before and after. Its document would be written and analysed
anew for each of them, and look the same. Until it is written its state is here, and the checkpoint that a restart goes
by stays behind it, so the events that made the state are read and folded again.
"""

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from projector.model import Change, Folded

# How long a debt may last: so much of the log is read again after a crash, and a product that sells all day is written
# so often.
SECONDS = 30.0
TOGETHER = 1.0  # what is due within so long is paid with what is due now: one request for many
MOST = 5_000  # debts of one model and shard


class Debt(NamedTuple):
    """A change to be written, and where and when the first event came that is not in the document."""

    behind: int
    since: float
    change: Change


class Owed:
    """What one model owes on one shard, oldest first."""

    def __init__(self, seconds: float = SECONDS, most: int = MOST) -> None:
        self._seconds, self._most = seconds, most
        self._debts: dict[str, Debt] = {}

    def add(self, changes: Iterable[Change], behind: int) -> None:
        """Owe these changes; all their events lie above `behind`."""
        now = time.monotonic()
        for change in changes:
            first = self._debts.get(change.id)
            debt = Debt(behind, now, change) if first is None else first._replace(change=change)
            self._debts[change.id] = debt

    def split(self, changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
        """What is to be written now, with what has waited long enough, and what of `changes` may wait."""
        now, later = self._due(), []
        for change in changes:
            if change.shown is None and change.id not in now:
                later.append(change)
            else:
                now[change.id] = change  # in the place of what was owed
        return list(now.values()), later

    def _due(self) -> dict[str, Change]:
        late, many = time.monotonic() - self._seconds, len(self._debts) - self._most
        oldest = next(iter(self._debts.values()), None)
        if oldest is not None and oldest.since <= late:
            late += TOGETHER
        due: dict[str, Change] = {}
        for n, debt in enumerate(self._debts.values()):
            if debt.since > late and n >= many:
                break
            due[debt.change.id] = debt.change
        return due

    def paid(self, changes: Iterable[Change]) -> None:
        """These were written, in the place of what was owed."""
        for change in changes:
            self._debts.pop(change.id, None)

    def states(self, ids: Iterable[str]) -> Mapping[str, Folded]:
        """States that are newer here than in their documents."""
        return {id_: self._debts[id_].change.after for id_ in ids if id_ in self._debts}

    def floor(self, at: int) -> int:
        """Up to here everything is written, if everything up to `at` was applied."""
        oldest = next(iter(self._debts.values()), None)
        return at if oldest is None else min(at, oldest.behind)
