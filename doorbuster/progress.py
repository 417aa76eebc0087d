"""How far something is: a bar that is drawn over on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

WIDTH = 30
BAR_SECONDS = 0.1
LINE_SECONDS = 2.0


class Progress:
    """Told of events as they are read, tells events/s and the time left."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._terminal = self._out.isatty()
        self._began = time.monotonic()
        self._told_at = 0.0
        self.events = 0

    def __call__(self, events: int, done: float) -> None:
        """So many more events, and how much is done now (0 to 1)."""
        self.events += events
        now = time.monotonic()
        if now - self._told_at >= (BAR_SECONDS if self._terminal else LINE_SECONDS) or (done >= 1 and self._terminal):
            self._told_at = now
            self._tell(done, now - self._began)

    def say(self, line: str) -> None:
        """A line of its own, below whatever is drawn."""
        print(f"\r\033[K{line}" if self._terminal else line, file=self._out, flush=True)

    def _tell(self, done: float, seconds: float) -> None:
        rate = self.events / seconds if seconds else 0.0
        left = _clock(seconds / done * (1 - done)) if done else "?"
        told = f"{done:4.0%}  {self.events:,} events  {rate:,.0f}/s  {left} left"
        if self._terminal:
            full = round(done * WIDTH)
            print(f"\r\033[K[{'#' * full}{'.' * (WIDTH - full)}] {told}", end="", file=self._out, flush=True)
        else:
            print(told, file=self._out, flush=True)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d}"
