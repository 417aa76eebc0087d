"""How fresh one read model on one shard is, held against the log of a tick ago, and what its metrics tell of it."""

import time

from projector import metrics
from projector.pace import Pace


class Freshness(Pace):
    """A place in the log, and whether it is where it should be."""

    def __init__(self, name: str, shard: int) -> None:
        super().__init__()
        self.shard = shard
        self._due: int | None = None  # the head one tick ago: what is still missing of it is late
        self._head: int | None = None
        self._fresh = False  # `_due` was seen after the last reset
        self._was_ready = False
        self._caught_up = time.monotonic()
        self._metrics = metrics.Of(name, shard)

    def seen_head(self, head: int) -> None:
        """The shard's last safe position, told once a tick."""
        self._due = self._head if self._fresh and self._head is not None else head
        self._head, self._fresh = head, True
        lag = max(0, head - self.at)
        if self.at >= self._due:  # and not `head`: in a rush there is always something newer, which is not late yet
            self._caught_up = time.monotonic()
        self._metrics.lag_positions.set(lag)
        self._metrics.lag_age.set(time.monotonic() - self._caught_up if lag else 0)

    def tell_as(self, label: str) -> None:
        """Under which name its metrics stand."""
        if label != self._metrics.label:
            self._metrics.forget()
            self._metrics = metrics.Of(label, self.shard)

    def tell_nothing(self) -> None:
        """It works no more: its metrics go."""
        self._metrics.forget()

    @property
    def ready(self) -> bool:
        """Whether the documents are as fresh as the log was a tick ago."""
        return self._reaches_due(self.at)

    def _reaches_due(self, at: int) -> bool:
        return self._fresh and self._due is not None and at >= self._due

    def _know_nothing(self) -> None:
        """After a reset: what was seen of the log says nothing of where we stand now."""
        self._fresh = self._was_ready = False
        self._due = None
