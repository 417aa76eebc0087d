"""A circuit breaker: who doesn't answer is left alone for a while, and then asked by one call at a time.

Without it a provider that hangs holds up every worker and client for the whole time limit, again and again. The state
is this process's own: each finds out by itself, and nothing has to be shared while something is down.
"""

from math import ceil
from typing import Literal, NamedTuple

State = Literal["closed", "open", "half_open"]

FAILURES = 5  # in a row, until nobody asks any more
FIRST_PAUSE = 1.0  # seconds from the opening to the first probe; each probe that fails doubles it
LONGEST_PAUSE = 30.0


class Withheld(Exception):
    """Nobody was asked; ask again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"withheld for {seconds:.1f} s")
        self.retry_after = max(ceil(seconds), 1)


class Permit(NamedTuple):
    """Leave to call. It counts for the time in which it was given: what began earlier tells nothing new."""

    era: int
    probe: bool


class Breaker:
    """Closed, until so many calls in a row have failed; then open for a pause; then half open: one probe decides.

    Pure but for its own state: `now` is whatever clock the caller goes by, in seconds.
    """

    def __init__(self, longest_pause: float = LONGEST_PAUSE) -> None:
        self.state: State = "closed"
        self._longest_pause = longest_pause
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._until = 0.0
        self._era = 0

    def room(self, now: float, wanted: int) -> int:
        """How many calls may begin now."""
        if self.state == "closed":
            return wanted
        return min(wanted, 1) if self._may_probe(now) else 0

    def admit(self, now: float) -> Permit:
        """Leave for one call, whose end is to be told; raises `Withheld`."""
        if self.state == "closed":
            return Permit(self._era, probe=False)
        if not self._may_probe(now):
            raise Withheld(self._until - now)
        self.state = "half_open"
        return Permit(self._era, probe=True)

    def succeeded(self, permit: Permit) -> None:
        """It was answered."""
        if permit.era != self._era:
            return
        self._failures = 0
        if permit.probe:
            self.state, self._pause, self._era = "closed", FIRST_PAUSE, self._era + 1

    def failed(self, permit: Permit, now: float) -> bool:
        """It was not; answers whether that opened it."""
        if permit.era != self._era:
            return False
        self._failures += 1
        if not permit.probe and self._failures < FAILURES:
            return False
        self._open(now)
        return True

    def given_up(self, permit: Permit) -> None:
        """Whoever asked went away before there was an answer: a probe that tells nothing; the next one may."""
        if permit.era == self._era and permit.probe:
            self.state = "open"

    def _may_probe(self, now: float) -> bool:
        return self.state == "open" and now >= self._until

    def _open(self, now: float) -> None:
        self.state, self._until, self._failures, self._era = "open", now + self._pause, 0, self._era + 1
        self._pause = min(self._pause * 2, self._longest_pause)
