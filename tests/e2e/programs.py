"""The programs of a stack that tests mistreat, and what our processes say of themselves."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx

from doorbuster import state
from doorbuster.home import Home
from doorbuster.state import State


def state_of(home: Home) -> State:
    """What the supervisor wrote down."""
    found = state.read(home)
    assert found is not None
    return found


def address(home: Home, name: str) -> str:
    """Where a program answers."""
    return next(program.address for program in state_of(home).programs if program.name == name)


def pid_of(home: Home, name: str) -> int:
    """The pid of a running program."""
    process = next(program.process for program in state_of(home).programs if program.name == name)
    assert process is not None
    return process.pid


@contextmanager
def _paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def stopped(home: Home, name: str) -> AbstractContextManager[None]:
    """A program holds its connections and answers nothing."""
    return _paused(pid_of(home, name))


def unsupervised(home: Home) -> AbstractContextManager[None]:
    """Nobody starts again what is killed."""
    return _paused(state_of(home).supervisor.pid)


def get(home: Home, name: str, path: str) -> httpx.Response:
    """What one of our processes answers."""
    return httpx.get(f"{address(home, name)}{path}", timeout=10, trust_env=False)


def readiness(home: Home, name: str) -> tuple[int, str, dict[str, str | None]]:
    """Status code, what the process says of itself, and why each dependency is down, of those that are."""
    answer = get(home, name, "/health/ready")
    told = answer.json()
    down = {name: check["why"] for name, check in told["checks"].items() if check["status"] == "down"}
    return answer.status_code, told["status"], down
