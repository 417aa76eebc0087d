"""What the relay counts: apart from the other metrics, so that a process without a relay shows none standing still."""

import time
from datetime import UTC, datetime

from prometheus_client import Counter, Gauge

LEADER = Gauge("doorbuster_relay_leader", "1 while this process leads the relay, 0 while it stands by")
SAFE = Gauge("doorbuster_relay_safe_position", "Up to here the log is complete and published")
LAG = Gauge("doorbuster_relay_lag_positions", "From the highest position drawn back to the safe one")
OLDEST = Gauge("doorbuster_relay_oldest_unpublished_seconds", "Age of the oldest event that is visible and held back")
HELD = Gauge("doorbuster_relay_held_seconds", "How long a missing number has been holding events back")
DEAD = Counter("doorbuster_relay_dead_numbers", "Positions drawn by transactions that were rolled back")
EVENTS = Counter("doorbuster_relay_events", "Events published")
STREAMS_DOWN = Gauge("doorbuster_relay_streams_down", "1 while Redis takes no events and the log alone carries them")
APPENDS_FAILED = Counter("doorbuster_relay_appends_failed", "Batches that Redis did not take; the log has them")


class Watch:
    """What one leader tells of its polls; whatever it told ends with its lead."""

    def __init__(self) -> None:
        self._held_since: float | None = None
        LEADER.set(1)

    def polled(self, published: int, *, holding: bool, oldest: datetime | None) -> None:
        """After each poll: `holding` while a missing number holds events back, the oldest of which is that old."""
        if published:
            EVENTS.inc(published)
        if holding or self._held_since is not None:  # rare: an idle relay polls a hundred times a second
            now = time.monotonic()
            self._held_since = (self._held_since or now) if holding else None
            HELD.set(0 if self._held_since is None else now - self._held_since)
            OLDEST.set(0 if oldest is None else (datetime.now(UTC) - oldest).total_seconds())

    def end(self) -> None:
        """Another one leads, or nobody."""
        for gauge in (LEADER, LAG, OLDEST, HELD, STREAMS_DOWN):
            gauge.set(0)
