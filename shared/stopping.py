"""The end of a process that was told to stop: everybody finishes what they have in hand, and then it ends for sure.

A supervisor, or a container engine, kills what is still there some seconds after its SIGTERM; all of ours are gone
before that, so that nothing is ever killed in the middle of what it could have finished.
"""

import logging
import os
import threading

log = logging.getLogger(__name__)

FINISH_WITHIN = 12.0  # seconds for work in hand; what isn't done by then is let go of, and is safe to take up again
END_WITHIN = 14.0  # seconds from the signal to the end, whatever hangs: less than the 15 of our supervisor


def end_for_sure(seconds: float = END_WITHIN, code: int = 0) -> None:
    """From now on this process has so many seconds left. A thread of its own, so that no hanging loop can stop it."""

    def end() -> None:
        log.warning("something did not let go in time; the process ends all the same")
        logging.shutdown()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
