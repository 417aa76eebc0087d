"""What runs is kept running, in order, and stopped for good."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doorbuster import processes, running, stack, state
from doorbuster.home import Home, free_port
from doorbuster.native.postgres import postgres
from doorbuster.processes import Program
from doorbuster.state import ProgramState
from doorbuster.supervisor import Supervisor
from tests.fixtures.databases import fetch

_SERVER = """
import http.server, subprocess, sys
if "--with-worker" in sys.argv:
    print("worker", subprocess.Popen(["sleep", "60"]).pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def _server(name: str, *arguments: str, after: tuple[str, ...] = ()) -> Program:
    port = free_port()
    command = [sys.executable, "-c", _SERVER, str(port), *arguments]
    return Program(name, command, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/", after=after)


class Running:
    """A supervisor in a thread, with programs of the test."""

    def __init__(self, home: Home, *programs: Program) -> None:
        self.seen: list[tuple[str, str]] = []
        plan = stack.Plan("all", list(programs))
        self.supervisor = Supervisor(home, plan, self._note)
        self.home, self._thread = home, threading.Thread(target=self.supervisor.run, daemon=True)
        self._thread.start()
        _wait_for(lambda: state.read(home) is not None)

    def _note(self, now: state.State) -> None:
        for program in now.programs:
            if (program.name, program.state) not in self.seen[-len(now.programs) :]:
                self.seen.append((program.name, program.state))

    def program(self, name: str) -> ProgramState:
        found = state.read(self.home)
        assert found is not None
        return next(program for program in found.programs if program.name == name)

    def stop(self) -> None:
        self.supervisor.stop()
        self._thread.join()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*programs: Program) -> Running:
        started.append(Running(Home(tmp_path), *programs))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def _wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def test_a_program_that_is_killed_is_started_again_and_reported(run: Callable[..., Running]) -> None:
    stack_ = run(_server("shop"))
    _wait_for(lambda: stack_.program("shop").state == "healthy")
    first = stack_.program("shop").process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    _wait_for(lambda: stack_.program("shop").restarts == 1 and stack_.program("shop").state == "healthy")
    assert stack_.program("shop").process != first
    assert stack_.program("shop").last_exit == -signal.SIGKILL


def test_a_program_that_never_lives_is_tried_ever_less_often(run: Callable[..., Running]) -> None:
    began = time.monotonic()
    stack_ = run(Program("broken", [sys.executable, "-c", "raise SystemExit(3)"], "", "http://127.0.0.1:9/"))
    _wait_for(lambda: stack_.program("broken").restarts == 4)
    assert time.monotonic() - began >= 0.2 + 0.4 + 0.8, "the pauses between them"
    assert stack_.program("broken").last_exit == 3


def test_workers_of_a_killed_parent_do_not_keep_its_port(run: Callable[..., Running]) -> None:
    stack_ = run(_server("shop", "--with-worker"))
    _wait_for(lambda: stack_.program("shop").state == "healthy")
    worker = processes.identify(int(Path(stack_.program("shop").log).read_text().split("worker ")[1].split()[0]))
    parent = stack_.program("shop").process
    assert worker is not None
    assert parent is not None
    os.kill(parent.pid, signal.SIGKILL)
    _wait_for(lambda: not processes.alive(worker))


def test_what_others_need_is_healthy_first(run: Callable[..., Running]) -> None:
    stack_ = run(_server("shop", after=("database",)), _server("database"))
    _wait_for(lambda: stack_.program("shop").state == "healthy")
    assert stack_.seen.index(("database", "healthy")) < stack_.seen.index(("shop", "starting"))


def test_a_preparation_that_fails_is_reported_with_its_reason(run: Callable[..., Running]) -> None:
    def fail() -> None:
        raise RuntimeError("install the package 'maven'")

    stack_ = run(Program("search", ["true"], "", "http://127.0.0.1:9/", prepare=fail))
    _wait_for(lambda: stack_.program("search").problem == "install the package 'maven'")


def test_stopping_leaves_nothing_behind(run: Callable[..., Running]) -> None:
    stack_ = run(_server("shop"))
    _wait_for(lambda: stack_.program("shop").state == "healthy")
    process = stack_.program("shop").process
    stack_.stop()
    assert process is not None
    assert not processes.alive(process)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    running.down(made)
    for stand_in in made.folder.glob("*/"):  # pytest's folders are closed to the account that runs Postgres
        shutil.rmtree(stand_in.resolve(), ignore_errors=True)


def test_up_when_up_changes_nothing(home: Home) -> None:
    first = running.up(home, "databases")
    second = running.up(Home(home.folder), "databases")
    assert [program.process for program in first.programs] == [program.process for program in second.programs]


def test_up_after_a_kill_of_the_supervisor_replaces_its_orphans(home: Home) -> None:
    before = running.up(home, "databases")
    os.kill(before.supervisor.pid, signal.SIGKILL)
    _wait_for(lambda: not processes.alive(before.supervisor))
    assert all(processes.alive(program.process) for program in before.programs)
    after = running.up(Home(home.folder), "databases")
    assert not any(processes.alive(program.process) for program in before.programs)
    assert after.environment == before.environment
    assert all(line.healthy for line in state.look(after))


def test_down_stops_everything_and_is_harmless_when_nothing_runs(home: Home) -> None:
    up = running.up(home, "databases")
    assert running.down(home) is True
    assert not any(processes.alive(program.process) for program in up.programs)
    assert running.down(home) is False


def test_a_stale_state_file_harms_nobody(home: Home) -> None:
    me = processes.identify(os.getpid())
    assert me is not None
    ghost = processes.ProcessId(me.pid, "another time")
    program = ProgramState("postgres", "server", "", "postgresql://127.0.0.1:9/", state="healthy", process=ghost)
    home.folder.mkdir()
    state.write(home, state.State(ghost, "databases", programs=[program]))
    assert state.read_live(home) is None
    assert running.down(home) is True  # and this process is still here to say so


def test_a_server_that_the_environment_names_is_not_started(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/shop")
    planned = stack.plan(home, "databases")
    assert [program.name for program in planned.programs] == ["keyring"]
    assert [program.name for program in planned.external] == ["postgres"]
    assert planned.environment["DATABASE_URL"] == "postgresql://elsewhere/shop"


def test_half_a_cluster_left_by_a_kill_is_made_anew(home: Home) -> None:
    program = postgres(home, "keyring")
    (home.folder / "keyring" / "data" / "base").mkdir(parents=True)
    program.prepare()
    assert (home.folder / "keyring" / "data" / "PG_VERSION").exists()


def test_a_home_whose_place_was_deleted_begins_anew(home: Home) -> None:
    running.up(home, "databases")
    running.down(home)
    shutil.rmtree(home.folder)  # with the password; what stood outside for another account is still there
    up = running.up(Home(home.folder), "databases")
    assert fetch(up.environment["DATABASE_URL"], "SELECT 1") == 1
