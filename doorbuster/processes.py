"""Processes of this machine: what to run, who is running, how to stop one and only that one.

A pid alone names nobody: it is reused. A `ProcessId` is the pid with its time of start, so a stale state file
never makes us signal a stranger.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct, field

from doorbuster.accounts import Account, run_as

MARK_HOME, MARK_PROGRAM = "DOORBUSTER_HOME", "DOORBUSTER_PROGRAM"
_KEEP_BYTES_OF_LOG = 10_000_000


class ProcessId(Struct, frozen=True):
    """A pid and when its process started (opaque, comparable)."""

    pid: int
    started: str


class Program(Struct, frozen=True):
    """One process to keep alive: how it starts, where it answers, how it stops."""

    name: str
    command: list[str]
    address: str  # what its users connect to
    probe: str  # the URL that tells whether it is healthy, see `doorbuster.probes`
    version: str = ""
    kind: str = "server"  # or "process": one of our four
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None  # run as this user instead of ours
    stop_signal: int = signal.SIGTERM
    stop_timeout: float = 15.0
    patience: float = 60.0  # seconds until it must have answered once
    after: tuple[str, ...] = ()  # programs that must be healthy first
    listens: tuple[str, int] | None = None  # it is handed a socket that listens there (`shared.http.serve`)
    prepare: Callable[[], None] = lambda: None  # idempotent, before each start


def identify(pid: int) -> ProcessId | None:
    """The identity of the running process with this pid, None if there is none (a zombie counts as none)."""
    if Path("/proc/self/stat").exists():
        return _identify_by_proc(pid)
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return ProcessId(pid, asked.stdout.strip()) if asked.stdout.strip() else None


def _identify_by_proc(pid: int) -> ProcessId | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else ProcessId(pid, f"{_boot()}-{ticks}")


@cache
def _boot() -> str:
    # Ticks count from boot: without this, a reboot could make a recorded process look alive.
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return "boot"


def alive(process: ProcessId | None) -> bool:
    """Whether exactly this process still runs."""
    return process is not None and identify(process.pid) == process


def spawn(
    program: Program, home: Path, log: Path, inherits: Mapping[str, int] | None = None
) -> "subprocess.Popen[bytes]":
    """Start the program in a session of its own, its output going to `log`. Open files that it `inherits` are named in
    its environment."""
    inherits = inherits or {}
    numbers = {name: str(number) for name, number in inherits.items()}
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _KEEP_BYTES_OF_LOG:
        log.replace(log.with_suffix(".log.1"))
    marks = {MARK_HOME: str(home), MARK_PROGRAM: program.name}
    with log.open("ab") as output:
        return subprocess.Popen(
            program.command,
            env={**os.environ, **program.environment, **marks, **numbers},
            pass_fds=tuple(inherits.values()),
            cwd="/" if program.account else home,  # an account may not be able to enter ours
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **run_as(program.account),
        )


def stop(process: ProcessId, how: int = signal.SIGTERM, timeout: float = 15.0) -> bool:
    """Ask the process to end, and after `timeout` seconds kill its group. True if asking was enough."""
    asked = _signal(process, how)
    if asked and _gone_within(process, timeout):
        return True
    if alive(process):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # spawn() made it the leader of its group
        _gone_within(process, 5.0)
    return not asked


def _signal(process: ProcessId, how: int) -> bool:
    if not alive(process):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, how)
        return True
    return False


def _gone_within(process: ProcessId, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(process):
        if time.monotonic() > deadline:
            return False
        _reap(process.pid)
        time.sleep(0.01)
    return True


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def kill_marked(home: Path) -> int:
    """Kill what still carries the marks of this home: orphans of a supervisor that died, workers of a dead parent."""
    killed = 0
    for pid in list(_marked(home)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def _marked(home: Path) -> Iterator[int]:
    mark = f"{MARK_HOME}={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (folder / "environ").read_bytes().split(b"\0")
            if mark in environment and any(entry.startswith(MARK_PROGRAM.encode() + b"=") for entry in environment):
                yield int(folder.name)
