"""Serving an app: Granian inside this process's uvloop, one worker; more cores are more processes."""

import asyncio
import logging
import signal
import socket
from typing import Any

import uvloop
from granian import net
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp

from shared.collector import freeze_start_up_objects
from shared.http.handover import BACKLOG, GIVE_WAY, LISTEN_FD, READY_FD, Handover, inherited
from shared.stopping import end_for_sure

log = logging.getLogger(__name__)

# How much one client may hold (docs/limits.md). Everything else about a request is bounded behind this: its body by
# the frame, its work by the limits of what it asks.
HEADER_SECONDS = 10  # for a whole head, and how long a connection may be idle between two requests
HEAD_BYTES = 65_536  # request line and headers together; there may be 100 of these
CONNECTIONS = 4096  # open at once; more wait in the backlog, and beyond that with the kernel

_HOLDER: Any = net.SocketHolder  # type: ignore[attr-defined]  # stubs leave out what it takes


class PortInUse(RuntimeError):
    """Somebody listens there already."""


def refuse_used_port(host: str, port: int) -> None:
    """Raise `PortInUse` unless the port is free.

    Granian binds with SO_REUSEPORT: a second server would start without a word and take half of the traffic.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # left-overs in TIME_WAIT are no server
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(f"{host}:{port} is in use or not ours: {error.strerror}") from error


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way and close what the app has opened.

    On the port, or on a socket that we inherit: then a successor may serve there before we end, and SIGUSR1 says so.
    Raises `PortInUse`.
    """
    listening, ready = inherited(LISTEN_FD), inherited(READY_FD)
    if listening is None:
        refuse_used_port(host, port)
    uvloop.run(_serve(app, host, port, None if listening is None else Handover(listening, ready)))


class _Serving(Server):
    """Granian's embedded server, on a socket that listens already, if there is one."""

    _shd: Any
    _sfd: Any

    def __init__(self, app: ASGIApp, listening: int | None, **options: Any) -> None:
        super().__init__(app, **options)
        self._listening = listening

    def _init_shared_socket(self) -> None:
        if self._listening is None:
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
        else:  # as Granian does it where processes share one
            self._shd, self._sfd = _HOLDER(self._listening, False, BACKLOG), self._listening


async def _serve(app: ASGIApp, host: str, port: int, handover: Handover | None) -> None:
    server = _Serving(
        handover.through(app) if handover else app,
        handover.listening if handover else None,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        # No HTTP/2: proxies don't speak it to us, and telling the two apart waits for the first bytes for ever.
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _stop, server)
    if handover:
        loop.add_signal_handler(GIVE_WAY, handover.give_way, lambda: _stop(server))
    settle = loop.call_later(1.0, freeze_start_up_objects)
    try:
        await server.serve()
    finally:
        settle.cancel()


def _stop(server: Server) -> None:
    """Take no new connection, finish what is under way. Who does not fetch an answer is not waited for any longer."""
    end_for_sure()
    server.stop()  # type: ignore[no-untyped-call]
