"""Who serves is replaced while he serves: nobody is refused, and nobody's answer is lost."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from doorbuster import processes, running, stack, state
from doorbuster.home import Home, free_port
from doorbuster.processes import Program
from doorbuster.supervisor import Supervisor

_API = """
import asyncio, os, sys
from shared.http.serve import serve

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            said = (await receive())["type"]
            await send({"type": said + ".complete"})
            if said == "lifespan.shutdown":
                return
    await asyncio.sleep(0.05)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})

serve(app, "127.0.0.1", int(sys.argv[1]))
"""


def _api() -> Program:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", _API, str(port)]
    return Program("api", command, url, f"{url}/", kind="process", listens=("127.0.0.1", port), patience=20)


class Shopper(threading.Thread):
    """Asks without a pause, by one connection or by a new one each time; keeps who answered, and what failed."""

    def __init__(self, url: str, *, keeps: bool) -> None:
        super().__init__(daemon=True)
        self._url, self._keeps, self._enough = url, keeps, threading.Event()
        self.answered: list[str] = []
        self.failed: list[str] = []

    def run(self) -> None:
        while not self._enough.is_set():
            with httpx.Client(timeout=20, trust_env=False) as client:
                while self._ask(client) and self._keeps:
                    pass

    def _ask(self, client: httpx.Client) -> bool:
        try:
            self.answered.append(client.get(self._url).text)
        except httpx.HTTPError as error:
            self.failed.append(repr(error))
        return not self._enough.is_set()

    def stop(self) -> None:
        self._enough.set()
        self.join()


@pytest.fixture
def api() -> Program:
    return _api()


@pytest.fixture
def supervisor(api: Program, tmp_path: Path) -> Iterator[Supervisor]:
    home = Home(tmp_path)
    running = Supervisor(home, stack.Plan("all", [api]))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    _wait_for(lambda: (found := state.read(home)) is not None and found.ready)
    yield running
    running.stop()
    thread.join()


def _wait_for(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def _restarted(supervisor: Supervisor, program: Program, home: Path) -> state.State:
    def now() -> state.State:
        found = state.read(Home(home))
        assert found is not None
        return found

    before = now().restarts or 0
    supervisor.restart(lambda: [program])
    _wait_for(lambda: (now().restarts or 0) > before)
    return now()


def test_who_is_replaced_while_they_serve_refuses_nobody(supervisor: Supervisor, api: Program, tmp_path: Path) -> None:
    shoppers = [Shopper(api.address, keeps=keeps) for keeps in (True, True, False, False)]
    for shopper in shoppers:
        shopper.start()
    for _ in range(2):
        assert _restarted(supervisor, api, tmp_path).restart_problem == ""
    [now] = _restarted(supervisor, api, tmp_path).programs
    for shopper in shoppers:
        shopper.stop()
    assert [shopper.failed for shopper in shoppers] == [[]] * 4
    assert now.process is not None
    assert [shopper.answered[-1] for shopper in shoppers] == [str(now.process.pid)] * 4
    assert len({who for shopper in shoppers for who in shopper.answered}) == 4
    assert (now.state, now.restarts, now.problem) == ("healthy", 0, "")


def test_a_successor_that_does_not_start_changes_nothing(supervisor: Supervisor, api: Program, tmp_path: Path) -> None:
    before = httpx.get(api.address, trust_env=False).text
    broken = structs.replace(api, command=[sys.executable, "-c", "raise SystemExit(3)"])
    assert "its successor does not start" in _restarted(supervisor, broken, tmp_path).restart_problem
    assert httpx.get(api.address, trust_env=False).text == before
    assert _restarted(supervisor, api, tmp_path).restart_problem == ""
    assert httpx.get(api.address, trust_env=False).text != before


def test_a_plan_that_cannot_be_made_changes_nothing(supervisor: Supervisor, api: Program, tmp_path: Path) -> None:
    def broken() -> list[Program]:
        raise RuntimeError("write_side.__main__ does not load")

    before = httpx.get(api.address, trust_env=False).text
    supervisor.restart(broken)
    _wait_for(lambda: (found := state.read(Home(tmp_path))) is not None and found.restarts == 1)
    found = state.read(Home(tmp_path))
    assert found is not None
    assert (found.restarting, found.restart_problem) == (False, "write_side.__main__ does not load")
    assert httpx.get(api.address, trust_env=False).text == before


def test_with_mails_that_cannot_be_said_nobody_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker, which says them, ends before its successor begins: what the successor won't take is told before."""
    texts = tmp_path / "mails"
    texts.mkdir()
    monkeypatch.setenv("MAIL_TEXTS", str(texts))
    names = {program.name for program in stack.successors(Home(tmp_path), "all")}
    assert {"worker", "write-api"} <= names
    (texts / "de.toml").write_text('[parcel_sent]\ntext = "{number}"')
    with pytest.raises(RuntimeError, match=r"write-api can't be made: .*/de\.toml: parcel_sent\.text: there is no"):
        stack.successors(Home(tmp_path), "all")


def test_who_was_started_by_an_earlier_release_is_not_signalled(tmp_path: Path) -> None:
    me = processes.identify(os.getpid())  # whom the signal would end
    assert me is not None
    state.write(Home(tmp_path), state.State(me, "all"))
    with pytest.raises(running.StartFailed, match="by an earlier release"):
        running.restart(Home(tmp_path))
