"""Is it healthy? One probe per kind of server, chosen by the scheme of its URL; none needs a client library.

`python -m doorbuster.probes URL` exits with 0 if it is: the health check of a container that has no curl.
"""

import http.client
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

_TIMEOUT = 2.0


def healthy(url: str) -> bool:
    """Whether the server at this URL answers as a working one does, within two seconds."""
    parts = urlsplit(url)
    try:
        return _PROBES[parts.scheme](parts)
    except (OSError, http.client.HTTPException):
        return False


def _connect(url: SplitResult) -> socket.socket:
    return socket.create_connection((url.hostname or "127.0.0.1", url.port or 0), timeout=_TIMEOUT)


def _http(url: SplitResult) -> bool:
    connection = http.client.HTTPConnection(url.hostname or "127.0.0.1", url.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", f"{url.path or '/'}{'?' if url.query else ''}{url.query}")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _postgres(url: SplitResult) -> bool:
    """Ask to log in: a server that is still recovering answers with an error, a ready one asks for a password."""
    user, database = url.username or "postgres", url.path.lstrip("/") or "postgres"
    parameters = b"".join(part.encode() + b"\0" for part in ("user", user, "database", database)) + b"\0"
    with _connect(url) as connection:
        connection.sendall(struct.pack("!ii", 8 + len(parameters), 196608) + parameters)
        return connection.recv(1) == b"R"


def _redis(url: SplitResult) -> bool:
    with _connect(url) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(5) == b"+PONG"  # -LOADING while it reads its append-only file


def _smtp(url: SplitResult) -> bool:
    with _connect(url) as connection:
        answered = connection.recv(3) == b"220"
        connection.sendall(b"QUIT\r\n")
        return answered


def _archive(url: SplitResult) -> bool:
    """A receiver has a segment open from the moment it was let in."""
    return any(Path(url.path).glob("*.partial"))


_PROBES: dict[str, Callable[[SplitResult], bool]] = {
    "http": _http,
    "postgresql": _postgres,
    "redis": _redis,
    "smtp": _smtp,
    "archive": _archive,
}


if __name__ == "__main__":
    sys.exit(0 if healthy(sys.argv[1]) else 1)
