"""Bring a home up or down from any process: the command line, the demo, the tests."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from doorbuster import processes, stack, state, supervisor
from doorbuster.home import Home
from doorbuster.processes import identify
from doorbuster.state import State

_FIRST_START = 600.0  # Elasticsearch's jars may have to be downloaded
_HOPELESS_AFTER = 4  # restarts without ever having been healthy


class StartFailed(RuntimeError):
    """Something does not come up; the message says what, and shows the end of its log."""


def up(home: Home, scope: str, told: Callable[[State], None] = lambda _: None) -> State:
    """Start what `scope` asks for, unless it runs, and wait until all of it is healthy. It outlives this process."""
    refuse_half_restored(home, scope)
    with home.lock("up"):
        running = state.read_live(home)
        if running and not _covers(running.scope, scope):
            down(home)
            running = None
        if running is None:
            _start_supervisor(home, scope)
        return _wait_until_ready(home, told)


def refuse_half_restored(home: Home, scope: str) -> None:
    """Raises `StartFailed` where a restore was broken off: what would be served has the epoch and the positions of the
    lost store, and persons who were erased."""
    if scope != "log" and home.restoring.exists():
        raise StartFailed(f"a restore of {home.folder} was broken off: run `doorbuster restore` again, to its end")


def restart(home: Home, told: Callable[[State], None] = lambda _: None) -> State:
    """Have our processes be replaced, one after the other, by what is on the disk now, while they serve.

    Raises `StartFailed`: nothing runs here, what is on the disk does not load, or a successor did not start. Then all
    that would have come after it go on as they are, and so does its predecessor, if it is an API.
    """
    found = state.read_live(home)
    if found is None:
        raise StartFailed("nothing runs here: `doorbuster up`")
    if found.restarts is None:  # what we would send ends it
        raise StartFailed("what runs here was started by an earlier release: `doorbuster down`, then `up`")
    if found.restarting:
        raise StartFailed("a restart is under way")
    done = found.restarts
    os.kill(found.supervisor.pid, state.RESTART)
    while (found := state.read_live(home)) is not None and found.restarts == done:
        told(found)
        time.sleep(0.05)
    if found is None or found.restart_problem:
        raise StartFailed(found.restart_problem if found else "the supervisor has ended")
    return found


def down(home: Home, timeout: float = 60.0) -> bool:
    """Stop everything of this home, and nothing else. False if nothing ran."""
    running = state.read_live(home)
    if running is None:
        left = state.read(home) is not None
        supervisor.stop_orphans(home)
        home.state_file.unlink(missing_ok=True)
        return left
    if not processes.stop(running.supervisor, timeout=timeout):
        supervisor.stop_orphans(home)
        home.state_file.unlink(missing_ok=True)
    return True


def stop_all(home: Home) -> None:
    """Stop everything of this home, also what a killed run left."""
    down(home)
    processes.kill_marked(home.folder)


def discard(home: Home) -> None:
    """Stop everything of this home, also what a killed run left, and delete the folder."""
    stop_all(home)
    if not home.folder.exists():
        return
    for link in [path for path in home.folder.iterdir() if path.is_symlink()]:
        shutil.rmtree(link.resolve())  # where Postgres' account can get to
    shutil.rmtree(home.folder)


def start_servers(home: Home, scope: str = "servers") -> dict[str, str]:
    """Start servers, or find them running; the environment that leads to them."""
    return up(home, scope).environment


def _covers(running: str, wanted: str) -> bool:
    return set(stack.SCOPES[wanted]) <= set(stack.SCOPES.get(running, ()))


def _start_supervisor(home: Home, scope: str) -> None:
    log = home.log("supervisor")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "doorbuster.supervisor", "--home", str(home.folder), "--scope", scope]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    me = identify(child.pid)
    while me and processes.alive(me) and _supervisor_of(home) != me:
        child.poll()
        time.sleep(0.02)
    if child.poll() is not None:
        raise StartFailed(f"the supervisor ended at once:\n{_tail(log)}")
    child.returncode = 0  # it is to outlive us; without this Python warns of a process left running


def _supervisor_of(home: Home) -> processes.ProcessId | None:
    written = state.read(home)
    return written.supervisor if written else None


def _wait_until_ready(home: Home, told: Callable[[State], None]) -> State:
    deadline = time.monotonic() + _FIRST_START
    while time.monotonic() < deadline:
        running = state.read_live(home)
        if running is None:
            raise StartFailed(f"the supervisor ended:\n{_tail(home.log('supervisor'))}")
        told(running)
        if running.ready:
            return running
        _refuse_hopeless(running)
        time.sleep(0.05)
    raise StartFailed(f"not everything is healthy after {_FIRST_START:.0f} seconds: see `doorbuster status`")


def _refuse_hopeless(running: State) -> None:
    for program in running.programs:
        unprepared = program.restarts == 0  # it failed before it ever ran: nothing will change that
        if program.state == "failed" and (unprepared or program.restarts >= _HOPELESS_AFTER):
            raise StartFailed(f"{program.name} does not start: {program.problem}\n{_tail(Path(program.log))}")


def _tail(log: Path, lines: int = 20) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""
