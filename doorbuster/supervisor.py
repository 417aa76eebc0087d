"""The process that `doorbuster up --detach` leaves behind: it keeps the programs of a home alive.

If it is killed, its programs live on; the next start finds them by their recorded identities, stops them and begins
anew.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from doorbuster import processes, stack, state
from doorbuster.home import Home
from doorbuster.keeper import Keeper
from doorbuster.processes import Program
from doorbuster.state import ProgramState, State


class Supervisor:
    """Runs a plan until told to stop, writing down every change."""

    def __init__(self, home: Home, plan: stack.Plan, told: Callable[[State], None] = lambda _: None) -> None:
        self._home, self._told = home, told
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._restarting = threading.Lock()
        self._keepers = [Keeper(program, home, self._changed) for program in plan.programs]
        by_name = {keeper.name: keeper for keeper in self._keepers}
        for keeper in self._keepers:
            keeper.needs = [by_name[name] for name in keeper.program.after if name in by_name]
        me = processes.identify(os.getpid())
        assert me is not None
        programs = [keeper.state for keeper in self._keepers] + plan.external
        self._state = State(me, plan.scope, plan.environment, programs, restarts=0)

    def run(self) -> None:
        """Start everything, wait for `stop`, stop everything: our processes before the servers they use."""
        self._changed()
        for keeper in self._keepers:
            keeper.start()
        self._stop.wait()
        for kind in ("process", "server"):
            _at_once([keeper.stop for keeper in self._keepers if keeper.program.kind == kind])

    def restart(self, planned: Callable[[], Sequence[Program]]) -> None:
        """Have these replace those of the same names, one by one until one can't; in a thread, once at a time."""
        threading.Thread(target=self._restart, args=[planned], daemon=True).start()

    def _restart(self, planned: Callable[[], Sequence[Program]]) -> None:
        if not self._restarting.acquire(blocking=False):
            return  # the one under way says when it is over
        try:
            self._state.restarting = True
            self._changed()
            problem = self._replace_all(planned)
        except Exception as error:  # of the plan: whatever it is, what runs goes on
            problem = str(error) or repr(error)
        finally:
            self._restarting.release()
        self._state.restarting, self._state.restart_problem = False, problem
        self._state.restarts = (self._state.restarts or 0) + 1
        self._changed()

    def _replace_all(self, planned: Callable[[], Sequence[Program]]) -> str:
        keepers = {keeper.name: keeper for keeper in self._keepers}
        for program in planned():
            if problem := keepers[program.name].replace(program):
                return f"{program.name}: {problem}"
        return ""

    def stop(self) -> None:
        """Make `run` return, once everything has stopped."""
        self._stop.set()

    def _changed(self) -> None:
        with self._writing:
            try:
                state.write(self._home, self._state)
            except OSError as error:  # a full disk must not end the watch over what still runs
                print(f"cannot write {self._home.state_file}: {error}", file=sys.stderr, flush=True)
            self._told(self._state)


def _at_once(actions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run(home: Home, scope: str, told: Callable[[State], None] = lambda _: None) -> bool:
    """Supervise in this process until SIGTERM or SIGINT. False if another supervisor has this home."""
    with home.lock("supervisor", wait=False) as mine:
        if not mine:
            return False
        stop_orphans(home)
        supervisor = Supervisor(home, stack.plan(home, scope), told)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.stop())
        signal.signal(state.RESTART, lambda *_: supervisor.restart(lambda: stack.successors(home, scope)))
        supervisor.run()
        home.state_file.unlink(missing_ok=True)
    return True


def stop_orphans(home: Home) -> None:
    """Stop what a supervisor of this home left running when it was killed: its own processes only."""
    left = state.read(home)
    programs = left.programs if left else []
    for kind in ("process", "server"):
        _at_once([_stopping(program) for program in programs if program.kind == kind])
    processes.kill_marked(home.folder)


def _stopping(program: ProgramState) -> Callable[[], None]:
    how = signal.SIGINT if program.probe.startswith("postgresql") else signal.SIGTERM

    def stop() -> None:
        if program.process:
            processes.stop(program.process, how)

    return stop


def main() -> None:
    """`python -m doorbuster.supervisor --home FOLDER --scope SCOPE`"""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--scope", required=True)
    given = parser.parse_args()
    sys.exit(0 if run(Home(given.home), given.scope) else 1)


if __name__ == "__main__":
    main()
