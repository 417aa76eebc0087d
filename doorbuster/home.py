"""The one folder that holds everything a native installation has: data, logs, ports, secrets, state."""

import contextlib
import fcntl
import json
import os
import random
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

# Below the range the kernel hands out for outgoing connections, so that a remembered port stays free.
_PORTS = range(15000, 32000)

_SECRETS: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(16),
    "MASTER_KEY": lambda: secrets.token_hex(32),
    "LINK_SECRET": lambda: secrets.token_hex(32),
    "STRIPE_API_KEY": lambda: f"sk_test_{secrets.token_hex(16)}",
    "STRIPE_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(16)}",
    "CARRIER_API_KEY": lambda: secrets.token_hex(16),
    "CARRIER_WEBHOOK_SECRET": lambda: secrets.token_hex(16),
}
_CAN_BE_NEW = ("CARRIER_API_KEY", "CARRIER_WEBHOOK_SECRET")  # nothing that was kept is opened with them


class Home:
    """A data folder. Everything in it can be deleted; then the next start begins anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.state_file = self.folder / "state.json"
        self.restoring = self.folder / "restoring"  # there while a restore is under way, or was broken off
        self._ports: dict[str, int] = {}

    @classmethod
    def default(cls) -> "Home":
        """DOORBUSTER_HOME, else `.doorbuster` beside the packages."""
        beside = Path(__file__).parents[1] / ".doorbuster"
        return cls(Path(os.environ.get("DOORBUSTER_HOME") or beside))

    @property
    def cache(self) -> Path:
        """What took a download to build; DOORBUSTER_CACHE lets several homes share it."""
        return Path(os.environ.get("DOORBUSTER_CACHE") or self.folder / "cache").absolute()

    def log(self, name: str) -> Path:
        """The log file of a program."""
        return self.logs / f"{name}.log"

    @contextlib.contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold `name` for this folder against other processes; without waiting, False says somebody else has it."""
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        with (self.folder / f"{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    def port(self, name: str) -> int:
        """The port of a program: PORT_<NAME> if set, else the one of last time, else a free one, remembered.

        Asked for the first time it must be free, so ask before anything is started.
        """
        if name not in self._ports:
            configured = os.environ.get(f"PORT_{name.upper().replace('-', '_')}")
            self._ports[name] = int(configured) if configured else self._remember_port(name)
        return self._ports[name]

    def _remember_port(self, name: str) -> int:
        with self.lock("ports"):
            ports = self._read("ports.json")
            port = ports.get(name)
            if not isinstance(port, int) or not is_free(port):
                ports[name] = port = free_port(taken=set(ports.values()))
                self._write("ports.json", ports)
            return port

    def secrets(self) -> dict[str, str]:
        """The secrets of this installation, made once; the environment's own come first."""
        with self.lock("secrets"):
            kept = self._read("secrets.json")
            missing = {name: make() for name, make in _SECRETS.items() if name not in kept}
            if missing:
                self._write("secrets.json", kept | missing)
        return {name: os.environ.get(name) or str((kept | missing)[name]) for name in _SECRETS}

    def knows_secrets(self) -> bool:
        """Whether none would have to be made up: with new ones nothing that was kept could be opened."""
        kept = self._read("secrets.json")
        return all(name in kept or os.environ.get(name) for name in _SECRETS if name not in _CAN_BE_NEW)

    def _read(self, name: str) -> dict[str, object]:
        try:
            content = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self, name: str, content: dict[str, object]) -> None:
        write_private(self.folder / name, json.dumps(content, indent=1))


def write_private(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner only."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback. Granian shares a taken port silently: ask before."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(taken: set[object] | None = None) -> int:
    """A port nobody listens on."""
    candidates = (random.choice(_PORTS) for _ in range(1000))
    return next(port for port in candidates if port not in (taken or set()) and is_free(port))
