"""What runs together: the servers, the simulators, and our five processes, with the environment that joins them."""

import importlib.metadata
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field, structs

from doorbuster import native
from doorbuster.disaster.archive import CLUSTERS, VARIABLE, Archive
from doorbuster.home import Home
from doorbuster.native.archiving import receiver
from doorbuster.processes import Program
from doorbuster.state import ProgramState

SCOPES = {
    "all": ("postgres", "keyring", "valkey", "elasticsearch", "mail", "stripe", "carrier", "archive", "processes"),
    "standby": (
        "postgres", "keyring", "valkey", "elasticsearch", "mail", "stripe", "carrier", "archive", "processes",
        "standbys",
    ),
    "servers": ("postgres", "keyring", "valkey", "elasticsearch", "mail", "stripe", "archive"),
    "databases": ("postgres", "keyring"),
    "elasticsearch": ("elasticsearch",),
    "log": ("postgres", "keyring"),  # the databases for keeps, and nobody who uses them: for a restore
}  # fmt: skip
STANDBY = "-standby"
KEPT = ("all", "standby", "servers", "log")  # scopes whose data survive the machine; the others are for tests


class Plan(Struct):
    """The programs to run, those that run elsewhere, and the environment for whoever uses them."""

    scope: str
    programs: list[Program] = field(default_factory=list)
    external: list[ProgramState] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


def plan(home: Home, scope: str) -> Plan:
    """What `scope` (a key of SCOPES) means in this home. A server that the environment names is not started."""
    planned = Plan(scope, environment=home.secrets())
    for name in SCOPES[scope]:
        if name == "processes":
            _add_processes(planned, home)
        elif name == "archive":
            _add_archiving(planned, home)
        elif name == "standbys":
            _add_standbys(planned, home)
        else:
            _add_server(planned, home, name, durable=scope in KEPT)
    return planned


def _add_server(planned: Plan, home: Home, name: str, *, durable: bool) -> None:
    server = native.SERVERS[name]
    if named := os.environ.get(server.variable):
        address = native.probe_of(server, named)
        planned.external.append(ProgramState(name, "server", named, address, state="external"))
        planned.environment[server.variable] = named
        return
    program = server.program(home, durable)
    planned.programs.append(program)
    planned.environment[server.variable] = program.address
    if name == "mail":
        planned.environment["MAILS_URL"] = native.mail_page(home)


def _add_archiving(planned: Plan, home: Home) -> None:
    """Where DOORBUSTER_ARCHIVE names a folder, the WAL of both databases of ours goes there as it is written."""
    ledger = home.folder / "erasures.jsonl"
    if named := os.environ.get(VARIABLE):
        archive = Archive(Path(named))
        servers = {program.name: program for program in planned.programs}
        receivers = [receiver(archive, name, servers[of]) for name, of in CLUSTERS.items() if of in servers]
        planned.programs.extend(receivers)
        planned.environment[VARIABLE], ledger = str(archive.folder), archive.ledger
    planned.environment["ERASURE_LEDGER"] = os.environ.get("ERASURE_LEDGER") or str(ledger)


def _add_processes(planned: Plan, home: Home) -> None:
    """Our five processes, each with every setting; they start once the servers answer and the schema stands."""
    ports = {name: home.port(name) for name in _PROCESSES}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    shared = planned.environment | {
        "PUBLIC_READ_URL": os.environ.get("PUBLIC_READ_URL") or urls["read-api"],
        # Receivers of webhooks may run on this machine.
        "WEBHOOK_PRIVATE_NETWORKS": os.environ.get("WEBHOOK_PRIVATE_NETWORKS", "127.0.0.0/8"),
        # In the simulator, and in Stripe's test mode, all buyers have the same few test cards: nobody is stopped.
        "FRAUD_CHECKS": os.environ.get("FRAUD_CHECKS", "watch"),
        "SEALS_FILE": os.environ.get("SEALS_FILE") or str(home.folder / "seals.jsonl"),
    }
    planned.environment |= shared | {"WRITE_API_URL": urls["write-api"], "READ_API_URL": urls["read-api"]}
    migrate = _once(lambda: _migrate(home, shared))
    for name, (module, needs) in _PROCESSES.items():
        planned.programs.append(
            Program(
                name=name,
                kind="process",
                command=[sys.executable, "-m", *module],
                address=urls[name],
                probe=f"{urls[name]}/health/ready",
                environment=shared | {"HOST": "127.0.0.1", "PORT": str(ports[name])},
                after=needs,
                listens=("127.0.0.1", ports[name]) if name in _APIS else None,
                version=importlib.metadata.version("doorbuster"),
                prepare=migrate,
            )
        )


