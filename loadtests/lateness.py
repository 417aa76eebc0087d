"""How late a generator is with its own work.

Where it shares its cores with the shop it has no time of its own, and what it measures then is itself.
"""

import time

import gevent

from loadtests.timeline import Timeline

PAUSE = 0.1
LATE = "generator late"


def watch(timeline: Timeline) -> None:
    """For ever, as a greenlet among those of the shoppers."""
    while True:
        due = time.monotonic() + PAUSE
        gevent.sleep(PAUSE)
        timeline.way(LATE, max(0.0, (time.monotonic() - due) * 1000))
