"""Only the process that was recorded is ever signalled."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from doorbuster import processes
from doorbuster.processes import Program


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        yield child
        child.kill()


def test_a_running_process_is_recognized(sleeper: "subprocess.Popen[bytes]") -> None:
    process = processes.identify(sleeper.pid)
    assert processes.alive(process)


def test_a_reused_pid_is_nobody_we_know(sleeper: "subprocess.Popen[bytes]") -> None:
    process = processes.identify(sleeper.pid)
    assert process is not None
    stranger = replace(process, started="another time")
    assert not processes.alive(stranger)
    processes.stop(stranger, timeout=0.2)
    assert sleeper.poll() is None


def test_a_dead_child_that_nobody_reaped_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = processes.identify(sleeper.pid)
    sleeper.kill()
    time.sleep(0.1)
    assert not processes.alive(process)


def test_who_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    deaf = "import signal,time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    program = Program("deaf", [sys.executable, "-c", deaf], address="", probe="")
    log = tmp_path / "deaf.log"
    child = processes.spawn(program, tmp_path, log)
    while "deaf" not in log.read_text():
        time.sleep(0.01)
    process = processes.identify(child.pid)
    assert process is not None
    assert processes.stop(process, timeout=0.3) is False
    assert not processes.alive(process)
    child.returncode = -9  # stop() reaped it


def test_orphans_are_found_by_their_mark(tmp_path: Path) -> None:
    child = processes.spawn(Program("lost", ["sleep", "60"], address="", probe=""), tmp_path, tmp_path / "lost.log")
    assert processes.kill_marked(tmp_path / "another home") == 0
    assert child.poll() is None
    assert processes.kill_marked(tmp_path) == 1
    assert child.wait(5) == -9
