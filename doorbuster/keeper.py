"""Keep one program alive: start it, watch it, start it again when it dies, ever less eagerly."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from doorbuster import probes, processes
from doorbuster.home import Home
from doorbuster.processes import Program
from doorbuster.state import ProgramState

_FIRST_PAUSE, _LONGEST_PAUSE, _STEADY_AFTER = 0.2, 10.0, 60.0
_PROBE_WHILE_STARTING, _PROBE_LATER, _LOOK_FOR_EXIT = 0.05, 2.0, 0.1


class Keeper(threading.Thread):
    """A thread that keeps one program running until told to stop. `state` is what it last saw."""

    def __init__(self, program: Program, home: Home, changed: Callable[[], None]) -> None:
        super().__init__(name=program.name, daemon=True)
        self.program = program
        self.state = ProgramState.of(program, str(home.log(program.name)))
        self.needs: list[Keeper] = []
        self.was_healthy = threading.Event()
        self._home, self._changed = home, changed
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Wait for what the program needs, then start it over and over."""
        if not self._wait_for_needs():
            return
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            self._live_once()
            steady = time.monotonic() - began > _STEADY_AFTER
            pause = _FIRST_PAUSE if steady else pause
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop the program for good: its own signal first, a kill when it takes too long."""
        self._stopping.set()
        child = self._child
        if child is not None and (process := processes.identify(child.pid)):
            processes.stop(process, self.program.stop_signal, self.program.stop_timeout)
        if self.ident is not None:
            self.join()
        self._report(state="stopped", process=None)

    def _wait_for_needs(self) -> bool:
        while not all(keeper.was_healthy.is_set() for keeper in self.needs):
            if self._stopping.wait(0.02):
                return False
        return True

    def _live_once(self) -> None:
        """One life of the program, from its preparation to its end."""
        self._report(state="preparing", problem="")
        try:
            self.program.prepare()
            if self._stopping.is_set():
                return
            child = processes.spawn(self.program, self._home.folder, self._home.log(self.program.name))
        except Exception as error:  # whatever it is, it is reported and tried again
            self._report(state="failed", problem=str(error) or repr(error))
            return
        self._child = child
        self._report(state="starting", process=processes.identify(child.pid))
        if self._stopping.is_set():  # stop() may have looked before there was a child
            child.terminate()
        self._watch(child)
        self._bury(child)

    def _watch(self, child: "subprocess.Popen[bytes]") -> None:
        next_probe, give_up = 0.0, time.monotonic() + self.program.patience
        while not _has_ended(child.pid):
            now = time.monotonic()
            if now >= next_probe and not self._stopping.is_set():
                healthy = probes.healthy(self.program.probe)
                self._judge(healthy, too_late=now > give_up)
                next_probe = now + (_PROBE_LATER if healthy else _PROBE_WHILE_STARTING)
            time.sleep(min(_LOOK_FOR_EXIT, max(next_probe - now, _PROBE_WHILE_STARTING)))

    def _judge(self, healthy: bool, *, too_late: bool) -> None:
        if healthy:
            self.was_healthy.set()
            self._report(state="healthy", problem="")
        elif self.state.state == "healthy" or too_late:
            self._report(state="unhealthy", problem="does not answer as it should")

    def _bury(self, child: "subprocess.Popen[bytes]") -> None:
        # Before the pid is reaped it cannot be reused, so the group is surely ours:
        # Granian's workers outlive a killed parent and keep its port.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
        if self._stopping.is_set():
            self._report(process=None, last_exit=code)
            return
        self._report(
            state="failed",
            process=None,
            last_exit=code,
            restarts=self.state.restarts + 1,
            problem=f"ended with {code}, see {self.state.log}",
        )

    def _report(self, **now: object) -> None:
        before = {name: getattr(self.state, name) for name in now}
        if before != now:
            for name, value in now.items():
                setattr(self.state, name, value)
            self._changed()


def _has_ended(pid: int) -> bool:
    """Whether the child is dead, leaving it a zombie so that nobody else can get its pid."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
