"""A server handed over to its successor without a connection refused or an answer lost.

Whoever keeps servers running (`doorbuster/keeper.py`) holds the socket that listens and hands it down. A successor
begins on it and says so; then its predecessor is told to give way: it accepts nothing more, has its clients come by a
new connection next time, and ends.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # whoever keeps servers running imports this, and no framework
    from litestar.types import ASGIApp

# Numbers of open files, in the environment.
LISTEN_FD = "LISTEN_FD"  # a socket that listens already
READY_FD = "READY_FD"  # where one byte is to be written once we serve
GIVE_WAY = signal.SIGUSR1  # a successor serves
BACKLOG = 2048  # connections that wait to be accepted
# How long clients are answered that they should come by a new connection. Who asks by a kept one in the very moment in
# which we close it has to ask again, as after any time in which a kept connection was idle.
LEAVING_SECONDS = 1.0


def inherited(name: str) -> int | None:
    """The open file of this name, once: children of ours inherit nothing."""
    number = os.environ.pop(name, "")
    return int(number) if number else None


class Handover:
    """One server's side of it."""

    def __init__(self, listening: int, ready: int | None) -> None:
        self.listening, self._ready = listening, ready
        self._leaving = False

    def through(self, app: "ASGIApp") -> "ASGIApp":
        """The app, as it is served. No coroutine of its own while all is as usual: each request passes through here."""

        def passing(scope: Any, receive: Any, send: Any) -> Any:
            if scope["type"] == "lifespan":
                return app(scope, receive, self._saying(send))
            return app(scope, receive, _last(send) if self._leaving else send)

        return passing

    def _saying(self, send: Any) -> Any:
        async def passing_on(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete" and self._ready is not None:
                with contextlib.suppress(OSError):  # nobody waits for it any more
                    os.write(self._ready, b"1")
                os.close(self._ready)

        return passing_on

    def give_way(self, stop: Callable[[], None]) -> None:
        """A successor serves: leave new connections to it, answer what comes by the old ones, then `stop`."""
        self._leaving = True
        nobody = socket.create_server(("127.0.0.1", 0), backlog=1)
        nobody.setblocking(False)  # else Granian's thread stands still in it
        # Granian accepts until it ends, and then closes what it has accepted and not yet read. From now on it finds,
        # under the same number, a socket at which nobody knocks; the other one stays open in the successor.
        os.dup2(nobody.fileno(), self.listening)
        asyncio.get_running_loop().call_later(LEAVING_SECONDS, stop)


def _last(send: Any) -> Any:
    async def closing(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return closing
