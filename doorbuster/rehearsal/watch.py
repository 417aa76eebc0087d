"""What looks again and again while a crowd is there."""

import threading
from abc import ABC, abstractmethod
from typing import Self


class Watch(threading.Thread, ABC):
    """Looks every `pause` seconds while the `with` lasts; first when it begins, last when it has ended.

    So much of what it counted a process that is killed takes to its grave.
    """

    def __init__(self, pause: float) -> None:
        super().__init__(daemon=True)
        self._pause, self._ended = pause, threading.Event()

    @abstractmethod
    def look(self) -> None:
        """Note how things stand now."""

    def __enter__(self) -> Self:
        self.look()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
        self.look()

    def run(self) -> None:
        """Until the end."""
        while not self._ended.wait(self._pause):
            self.look()
