"""Keep one program alive: start it, watch it, start it again when it dies, ever less eagerly; replace it when asked.

The socket on which an API listens is held here, so it outlives its processes: a successor serves before its predecessor
ends, and whoever comes while there is none (one was killed) waits for the next instead of being refused.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping

from doorbuster import probes, processes
from doorbuster.home import Home
from doorbuster.processes import ProcessId, Program
from doorbuster.state import ProgramState
from shared.http.handover import BACKLOG, GIVE_WAY, LISTEN_FD, READY_FD

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
        self._process: ProcessId | None = None  # the last one that was started
        self._heir: subprocess.Popen[bytes] | None = None  # serves already, and is watched once the child has ended
        self._gives_way = False  # the child ends because it is replaced
        self._replacing, self._turn = threading.Lock(), threading.Lock()
        self._listening: socket.socket | None = None

    def run(self) -> None:
        """Wait for what the program needs, then start it over and over."""
        if not self._wait_for_needs():
            return
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            self._live_once()
            if self._gives_way:
                self._gives_way = False
                continue
            steady = time.monotonic() - began > _STEADY_AFTER
            pause = _FIRST_PAUSE if steady else pause
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop the program for good: its own signal first, a kill when it takes too long."""
        self._stopping.set()
        with self._replacing:  # which hurries now
            self._end(self._process)
        if self.ident is not None:
            self.join()
        if self._heir is not None:  # nobody came to watch it
            self._end(processes.identify(self._heir.pid))
        if self._listening is not None:
            self._listening.close()
        self._report(state="stopped", process=None)

    def _end(self, process: ProcessId | None, how: int | None = None) -> None:
        if process is not None:
            processes.stop(process, how or self.program.stop_signal, self.program.stop_timeout)

    def replace(self, program: Program) -> str:
        """Have what is on the disk now take over; answers why it doesn't, if so. Returns when it is healthy.

        Who listens serves before its predecessor ends, which goes on if it doesn't; any other begins after that.
        """
        with self._replacing:
            if self._stopping.is_set() or self._process is None:
                return "it does not run"
            try:
                program.prepare()
                heir = self._successor(program) if program.listens else None
            except Exception as error:  # whatever it is, nothing has changed
                return str(error) or repr(error)
            with self._turn:  # its process may have died meanwhile, and another one have begun
                before = self._process
                self.program, self._heir, self._gives_way = program, heir, True
            self._end(before, GIVE_WAY if heir else None)
            return "" if self._healthy_after(before) else f"its successor is not healthy, see {self.state.log}"

    def _successor(self, program: Program) -> "subprocess.Popen[bytes]":
        said, say = os.pipe()
        with open(said, "rb", buffering=0) as ready:
            try:
                heir = self._spawn(program, {READY_FD: say})
            finally:
                os.close(say)
            give_up = time.monotonic() + program.patience
            while not self._stopping.is_set() and time.monotonic() < give_up:
                if select.select([ready], [], [], _LOOK_FOR_EXIT)[0]:
                    if ready.read(1):
                        return heir
                    break  # it has ended
        heir.kill()
        heir.wait()
        raise RuntimeError(f"its successor does not start, see {self.state.log}")

    def _healthy_after(self, before: ProcessId | None) -> bool:
        give_up = time.monotonic() + self.program.patience
        while self._process == before or self.state.state != "healthy":
            if self._stopping.wait(_PROBE_WHILE_STARTING) or time.monotonic() > give_up:
                return False
        return True

    def _wait_for_needs(self) -> bool:
        while not all(keeper.was_healthy.is_set() for keeper in self.needs):
            if self._stopping.wait(0.02):
                return False
        return True

    def _live_once(self) -> None:
        """One life of the program, from its preparation to its end; or from now on, if it lives already."""
        child = self._begin()
        if child is None:
            return
        if self._stopping.is_set():  # stop() may have looked before there was a child
            child.terminate()
        self._watch(child)
        self._bury(child)

    def _begin(self) -> "subprocess.Popen[bytes] | None":
        try:
            if self._heir is None:
                self._report(state="preparing", problem="")
                self.program.prepare()
            with self._turn:  # nobody becomes the heir between the look and the start
                return None if self._stopping.is_set() else self._take_up(self._heir or self._spawn(self.program))
        except Exception as error:  # whatever it is, it is reported and tried again
            self._report(state="failed", problem=str(error) or repr(error))
            return None

    def _take_up(self, child: "subprocess.Popen[bytes]") -> "subprocess.Popen[bytes]":
        process = processes.identify(child.pid)
        self._report(state="starting", process=process, version=self.program.version)
        self._process, self._heir, self._gives_way = process, None, False
        return child

    def _spawn(self, program: Program, inherits: Mapping[str, int] | None = None) -> "subprocess.Popen[bytes]":
        inherits = dict(inherits or {})
        if program.listens is not None:
            if self._listening is None:
                self._listening = socket.create_server(program.listens, backlog=BACKLOG)
                self._listening.setblocking(False)
            inherits[LISTEN_FD] = self._listening.fileno()
        return processes.spawn(program, self._home.folder, self._home.log(program.name), inherits)

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
        if self._stopping.is_set() or self._gives_way:
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
