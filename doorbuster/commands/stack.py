"""`doorbuster up`, `restart`, `down` and `status`."""

import argparse
import sys
import threading
import time
from collections.abc import Callable

import msgspec

from doorbuster import running, state, supervisor
from doorbuster.home import Home
from doorbuster.state import Health, State

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the four words."""
    up = words.add_parser("up", help="start the servers and our processes, unless they run")
    up.add_argument("--detach", action="store_true", help="leave them running and return once all are healthy")
    up.add_argument("--servers-only", action="store_true", help="the servers and simulators, none of our processes")
    up.add_argument("--standby", action="store_true", help="a second worker and projector, ready to take over")
    up.set_defaults(run=_up)
    restart = words.add_parser("restart", help="replace our processes, one after the other, while they serve")
    restart.set_defaults(run=_restart)
    down = words.add_parser("down", help="stop what `up` started, and nothing else")
    down.set_defaults(run=_down)
    status = words.add_parser("status", help="what runs, where, and how it is; exit code 0 only if all is healthy")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)


def _up(given: argparse.Namespace) -> int:
    home, scope = Home.default(), "servers" if given.servers_only else "standby" if given.standby else "all"
    try:
        if not given.detach and state.read_live(home) is None:
            running.refuse_half_restored(home, scope)
            return 0 if supervisor.run(home, scope, _teller(_warn_aside)) else 1
        found = running.up(home, scope, _teller())
    except running.StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(_table(state.look(found)))
    _warn(found)
    return 0


def _restart(given: argparse.Namespace) -> int:
    try:
        found = running.restart(Home.default(), _teller())
    except running.StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    print(_table(state.look(found)))
    _warn(found)
    return 0


def _teller(once_ready: Callable[[State], None] = lambda _: None) -> Callable[[State], None]:
    """Print each program's changes of state, with the seconds since now."""
    began, last, was_ready = time.monotonic(), dict[str, str](), False

    def tell(now: State) -> None:
        nonlocal was_ready
        for program in now.programs:
            if last.get(program.name, "waiting") != program.state:
                problem = f": {program.problem}" if program.problem else ""
                print(f"{time.monotonic() - began:7.2f} s  {program.name:<14} {program.state}{problem}", flush=True)
            last[program.name] = program.state
        if now.ready and not was_ready:
            was_ready = True
            once_ready(now)

    return tell


def _warn_aside(now: State) -> None:
    """In a thread: whoever tells us holds the supervisor's lock, and Postgres may take seconds."""
    threading.Thread(target=_warn, args=[now]).start()


def _warn(now: State) -> None:
    """Of read models that stand still."""
    from doorbuster import standing_still  # it brings half of the projector with it

    standing_still.warn(now.environment.get("DATABASE_URL"))


def _down(given: argparse.Namespace) -> int:
    print("stopped" if running.down(Home.default()) else "nothing was running")
    return 0


def _status(given: argparse.Namespace) -> int:
    home = Home.default()
    found = state.read(home)
    lines = state.look(found) if found else []
    supervised = state.read_live(home) is not None
    if given.json:
        print(msgspec.json.format(msgspec.json.encode({"supervised": supervised, "programs": lines})).decode())
    elif not lines:
        print("nothing runs here")
    else:
        print(_table(lines) + ("" if supervised else "\nthe supervisor is gone: `doorbuster up` puts it right"))
    if found:
        _warn(found)
    return 0 if supervised and all(line.healthy for line in lines) else 1


def _table(lines: list[Health]) -> str:
    rows = [("", "state", "address", "pid", "version", "restarts")]
    for line in lines:
        mark = line.state if line.healthy or line.state != "healthy" else "unhealthy"
        rows.append((line.name, mark, line.address, str(line.pid or "-"), line.version, str(line.restarts)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