def _add_standbys(planned: Plan, home: Home) -> None:
    """A second worker and a second projector: whoever holds the lease works, the other takes over within a second."""
    for first in [program for program in planned.programs if program.name in ("worker", "projector")]:
        name = f"{first.name}{STANDBY}"
        url = f"http://127.0.0.1:{home.port(name)}"
        environment = {**first.environment, "PORT": str(home.port(name))}
        standby = {"name": name, "address": url, "probe": f"{url}/health/ready", "environment": environment}
        planned.programs.append(structs.replace(first, **standby))


_DATABASES = ("postgres", "keyring", "valkey")
# Each process with the servers that must answer before it starts: the write side need not wait for the slowest one.
_PROCESSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "write-api": (("write_side", "api"), _DATABASES),
    "worker": (("write_side", "worker"), _DATABASES),
    "projector": (("projector",), (*_DATABASES, "elasticsearch")),
    "read-api": (("read_side",), ("valkey", "elasticsearch")),
    "recommender": (("projector.recommender",), (*_DATABASES, "valkey")),
}
_APIS = ("write-api", "read-api")
# The order of a restart: who reads events before who writes them (docs/events.md), a standby before its leader.
_RESTARTED = ("projector", "recommender", "read-api", "worker", "write-api")


def successors(home: Home, scope: str) -> list[Program]:
    """Our processes, as they would be started now, in the order in which they take over. Raises `RuntimeError` where
    what is on the disk does not even load, or the command API can't be made of it (of settings and files that are read
    at its start, what mails say among them): most of them end before their successor begins."""
    for module in sorted({module for (module, *_), _ in _PROCESSES.values()}):
        _check(f"import {module}.__main__", f"{module}.__main__ does not load")
    ours = [program for program in plan(home, scope).programs if program.kind == "process"]
    for api in [program for program in ours if program.name == "write-api"]:
        _check(_MAKES_API, "write-api can't be made", api.environment)
    if not ours:
        raise RuntimeError("only servers run here, and none of our processes")
    return sorted(ours, key=lambda each: (_RESTARTED.index(each.name.removesuffix(STANDBY)), -len(each.name)))


# It connects to nothing before it serves.
_MAKES_API = """
from shared.settings import Settings
from write_side.app import create_app
create_app(Settings.read())
"""


def _check(code: str, otherwise: str, environment: Mapping[str, str] | None = None) -> None:
    """Run this by what is on the disk now; raises `RuntimeError` with the last line of what it said."""
    here = {**os.environ, **(environment or {})}
    done = subprocess.run([sys.executable, "-c", code], env=here, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{otherwise}: {done.stderr.strip().splitlines()[-1]}")


def _migrate(home: Home, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "write_side", "migrate"]
    with home.log("migrate").open("ab") as log:
        done = subprocess.run(command, env={**os.environ, **environment}, stdout=log, stderr=log, check=False)
    if done.returncode:
        raise RuntimeError(f"the migration failed, see {home.log('migrate')}")


def _once(action: Callable[[], None]) -> Callable[[], None]:
    """Call `action` until it succeeds once; whoever asks meanwhile waits."""
    lock, done = threading.Lock(), threading.Event()

    def run() -> None:
        with lock:
            if not done.is_set():
                action()
                done.set()

    return run
